"""What the view shows in a terminal of any size, and what its keys do."""

from __future__ import annotations

import asyncio
import re
from types import MappingProxyType

import pytest
from attrs import evolve
from rich.cells import cell_len

from petra.cli.screen.scene import Request, Scene, SignalList, Told
from petra.cli.screen.text import Column, age, fit, table, wrapped
from petra.cli.screen.view import End, View
from petra.config import configuration, load_bytes
from petra.drivers.contract.statistics import DriverStatus
from petra.engine import Engine
from petra.plant import Actor, Event, EventKind, ForceInfo, PlantAct, ServiceStatus, SignalValue
from petra.plugin import Catalog
from petra.signals import Quality
from petra.supervise import ActivityState, Health

NOW = 1_700_000_000.0

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def unstyled(line: str) -> str:
    return _STYLE.sub("", line)


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

    def __init__(self, engine: Engine, columns: int = 80, height: int = 24, end: End = End.STOPS) -> None:
        self.view = View("plant.yaml", end=end)
        plant = engine.plant(Actor("ann"))
        self.scene = Scene(NOW, engine.status(), SignalList(asyncio.run(plant.signals())), answered=NOW)
        self.all = dict(asyncio.run(plant.read()))
        self.columns, self.height = columns, height
        self.log: list[str] = []

    @property
    def lines(self) -> list[str]:
        self.scene.events = [
            Event(n, int(NOW * 1e9) + n, EventKind.LOG, "info", "petra", text)
            for n, text in enumerate(self.log)
        ]
        self.view.lines(self.scene, self.columns, self.height)
        wanted = self.view.wanted
        self.scene.values = {name: self.all[name] for name in wanted.names if name in self.all}
        self.scene.latest = MappingProxyType(dict(self.all)) if wanted.everything else None
        made = self.view.lines(self.scene, self.columns, self.height)
        lines = [_STYLE.sub("", line) for line in made]
        assert len(lines) <= self.height
        assert all(cell_len(line) <= self.columns for line in lines), lines
        assert all(line.isprintable() for line in lines), lines
        return lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def signals(self) -> list[str]:
        return [line.split()[0] for line in self.lines if "speed" in line.split(" ")[0]]

    @property
    def status(self):
        return self.scene.status

    @status.setter
    def status(self, status) -> None:
        self.scene.status = status

    def press(self, *keys: str) -> None:
        assert self.lines
        for key in keys:
            self.view.press(key)
            assert self.lines

    def type(self, text: str) -> None:
        self.press(*text)

    def set(self, index: int, value=0.0, time: float = NOW, quality=Quality.GOOD, reason: str = "") -> None:
        self.all[f"pump.{index:05}.speed"] = SignalValue(value, quality, reason, int(time * 1e9))

    def spoil(self, *indices: int, reason: str = "no answer from unit 1") -> None:
        for index in indices:
            self.set(index, quality=Quality.BAD, reason=reason)
        self.status = evolve(self.status, not_good=len(indices))

    def force(self, name: str, value) -> None:
        self.status = evolve(self.status, forced={name: value})


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
    screen.press(*["down"] * len(first))
    assert screen.signals == [f"pump.{n:05}.speed" for n in range(1, 1 + len(first))]
    screen.press("home", "page down", "page down")
    assert screen.signals[-1] == f"pump.{2 * len(first):05}.speed"
    screen.press("page up", "page up")
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


def test_only_rows_near_the_screen_are_asked_for():
    """10,000 signals cost no more than those on the screen, and a step asks for nothing else."""
    screen = Screen(engine_of(10_000))
    assert not screen.view.wanted.names
    screen.press("end")
    assert 20 <= len(screen.view.wanted.names) <= 4 * 24
    screen.press("home")
    before = screen.view.wanted
    screen.press("down", "down", "down")
    assert screen.view.wanted == before
    assert not before.everything


