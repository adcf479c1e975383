"""The live view: what it shows in a terminal of any size, its keys, and that it holds up nobody."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from types import MappingProxyType

import pytest
from attrs import evolve
from rich.cells import cell_len

from petra.cli.screen.terminal import Terminal, keys_in
from petra.cli.screen.view import View, fit
from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.engine.hosted import DriverStatus
from petra.plugin import Catalog
from petra.signals import Quality, QualityReason
from petra.supervise import ActivityState, Health

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def engine_of(signals: int, *, more: str = "") -> Engine:
    names = "".join(f"- {{name: pump.{n:05}.speed, type: float, unit: rpm}}\n" for n in range(signals))
    return Engine(
        configuration(load_bytes(f"signals:\n{names}{more}".encode(), Catalog.load(), {})), Catalog.load()
    )


def driver(name: str, state: ActivityState, error: str = "") -> DriverStatus:
    health = Health(name, state, 1.0, 1, 3, 0, 0.0, error)
    return DriverStatus(health, "polls", 9, 1, 120, 0, 0, 0, 3, 0, 1.5, 2.5)


class Screen:
    """A view of an engine, and the lines that it shows."""

    def __init__(self, engine: Engine, columns: int = 80, height: int = 24) -> None:
        self.view = View("plant.yaml")
        self.status, self.image = engine.status(), engine.bus.image
        self.columns, self.height = columns, height
        self.log: list[str] = []

    @property
    def lines(self) -> list[str]:
        made = self.view.lines(self.status, self.image, self.log, self.columns, self.height)
        lines = [_STYLE.sub("", line) for line in made]
        assert len(lines) <= self.height
        assert all(cell_len(line) <= self.columns for line in lines), lines
        assert all(line.isprintable() for line in lines), lines
        return lines

    @property
    def signals(self) -> list[str]:
        return [line.split()[0] for line in self.lines if "speed" in line.split(" ")[0]]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.view.press(key)
            assert self.lines

    def spoil(self, *indices: int, reason: str = "no answer from unit 1") -> None:
        self.image = self.image._replace(flawed={i: QualityReason(Quality.BAD, reason) for i in indices})


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_of(27)


@pytest.fixture
def screen(engine) -> Screen:
    return Screen(engine)


def test_signals_have_the_room_with_three_drivers(screen):
    states = (ActivityState.SERVING, ActivityState.SERVING, ActivityState.WAITING)
    drivers = {f"plc{n}": driver(f"plc{n}", state, "refused") for n, state in enumerate(states)}
    screen.status = evolve(screen.status, drivers=drivers, faults={"a": "block a: division by zero"})
    screen.log = [f"line {n}" for n in range(9)]
    assert len(screen.signals) >= 12
    text = "\n".join(screen.lines)
    assert "plc2" in text
    assert "refused" in text
    assert "division by zero" in text
    assert "line 8" in text


def test_every_signal_is_reached_with_keys(engine):
    screen = Screen(engine, 80, 12)
    first = screen.signals
    screen.press("down")
    assert screen.signals[0] == "pump.00001.speed"
    screen.press("up", "up", "page down")
    assert screen.signals[0] == f"pump.{len(first):05}.speed"
    screen.press("page up")
    assert screen.signals == first
    seen = set()
    for _ in range(200):
        seen |= {line.split()[0] for line in screen.lines if line}
        screen.press("down")
    assert {signal.name for signal in engine.bus.signals} <= seen
    screen.press("home")
    assert screen.signals == first
    screen.press("end")
    assert f"of {len(engine.bus.signals)} signals" in screen.lines[-1]


def test_a_search_finds_by_name(screen):
    screen.press("/", "0", "2", "x", "backspace")
    assert screen.lines[-1].startswith("search: 02_")
    assert screen.signals == [f"pump.{n:05}.speed" for n in (2, *range(20, 27))]
    screen.press("q", "backspace", "enter")
    assert not screen.view.quitting
    assert "with '02'" in screen.lines[-1]
    screen.press("b")
    assert screen.signals == []
    screen.press("escape")
    assert len(screen.signals) > 10
    screen.press("/", "p", "escape", "q")
    assert screen.view.quitting


def test_what_is_bad_is_found_with_its_reason(screen):
    screen.spoil(3, 26)
    screen.press("b")
    assert screen.signals == ["pump.00003.speed", "pump.00026.speed"]
    assert sum("bad" in line and "no answer from unit 1" in line for line in screen.lines) == 2
    assert "not good 2" in screen.lines[0]
    screen.press("/", "2", "6", "enter")
    assert screen.signals == ["pump.00026.speed"]


def test_help_names_every_key(screen):
    screen.press("?")
    text = "\n".join(screen.lines)
    assert all(word in text for word in ("page up", "search", "b ", "q ", "home"))
    screen.press("?")
    assert screen.signals


@pytest.mark.parametrize("columns", [1, 2, 5, 20, 40, 80, 300])
@pytest.mark.parametrize("height", [1, 2, 5, 9, 10, 24, 100])
@pytest.mark.parametrize("keys", ["", "?", "/", "b"])
def test_it_fits_terminals_of_every_size(engine, columns, height, keys):
    screen = Screen(engine, columns, height)
    drivers = {
        f"plc{n}": driver(f"plc{n}", ActivityState.WAITING, "höher 世界\x1b[2J\n" * 9) for n in range(20)
    }
    screen.status = evolve(
        screen.status, drivers=drivers, faults={"a": "世" * 99}, tasks=dict(screen.status.tasks)
    )
    screen.log = ["x" * 500] * 20
    screen.spoil(*range(27), reason="\x1b]0;title\x07 cannot be read " * 20)
    screen.press(*keys)
    assert screen.lines
    if height >= 5 and columns >= 20 and keys in ("", "b"):
        assert any(line.startswith("pump.") for line in screen.lines)


def test_drivers_that_do_not_fit_are_folded_and_the_failed_ones_named(screen):
    drivers = {f"plc{n}": driver(f"plc{n}", ActivityState.SERVING) for n in range(40)}
    drivers["plc33"] = driver("plc33", ActivityState.WAITING, "refused")
    screen.status = evolve(screen.status, drivers=drivers)
    text = "\n".join(screen.lines)
    assert "refused" in text
    assert "41 drivers" not in text
    assert "40 drivers, 39 serving" in text
    assert len(screen.signals) >= 12


def test_tasks_that_do_not_fit_are_folded(screen):
    (figures,) = screen.status.tasks.values()
    screen.status = evolve(screen.status, tasks={f"t{n}": figures for n in range(9)})
    assert any(line == "9 tasks, no overruns" for line in screen.lines)


def test_only_rows_that_are_seen_are_asked_for():
    """10,000 signals cost no more than those on the screen."""

    class Counting:
        asked = 0

        def __init__(self, image) -> None:
            self._image = image

        def __getattr__(self, name: str):
            return getattr(self._image, name)

        def value(self, index: int):
            type(self).asked += 1
            return self._image.value(index)

    screen = Screen(engine_of(10_000))
    screen.image = Counting(screen.image)
    screen.press("end")
    Counting.asked = 0
    assert screen.lines
    assert 0 < Counting.asked <= 24


def test_forced_signals_say_so(screen):
    screen.image = screen.image._replace(forced=MappingProxyType({0: 5.0}))
    assert any("forced" in line and line.startswith("pump.00000") for line in screen.lines)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("世界", 3, "世…"), ("a\nb", 9, r"'a\nb'"), ("abc", 0, "")],
)
def test_a_text_is_cut_to_columns(text, columns, expected):
    assert fit(text, columns) == expected


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


class InTerminal:
    """`petra run` in a pseudo terminal of its own."""

    def __init__(self, file, columns: int = 80, lines: int = 24, *arguments: str, keys: bool = True) -> None:
        self.master, self.slave = pty.openpty()
        self.size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "petra", "run", str(file), *arguments],
            stdin=self.slave if keys else subprocess.DEVNULL,
            stdout=self.slave,
            stderr=self.slave,
            env=environment | {"TERM": "xterm"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - for Ctrl-C
        )
        self.seen = ""

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self) -> bool:
        """Take what it has written; False when it wrote nothing for a long time."""
        if not select.select([self.master], [], [], 30)[0]:
            return False
        self.seen += os.read(self.master, 65_536).decode("utf-8", "replace")
        return True

    @property
    def frame(self) -> list[str]:
        """The last whole frame."""
        frames = [each for each in self.seen.split("\x1b[H")[1:] if "\x1b[J" in each]
        last = frames[-1].partition("\x1b[J")[0] if frames else ""
        return _STYLE.sub("", last).replace("\x1b[K", "").replace("\r", "").split("\n")

    def until(self, condition) -> None:
        while not condition():
            assert self.read(), self.seen

    def until_shown(self, *words: str) -> list[str]:
        self.until(lambda: all(any(word in line for line in self.frame) for word in words))
        return self.frame

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def __enter__(self) -> InTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for number in (self.master, self.slave):
            try:
                os.close(number)
            except OSError:  # a test has closed it
                continue

    def end(self) -> int:
        self.until(lambda: "stopped after" in self.seen)
        return self.process.wait(30)


@pytest.fixture
def plant(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


def test_it_draws_takes_keys_and_leaves_the_terminal_as_it_was(plant):
    with InTerminal(plant) as it:
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


@pytest.mark.parametrize("how", ["key", "signal"])
def test_ctrl_c_ends_it_cleanly(plant, how):
    with InTerminal(plant) as it:
        it.until_shown("count")
        if how == "key":
            it.type("\x03")
        else:
            it.process.send_signal(signal.SIGTERM)
        assert it.end() == 0
        assert termios.tcgetattr(it.slave) == it.before


def test_ctrl_z_does_not_stop_the_scans(plant):
    with InTerminal(plant) as it:
        it.until_shown("count")
        it.type("\x1a")
        it.type("?")
        it.until_shown("search by name")
        it.type("q")
        assert it.end() == 0


def test_a_terminal_that_goes_away_does_not_end_the_plant(plant, tmp_path):
    log = tmp_path / "petra.log"
    with InTerminal(plant, 80, 24, "--log", str(log)) as it:
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
    with InTerminal(plant, 500, 200, "--log", str(log)) as it:
        it.until_shown("count")
        termios.tcflow(it.slave, termios.TCOOFF)
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(30) == 0
    assert "stopped after" in log.read_text()


def test_without_a_keyboard_it_takes_no_keys(plant):
    with InTerminal(plant, keys=False) as it:
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


def test_a_frame_that_fails_is_tried_again(engine, caplog):
    """The figures of a plant may change under whoever reads them."""
    from petra.cli.screen.live import Live

    class Failing:
        bus = engine.bus
        tries = 0

        def status(self):
            self.tries += 1
            if self.tries < 3:
                raise RuntimeError("dictionary changed size during iteration")
            return engine.status()

    class Paper:
        has_keys = True

        def __init__(self) -> None:
            self.frames: list[list[str]] = []

        def size(self) -> tuple[int, int]:
            return 80, 24

        def draw(self, lines: list[str]) -> None:
            self.frames.append(lines)
            live._stop.set()

        def wait(self, seconds: float) -> list[str]:
            return []

    live, paper = Live(Failing(), "plant.yaml"), Paper()
    live._draw_on(paper)
    assert len(paper.frames) == 1
    assert caplog.text.count("the view cannot be drawn; it is tried again") == 1
