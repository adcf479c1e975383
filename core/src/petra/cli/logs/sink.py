"""Where log lines go: a bounded queue and a thread that writes, so that a thread that logs never waits."""

from __future__ import annotations

import io
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable
from logging.handlers import RotatingFileHandler
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO

from petra.cli.console.output import plural

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("petra.logs")

MOST_LINES = 10_000
MOST_CHARACTERS = 8_000_000
_PIECE = 4096  # what a pipe takes whole or not at all (PIPE_BUF)


class LogSink:
    """Takes lines from any thread; a thread of its own writes them.

    When the queue is full, new lines are dropped and counted until half of it has been written; then a line
    says how many. The queue and the lock may be entered again by a signal handler or a finalizer.
    """

    def __init__(self, name: str, write: Callable[[str], None], said: Callable[[str], str]) -> None:
        self.name = name
        self.lost = 0
        """Lines that were never written: the queue was full, or writing failed."""
        self._write = write
        self._said = said
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._characters = 0
        self._dropped = 0
        self._failing = False
        self._guard = threading.RLock()
        self._open = threading.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._run, name=f"petra-log-{name}", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, line: str) -> None:
        """Take a line, or count it as dropped; never waits."""
        with self._guard:
            if self._is_full():
                self._drop()
                return
            self._tell()
            self._take(line)

    def hold(self) -> None:
        """Keep what comes in the queue and write nothing, until `resume`."""
        self._open.clear()

    def resume(self) -> None:
        """Write again."""
        self._open.set()

    def begin_close(self) -> None:
        """End the thread when it has written what waits."""
        self.resume()
        self._lines.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end, for so long at most; return whether it has."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _is_full(self) -> bool:
        share = 2 if self._dropped else 1
        return self._lines.qsize() * share >= MOST_LINES or self._characters * share >= MOST_CHARACTERS

    def _drop(self) -> None:
        self._dropped += 1
        self.lost += 1

    def _take(self, line: str) -> None:
        self._characters += len(line)
        self._lines.put(line)

    def _tell(self) -> None:
        """Report how many lines were dropped, as soon as there is room for that."""
        if self._dropped and not self._is_full():
            number, self._dropped = self._dropped, 0
            self._take(self._said(f"{plural(number, 'line')} {'was' if number == 1 else 'were'} dropped"))

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            self._open.wait()
            self._step(line)
        while not self._lines.empty():  # what was dropped is said after the end was asked for
            self._step(self._lines.get() or "")

    def _step(self, line: str) -> None:
        failed = self._failed(line)
        with self._guard:
            self._characters -= len(line)
            if failed is not None:
                self._drop()
            else:
                self._tell()
        if failed is not None and not self._failing:
            log.error("log lines cannot be written to %s: %s", self.name, failed)
        self._failing = failed is not None

    def _failed(self, line: str) -> Exception | None:
        """Write a line and return what went wrong."""
        try:
            self._write(line)
        except Exception as error:  # noqa: BLE001 - a full disk, a closed pipe: the thread goes on with the next line
            return error
        return None


class QueueHandler(logging.Handler):
    """Formats what is logged where it is logged, and hands the text to a sink."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over a record as text."""
        try:
            self._sink.put(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - as every handler of the standard library
            self.handleError(record)


class QueuedStream(io.TextIOBase):
    """A text stream whose writer never waits: each line goes to a sink."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, sink: LogSink, stream: TextIO) -> None:
        self._sink = sink
        self._stream = stream
        self._begun = ""

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def isatty(self) -> bool:
        """Return whether the original stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the original stream."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Take a text."""
        if not isinstance(text, str):
            raise TypeError(f"a text is written here, not {type(text).__name__}")
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._sink.put(line + "\n")
        return len(text)

    def flush(self) -> None:
        """Hand over a line that has no end yet."""
        if self._begun:
            begun, self._begun = self._begun, ""
            self._sink.put(begun)


class LogFile(RotatingFileHandler):
    """A log file with rotation, for the thread of one sink; the end of the process does not wait for it."""

    def __init__(self, path: Path, most_bytes: int, kept: int) -> None:
        self._writing = False
        super().__init__(path, maxBytes=most_bytes, backupCount=kept, encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - named by logging
        """Raise the error again, for the sink to count."""
        raise  # noqa: PLE0704 - it is called where the error is handled

    def flush(self) -> None:
        """Do nothing: `write` flushes, and `logging.shutdown` would wait for the disk."""

    def close(self) -> None:
        """Close the file, unless a disk that does not answer holds it."""
        if not self._writing:
            super().close()

    def write(self, line: str) -> None:
        """Write a line that is formatted already. No lock is held: `logging.shutdown` would wait for it."""
        self._writing = True
        self.emit(logging.makeLogRecord({"msg": line.removesuffix("\n")}))
        if self.stream is not None:
            self.stream.flush()
        self._writing = False


def writer(stream: TextIO) -> Callable[[str], None]:
    """Return a function that writes to a stream, past its buffer and lock when it has a descriptor."""
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return lambda text: _write_plainly(stream, text)
    return lambda text: write_all(number, text.encode("utf-8", "backslashreplace"))


def _write_plainly(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


def write_all(number: int, data: bytes) -> None:
    """Write to a descriptor, also to a non-blocking one."""
    while data:
        try:
            data = data[os.write(number, data[:_PIECE]) :]
        except BlockingIOError:
            ready = select.poll()
            ready.register(number, select.POLLOUT)
            ready.poll()


def close_sinks(sinks: Iterable[LogSink], seconds: float) -> bool:
    """Give sinks so much time together to write what they hold; return whether it was enough."""
    sinks = list(sinks)
    for sink in sinks:
        sink.begin_close()
    until = time.monotonic() + seconds
    ended = [sink.join(max(0.0, until - time.monotonic())) for sink in sinks]
    return all(ended)


def real_stderr() -> TextIO | None:
    """Return the original stream of standard error, also while `sys.stderr` is a queued one."""
    return sys.__stderr__ if isinstance(sys.stderr, QueuedStream) else sys.stderr