def test_forced_signals_say_so(screen):
    screen.force("pump.00000.speed", 5.0)
    assert any("forced" in line and line.startswith("pump.00000") for line in screen.lines)
    screen.press("o")
    assert screen.signals == ["pump.00000.speed"]
    screen.press("o")
    assert len(screen.signals) > 10


def order(screen: Screen, sort: str) -> list[int]:
    """Press `s` until the foot names an order, and return the first three signals."""
    while sort not in screen.lines[-1]:
        screen.press("s")
    return [int(name[5:10]) for name in screen.signals[:3]]


def test_one_key_sorts_by_everything(screen):
    for index in range(27):
        screen.set(index, index % 5 + index / 100, NOW - index)
    screen.set(7, float("nan"), NOW + 60)
    screen.set(9, 0.0, NOW - 3_000, Quality.UNCERTAIN, "safe value")
    screen.set(4, -5.0, NOW - 2_000, Quality.BAD, "no answer")
    assert order(screen, "by name") == [0, 1, 2]
    assert not screen.view.wanted.everything
    assert order(screen, "greatest first") == [24, 19, 14]
    assert screen.view.wanted.everything
    assert order(screen, "worst first") == [4, 9, 0]
    assert order(screen, "oldest first") == [9, 4, 26]
    assert order(screen, "newest first") == [7, 0, 1]
    screen.press("r")
    assert order(screen, "newest first reversed") == [9, 4, 26]
    screen.press("r", "s")
    assert not screen.view.wanted.everything


def test_the_cursor_stays_at_its_signal_when_others_come_and_go(screen):
    screen.spoil(3, 8, 20)
    screen.press("b", "down", "down")
    screen.spoil(1, 3, 8, 20)
    assert screen.signals == [f"pump.{n:05}.speed" for n in (1, 3, 8, 20)]
    screen.press("enter")
    assert screen.lines[1].split() == ["signal", "pump.00020.speed"]


def test_a_signal_is_shown_with_all_that_is_known(screen):
    screen.set(1, 12.5, NOW - 90, Quality.BAD, "no answer")
    screen.force("pump.00001.speed", 7.0)
    screen.scene.forces = {"pump.00001.speed": ForceInfo("pump.00001.speed", 7.0, "ann", int(NOW * 1e9))}
    screen.press("down", "enter")
    assert screen.view.wanted.names == ("pump.00001.speed",)
    assert screen.view.wanted.forces
    facts = dict(line.split(maxsplit=1) for line in screen.lines[1:8])
    assert facts["value"] == "12.5"
    assert facts["quality"] == "bad: no answer"
    assert facts["forced"].startswith("7 by ann since")
    assert "90s ago" in screen.text
    assert "rpm" in screen.text
    assert "written by   commands" in screen.text
    assert "read by      nothing" in screen.text
    screen.press("escape")
    assert screen.signals


@pytest.mark.parametrize(
    ("keys", "typed", "question", "request_"),
    [
        ("w", "12.5", "write pump.00000.speed = 12.5? y/n", (PlantAct.WRITE, 12.5)),
        ("f", "-3", "force pump.00000.speed = -3? y/n", (PlantAct.FORCE, -3.0)),
    ],
)
def test_an_act_asks_for_a_value_and_for_a_yes(screen, keys, typed, question, request_):
    screen.press(keys)
    assert "float rpm, now 0" in screen.lines[-1]
    screen.type(typed)
    assert screen.lines[-1].endswith(f": {typed}_")
    screen.press("enter")
    assert screen.lines[-1] == question
    screen.press("x", "enter", "q")
    assert screen.lines[-1] == question
    assert screen.view.taken_request() is None
    screen.press("y")
    assert screen.view.taken_request() == Request(request_[0], "pump.00000.speed", request_[1])
    assert screen.view.taken_request() is None
    assert not screen.view.quitting


@pytest.mark.parametrize("keys", [("escape",), ("1", "enter", "n"), ("1", "enter", "escape")])
def test_an_act_that_is_not_confirmed_is_none(screen, keys):
    screen.press("w", *keys)
    assert screen.view.taken_request() is None
    assert "1 signals" in screen.lines[-1]


