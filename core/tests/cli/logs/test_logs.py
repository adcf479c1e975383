"""What is logged never makes anybody wait, and what is dropped is counted."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from petra.cli.logs.sink import (
    MOST_CHARACTERS,
    MOST_LINES,
    LogFile,
    LogSink,
    QueuedStream,
    close_sinks,
    writer,
)


class Reader:
    """Something to write to that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.error: Exception | None = None
        self.entered = threading.Event()
        self.going = threading.Event()

    def write(self, line: str) -> None:
        self.entered.set()
        self.going.wait()
        if self.error is not None:
            raise self.error
        self.lines.append(line)


@pytest.fixture
def reader():
    made = Reader()
    yield made
    made.going.set()


@pytest.fixture
def sink(reader):
    made = LogSink("test", reader.write, lambda text: f"[{text}]\n")
    made.start()
    yield made
    reader.going.set()
    assert close_sinks([made], 10)


def test_a_sink_that_stands_still_drops_and_says_so_when_it_moves(reader, sink):
    sink.put("first\n")
    assert reader.entered.wait(10)
    for number in range(MOST_LINES + 7):
        sink.put(f"{number}\n")
    assert sink.lost == 7
    reader.going.set()
    assert close_sinks([sink], 10)
    assert reader.lines[:2] == ["first\n", "0\n"]
    assert reader.lines[-2:] == [f"{MOST_LINES - 1}\n", "[7 lines were dropped]\n"]


