"""The live view of `petra run` in a terminal: it takes keys, acts, and holds up nobody."""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios

import pytest

from petra.cli.screen.terminal import Terminal, keys_in
from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.plugin import Catalog

from .terminals import InTerminal


@pytest.mark.parametrize(
    ("data", "keys", "rest"),
    [
        (b"qb/", ["q", "b", "/"], b""),
        (b"\x1b[A\x1bOB\x1b[5~\x1b[6~", ["up", "down", "page up", "page down"], b""),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~", ["home", "end", "home", "end"], b""),
        (b"\x1b", ["escape"], b""),
        (b"\x1b\x1b[A", ["escape", "up"], b""),
        (b"a\x1b[", ["a"], b"\x1b["),
        (b"\r\x7f\x00\xff", ["enter", "backspace"], b""),
        (b"\t\x1b[C\x1bOD", ["tab", "right", "left"], b""),
        ("hö世".encode(), ["h", "ö", "世"], b""),
        (b"\x1b[1;5C", [], b""),
        (b"\x1b[" + b"1" * 99, [], b""),
    ],
    ids=repr,
)
def test_keys_are_read_from_what_a_terminal_sends(data, keys, rest):
    assert keys_in(data) == (keys, rest)


def test_a_terminal_is_restored_and_needs_no_foreground():
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    terminal = Terminal(slave, slave)
    terminal.take_keys()
    assert not termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO)
    assert termios.tcgetattr(slave)[3] & termios.ISIG
    os.write(master, b"\x1b[")
    assert terminal.wait(10) == []
    os.write(master, b"Bq")
    assert terminal.wait(10) == ["down", "q"]
    terminal.restore()
    assert termios.tcgetattr(slave) == before
    terminal.restore()
    terminal.wake()
    assert terminal.wait(10) == []
    os.close(master)
    os.close(slave)


def test_a_keyboard_that_has_gone_gives_no_keys():
    master, slave = pty.openpty()
    terminal = Terminal(slave, slave)
    assert terminal.has_keys
    os.close(master)
    os.close(slave)
    terminal.take_keys()
    assert not terminal.has_keys
    terminal.restore()


PLANT = """
signals: [{name: level, type: float, initial: 6.0}, {name: valve, type: bool}]
blocks:
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: valve}}
- {name: count, type: COUNTER, outputs: {count: count}}
- {name: bad, type: DIV, inputs: {a: level, b: 0.0}, outputs: {out: never}}
scan_time_ms: 10
"""


@pytest.fixture
def plant(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


def test_it_draws_takes_keys_and_leaves_the_terminal_as_it_was(plant):
    with InTerminal("run", plant) as it:
        frame = it.until_shown("count", "division by zero", "task main 10 ms", "? help")
        assert max(map(len, frame)) <= 80
        it.type("/level\r")
        it.until_shown("1-1 of 1 signal with 'level'")
        it.type("\x1b")
        it.type("b")
        it.until_shown("1-1 of 1 signal not good", "never")
        it.type("?")
        it.until_shown("search by name")
        it.type("?")
        it.size(20, 5)
        it.until(lambda: len(it.frame) == 5)
        assert max(map(len, it.frame)) <= 20
        it.type("q")
        assert it.end() == 0
        assert termios.tcgetattr(it.slave) == it.before
        assert "\x1b[?1049l" in it.seen
        assert it.seen.index("\x1b[?1049l") < it.seen.index("stopped after")


def test_a_signal_is_forced_and_released_with_a_confirmation(plant):
    """What the plant refuses is shown with its reason; all of it is in the log of the view."""
    with InTerminal("run", plant, columns=100, lines=30) as it:
        it.until_shown("count", "? help")
        it.type("/level\r")
        it.until_shown("1-1 of 1 signal with 'level'")
        it.type("f")
        it.until_shown("force level (float, now 6): _")
        it.type("2.5\r")
        it.until_shown("force level = 2.5? y/n")
        it.type("y")
        it.until_shown("force level = 2.5 accepted", "forced 1")
        it.type("u")
        it.until_shown("unforce level? y/n")
        it.type("y")
        it.until_shown("unforce level accepted", "forced 0", "force level = 2.5 by")
        it.type("/high\r\x1b/valve\r")
        it.until_shown("1-1 of 1 signal with 'valve'")
        it.type("w1\ry")
        it.until_shown("write valve = true rejected: the block 'high' writes it; force it instead")
        it.type("q")
        assert it.end() == 0


def test_what_the_view_has_shown_of_the_log_is_there_after_it(plant, tmp_path):
    """Also a reload that was refused while the terminal belonged to the view."""
    with InTerminal("run", plant) as it:
        it.until_shown("count")
        plant.write_text("signals: [{name: level, type: nothing}]\n")
        it.process.send_signal(signal.SIGHUP)
        it.until_shown("the reload is refused")
        it.type("q")
        assert it.end() == 0
        assert "the reload is refused" in it.seen.partition("\x1b[?1049l")[2]


@pytest.mark.parametrize("how", ["key", "signal"])
def test_ctrl_c_ends_it_cleanly(plant, how):
    with InTerminal("run", plant) as it:
        it.until_shown("count")
        if how == "key":
            it.type("\x03")
        else:
            it.process.send_signal(signal.SIGTERM)
        assert it.end() == 0
        assert termios.tcgetattr(it.slave) == it.before


def test_ctrl_z_does_not_stop_the_scans(plant):
    with InTerminal("run", plant) as it:
        it.until_shown("count")
        it.type("\x1a")
        it.type("?")
        it.until_shown("search by name")
        it.type("q")
        assert it.end() == 0


def test_a_terminal_that_goes_away_does_not_end_the_plant(plant, tmp_path):
    log = tmp_path / "petra.log"
    with InTerminal("run", plant, "--log", log, columns=80, lines=24) as it:
        it.until_shown("count")
        os.close(it.slave)
        os.close(it.master)
        while "the plant goes on" not in log.read_text():
            assert it.process.poll() is None
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(30) == 0
    assert "stopped after" in log.read_text()


def test_a_terminal_that_stands_still_does_not_hold_up_the_end(plant, tmp_path):
    """Nobody reads what is drawn, and the terminal takes no more."""
    log = tmp_path / "petra.log"
    with InTerminal("run", plant, "--log", log, columns=500, lines=200) as it:
        it.until_shown("count")
        termios.tcflow(it.slave, termios.TCOOFF)
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(30) == 0
    assert "stopped after" in log.read_text()


def test_without_a_keyboard_it_takes_no_keys(plant):
    with InTerminal("run", plant, keys=False) as it:
        it.until_shown("count", "Ctrl-C stops")
        assert termios.tcgetattr(it.slave) == it.before
        it.type("q?")
        it.type("\x03")
        assert it.end() == 0


def test_a_view_that_cannot_be_shown_does_not_end_the_plant(plant, monkeypatch, caplog):
    """There is no descriptor left for it."""
    from petra.cli.screen.live import Live

    def none() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", none)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
    with Engine(configuration(load_bytes(PLANT.encode(), Catalog.load(), {})), Catalog.load()) as engine:
        Live(engine, "plant.yaml").run(0.01, lambda: False)
        assert engine.status().running
    assert "the view cannot be shown, the plant goes on" in caplog.text