def test_a_value_of_another_type_or_outside_limits_is_not_taken():
    limited = "- {name: n, type: int, minimum: 2, maximum: 9}\n"
    more = f"- {{name: go, type: bool}}\n{limited}- {{name: t, type: string}}\n"
    screen = Screen(engine_of(0, more=more))
    screen.press("w", *"maybe", "enter")
    assert "neither true nor false: maybe_" in screen.lines[-1]
    screen.press(*["backspace"] * 5, *"on", "enter")
    assert screen.lines[-1] == "write go = true? y/n"
    screen.press("n", "down", "w")
    assert "int 2 to 9, now 2" in screen.lines[-1]
    screen.press("1", "enter")
    assert "it is at least 2" in screen.lines[-1]
    screen.press("0", "enter")
    assert "it is at most 9" in screen.lines[-1]
    screen.press("backspace", "backspace", "x", "enter")
    assert "not a whole number" in screen.lines[-1]
    screen.press("backspace", "5", "enter", "y")
    assert screen.view.taken_request() == Request(PlantAct.WRITE, "n", 5)
    screen.press("down", "f", *" é q", "enter", "y")
    assert screen.view.taken_request() == Request(PlantAct.FORCE, "t", " é q")


def test_keys_between_two_frames_mean_the_signal_of_the_cursor(screen):
    assert screen.lines
    for key in ("down", "down", "w", "1", "enter", "y"):
        screen.view.press(key)
    assert screen.view.taken_request() == Request(PlantAct.WRITE, "pump.00002.speed", 1.0)


def test_a_force_is_released_with_a_yes_and_only_where_there_is_one(screen):
    screen.press("u")
    assert screen.lines[-1] == "pump.00000.speed is not forced"
    screen.force("pump.00000.speed", 1.0)
    screen.press("u")
    assert screen.lines[-1] == "unforce pump.00000.speed? y/n"
    screen.press("y")
    assert screen.view.taken_request() == Request(PlantAct.UNFORCE, "pump.00000.speed")


def test_the_question_is_seen_whole_whatever_the_name():
    name = "x" * 200
    screen = Screen(engine_of(0, more=f"- {{name: {name}, type: string}}\n"), 40)
    screen.press("w", *"a long text that is typed and typed and typed", "enter")
    assert screen.lines[-1].endswith("typed'? y/n") or screen.lines[-1].endswith("…? y/n")


def test_the_outcome_is_shown_until_the_next_key(screen):
    assert screen.lines
    screen.scene.told = Told("write x = 1 rejected: 'x' is written by the block 'b'", good=False)
    assert screen.lines[-1] == "write x = 1 rejected: 'x' is written by the block 'b'"
    screen.press("down")
    assert "1 signals" in screen.lines[-1]
    screen.scene.told = Told("write x = 2 accepted", good=True)
    assert screen.lines[-1] == "write x = 2 accepted"


def test_the_pages_of_drivers_tasks_and_services(screen):
    drivers = {f"plc{n}": driver(f"plc{n}", ActivityState.SERVING) for n in range(30)}
    drivers["plc29"] = driver("plc29", ActivityState.WAITING, "refused by 10.0.0.7 " * 9)
    health = Health("web", ActivityState.SERVING, 90.0, 1, 0, 0, 0.0, "")
    service = ServiceStatus(
        "web", process=True, health=health, pid=4711, cpu_percent=2.5, memory_bytes=50_000_000
    )
    screen.status = evolve(
        screen.status,
        drivers=drivers,
        services={"web": service},
        activities={"publisher": driver("p", ActivityState.WAITING, "no broker").health},
        faults={"a": "block a: division by zero"},
        fault_counts={"a": 3},
    )
    screen.press("2")
    assert "30 drivers" in screen.lines[-1]
    assert "plc29" not in screen.text
    screen.press("end")
    assert "plc29" in screen.text
    assert "points 9" in screen.text
    assert screen.text.count("refused by 10.0.0.7") > 8
    screen.press("3")
    assert "division by zero (3 times)" in screen.text
    assert any(line.startswith("main ") for line in screen.lines)
    screen.press("tab")
    assert any(line.split()[:5] == ["web", "web", "serving", "90s", "4711"] for line in screen.lines)
    assert "no broker" in screen.text
    screen.press("tab", "tab")
    assert screen.signals