def test_a_sink_bounds_what_it_holds_in_characters_too(reader, sink):
    for _ in range(20):
        sink.put("x" * (MOST_CHARACTERS // 10))
    assert sink.lost == 20 - 10
    assert sink.lost + len(reader.lines) <= 20


def test_a_line_that_cannot_be_written_is_counted_and_said_once(reader, sink, caplog):
    reader.error = OSError(28, "No space left on device")
    reader.going.set()
    sink.put("a\n")
    sink.put("b\n")
    sink.put("c\n")
    while sink.lost < 3:
        reader.entered.wait()
    reader.error = None
    sink.put("d\n")
    assert close_sinks([sink], 10)
    assert caplog.text.count("log lines cannot be written to test: [Errno 28]") == 1
    assert sum("3 lines were dropped" in line for line in reader.lines) == 1
    assert "d\n" in reader.lines


def test_what_is_held_is_written_when_it_is_let_go(reader):
    sink = LogSink("test", reader.write, str)
    sink.hold()
    sink.start()
    reader.going.set()
    sink.put("a\n")
    sink.put("b\n")
    assert reader.lines == []
    sink.resume()
    assert close_sinks([sink], 10)
    assert reader.lines == ["a\n", "b\n"]


def test_a_sink_that_is_not_read_does_not_hold_up_its_end(reader):
    sink = LogSink("test", reader.write, str)
    sink.start()
    sink.put("a\n")
    assert not close_sinks([sink], 0.01)
    reader.going.set()
    assert sink.join(10)


def test_a_stream_hands_over_whole_lines(reader, sink):
    stream = QueuedStream(sink, sys.__stderr__)
    print("one", "two", file=stream)
    stream.write("three")
    stream.write(" four\nfive")
    stream.flush()
    with pytest.raises(TypeError):
        stream.write(b"bytes")  # type: ignore[arg-type]
    reader.going.set()
    assert close_sinks([sink], 10)
    assert reader.lines == ["one two\n", "three four\n", "five"]


def test_a_writer_waits_for_a_pipe_that_somebody_made_non_blocking():
    out, into = os.pipe()
    os.set_blocking(into, False)
    with os.fdopen(out, "rb") as read, os.fdopen(into, "w") as stream:
        write = writer(stream)
        thread = threading.Thread(target=write, args=("x" * 1_000_000,))
        thread.start()
        taken = 0
        while taken < 1_000_000:
            taken += len(os.read(read.fileno(), 65_536))
        thread.join(10)
        assert not thread.is_alive()


def test_a_log_file_is_rotated_and_closed(tmp_path):
    file = tmp_path / "petra.log"
    log = LogFile(file, 100, 2)
    for number in range(20):
        log.write(f"line {number:020}\n")
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["petra.log", "petra.log.1", "petra.log.2"]
    assert file.read_text().splitlines()[-1] == f"line {19:020}"
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 100


def test_a_log_file_that_is_in_the_hands_of_the_disk_is_left_to_it(tmp_path):
    log = LogFile(tmp_path / "petra.log", 100, 2)
    log._writing = True
    log.close()
    assert not log.stream.closed
    log._writing = False
    log.close()


def test_a_log_file_says_what_went_wrong(tmp_path):
    log = LogFile(tmp_path / "petra.log", 1000, 2)
    log.stream.close()
    with pytest.raises(ValueError, match="closed file"):
        log.write("x\n")


def full_pipe() -> tuple[int, int]:
    """Return a pipe that takes nothing more."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"." * 65_536)
    except BlockingIOError:
        os.set_blocking(into, True)
    return out, into


SAYS_EVERYTHING = """
    import faulthandler, logging, sys, threading, warnings
    from pathlib import Path
    faulthandler.dump_traceback_later(25, exit=True)
    from petra.cli.logs.setup import set_up_logs
    set_up_logs({file}, console=True)
    other = logging.getLogger("other.library")
    own = logging.getLogger("own.handler")
    own.propagate = False
    own.addHandler(logging.StreamHandler())
    alone = logging.Logger("alone")
    def fail():
        raise LookupError("in a thread")
    class Late:
        def __del__(self):
            raise LookupError("where nobody sees it")
    for number in range({times}):
        other.warning("line %d", number)
        own.warning("own %d", number)
        alone.warning("last resort %d", number)
        print("printed", number, file=sys.stderr)
    warnings.warn("an old way")
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Late()
    try:
        fail()
    except LookupError:
        other.exception("it failed", extra={{"device": "pump"}})
    print("reached the end", flush=True)
"""


def program(tmp_path, *, times: int, file: str = "None") -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(SAYS_EVERYTHING.format(times=times, file=file)))
    return [sys.executable, str(path)]


def test_a_process_ends_although_nobody_reads_what_it_says(tmp_path):
    """Loggers of others, their own handlers, the last resort, warnings, threads, finalizers, plain prints."""
    out, into = full_pipe()
    done = subprocess.run(
        program(tmp_path, times=5_000), stdout=subprocess.PIPE, stderr=into, timeout=60, check=False
    )
    os.close(into)
    os.close(out)
    assert done.stdout == b"reached the end\n"
    assert done.returncode == 0


def test_everything_that_is_said_is_a_line_of_the_log(tmp_path):
    file = tmp_path / "petra.log"
    command = program(tmp_path, times=2, file=f"Path({str(file)!r})")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines[:2]] == ["line 0", "line 1"]
    assert {"own 0", "last resort 1", "printed 1"} <= set(done.stderr.splitlines())
    warned, ended, failed = lines[2:]
    assert warned["logger"] == "py.warnings"
    assert "an old way" in warned["event"]
    assert ended["level"] == "critical"
    assert "LookupError('in a thread')" in ended["event"]
    assert "LookupError: in a thread" in ended["exception"]
    assert failed["device"] == "pump"
    assert "where nobody sees it" in done.stderr
    kept = [json.loads(line)["event"] for line in file.read_text().splitlines()]
    assert kept == [line["event"] for line in lines]


def test_a_run_that_nobody_reads_ends_when_it_is_told_to(tmp_path):
    """It scans on, SIGTERM ends it, and what blocks retain is kept."""
    file = tmp_path / "plant.yaml"
    file.write_text(
        "blocks: [{name: hours, type: RUNTIME, inputs: {running: true}, outputs: {starts: starts}}]\n"
        "scan_time_ms: 10\n"
    )
    out, into = full_pipe()
    log = tmp_path / "petra.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "petra", "run", file, "--verbose", "--log", log], stderr=into
    )
    os.close(into)
    try:
        while not (log.exists() and '"started' in log.read_text()):
            assert process.poll() is None
        for _ in range(20):
            process.send_signal(signal.SIGHUP)
        while "reloaded" not in log.read_text():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(out)
    assert '"stopped after' in log.read_text()
    assert list(tmp_path.glob("**/*.json"))


def test_a_handler_that_cannot_format_says_so_and_goes_on(reader, sink, capsys):
    from petra.cli.logs.sink import QueueHandler

    QueueHandler(sink).emit(logging.LogRecord("x", logging.INFO, "x.py", 1, "%d", ("text",), None))
    assert "Logging error" in capsys.readouterr().err