def test_the_log_scrolls_filters_and_stands_still(screen):
    events = [
        Event(
            n, int(NOW * 1e9) + n, EventKind.LOG, "error" if n % 50 == 0 else "info", "petra", f"line {n:03}"
        )
        for n in range(1, 301)
    ]
    screen.press("5")
    assert "no events" in screen.text

    def seen() -> list[str]:
        screen.scene.events = events
        made = screen.view.lines(screen.scene, 80, 24)
        return [line[-8:] for line in map(unstyled, made) if " line " in line]

    assert seen()[-1] == "line 300"
    for key in ("page up", "up"):
        screen.view.press(key)
    before = seen()
    assert before[-1] == "line 278"
    events.append(Event(301, int(NOW * 1e9) + 301, EventKind.ACT, "warning", "audit", "line 301"))
    assert seen() == before
    screen.view.press("end")
    assert seen()[-1] == "line 301"
    events.append(Event(310, int(NOW * 1e9) + 310, EventKind.LOG, "info", "petra", "line 310"))
    assert "8 events left out" in "".join(screen.view.lines(screen.scene, 80, 24)) or seen()
    screen.view.press("l")
    assert len(seen()) == 7
    screen.view.press("l")
    assert len(seen()) == 6


def test_a_plant_that_is_away_is_shown_with_its_last_state(screen):
    screen.scene.answered = NOW - 12
    assert "no answer for 12s" in screen.lines[0]
    screen.scene.problem = "the connection has ended"
    assert re.search(r"not connected since \d\d:\d\d:\d\d: the connection has ended", screen.lines[0])
    assert screen.signals
    screen.scene = Scene(NOW, problem="no plant runs")
    assert "not connected: no plant runs" in screen.lines[0]
    screen.scene = Scene(NOW)
    assert "waiting for its first answer" in screen.lines[0]


def test_the_foot_says_what_leaving_does(engine):
    assert "q quit" in Screen(engine).lines[-2]
    assert "q leave, the plant runs on" in Screen(engine, end=End.LEAVES).lines[-2]


def test_a_wide_terminal_shows_more(engine):
    screen = Screen(engine, 200, 60)
    assert any("commands" in line and "pump.00000" in line for line in screen.lines)
    assert len(screen.signals) == 27


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("世界", 3, "世…"), ("a\nb", 9, r"'a\nb'"), ("abc", 0, "")],
)
def test_a_text_is_cut_to_columns(text, columns, expected):
    assert fit(text, columns) == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0s"), (0.44, "0.4s"), (12, "12s"), (119, "119s"), (120, "2m"), (7_200, "2h"), (864_000, "10d")],
)
def test_a_length_of_time_is_short(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("", 5, [""]),
        ("one two three", 8, ["one two", "  three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("世界世界", 5, ["世界", "世界"]),
        ("世界", 1, ["世", "界"]),
    ],
)
def test_a_text_is_wrapped(text, columns, lines):
    assert list(wrapped(text, columns, 2 if " " in text else 0)) == lines


def test_a_table_leaves_out_what_a_terminal_has_no_room_for():
    columns = [Column("name", 10), Column("figure", 6, least=40, right=True), Column("what", 99)]
    rows = [("a", "1", "words and words"), ("世界", "22", "")]
    assert table(columns, rows, 40) == ["name  figure  what", "a          1  words and words", "世界      22"]
    assert table(columns, rows, 12) == ["name  what", "a     words…", "世界"]
