"""What a plugin's model says of itself is a problem at the place that it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, SignalUse, about, hookimpl
from petra.config import load_bytes
from petra.library import plugin as library
from petra.settings import Flaw, Named, Used
from petra.signals import SignalType


@frozen
class PointConfig:
    """One point."""

    signal: str = field(metadata=about("Signal"))
    low: int | float | str = field(default=0, metadata=about("Lowest", aliases=("from",)))
    high: int | float | str = field(default=9, metadata=about("Highest", aliases=("to",)))
    holds: str = field(default="float", metadata=about("Type"))

    def flaws(self) -> Iterator[Flaw]:
        for name in ("low", "high"):
            if isinstance(value := getattr(self, name), str):
                yield Flaw((name,), f"{value!r} is not a valid limit")
        if not isinstance(self.low, str) and not isinstance(self.high, str) and self.low > self.high:
            yield Flaw(("low",), "low is above high", hint="swap them", code="params-conflict")

    def signals_used(self) -> Iterator[Used]:
        yield Used("signal", self.signal, SignalUse.WRITES, SignalType(self.holds))


@frozen
class LoopConfig:
    """Points."""

    name: str = field(default="loop", metadata=about("Name", aliases=("id",)))
    points: list[PointConfig] = field(factory=list, metadata=about("Points"))

    def drivers_named(self) -> Iterator[Named]:
        yield Named("name", self.name)

    def flaws(self) -> Iterator[Flaw]:
        first: dict[str, int] = {}
        for number, point in enumerate(self.points):
            if first.setdefault(point.signal, number) != number:
                yield Flaw(("points", number, "signal"), f"{point.signal} is there twice")
        if len(self.points) > 3:
            yield Flaw(("points", 99), "there are more than three")


@frozen
class FailingConfig:
    """Fails at being asked."""

    value: int = field(default=0, metadata=about("Value"))

    def flaws(self) -> Iterator[Flaw]:
        raise RuntimeError("a flaw\nof its own")


class LoopPlugin:
    PETRA_API = 1
    __name__ = "loop"

    @hookimpl
    def petra_drivers(self) -> list[DriverKind[Any]]:
        return [
            DriverKind("loop", LoopConfig, build=lambda config: config),
            DriverKind("failing", FailingConfig, build=lambda config: config),
        ]


CATALOG = Catalog.of(library, LoopPlugin())


def problems(text: str) -> list[Any]:
    return list(load_bytes(text.encode(), CATALOG, {}, name="p").serious)


def points(*lines: str) -> str:
    return "loop:\n  points:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "code", "column", "said", "hint"),
    [
        ("{signal: a, low: 7, high: 5}", "params-conflict", 22, "low is above high", "swap them"),
        ("{signal: a, from: 7, to: 5}", "params-conflict", 23, "low is above high", "swap them"),
        ("{signal: a, high: -5}", "params-conflict", 5, "low is above high", "swap them"),
        ('{signal: a, low: "7"}', "bad-value", 22, "'7' is not a valid limit", "leave out the quotes"),
        ("{signal: a, low: seven}", "bad-value", 22, "'seven' is not a valid limit", ""),
        ('{signal: a, low: "seven"}', "bad-value", 22, "'seven' is not a valid limit", ""),
    ],
)
def test_a_flaw_is_one_problem_at_its_place(line, code, column, said, hint):
    (problem,) = problems(points("{signal: b}", line))
    assert (problem.line, problem.column, problem.code) == (4, column, code)
    assert (problem.message, problem.hint) == (said, hint)
    assert problem.path.startswith("loop.points[1]")


def test_a_flaw_in_a_list_is_at_its_item_although_others_cannot_be_read():
    text = points("{signal: a}", "{signal: 5}", "{signal: b}", "{signal: [c]}", "{signal: a}")
    found = [(p.line, p.path) for p in problems(text) if p.code != "two-writers"]
    assert found == [
        (4, "loop.points[1].signal"),
        (6, "loop.points[3].signal"),
        (7, "loop.points[4].signal"),
    ]


def test_a_flaw_of_a_place_that_is_not_there_is_at_what_is():
    (problem,) = problems(points(*(f"{{signal: s{i}}}" for i in range(4))))
    assert (problem.path, problem.line) == ("loop.points", 3)


def test_a_model_that_fails_at_being_asked_is_one_problem():
    (problem,) = problems("failing: {value: 1}\n")
    assert (problem.code, problem.path, problem.message) == ("bad-value", "failing", "a flaw of its own")


def test_signals_that_a_model_names_are_declared_with_their_types():
    loaded = load_bytes(points("{signal: a, holds: int}", "{signal: b}").encode(), CATALOG, {}, name="p")
    assert loaded.configuration is not None
    assert [(s.name, s.type) for s in loaded.configuration.plant.signals] == [
        ("a", SignalType.INT),
        ("b", SignalType.FLOAT),
    ]


def test_a_signal_that_holds_something_else_than_the_model_means_is_a_problem_there():
    declared = "signals: [{name: a, type: string}]\n"
    (problem,) = problems(declared + points("{signal: a, holds: int}"))
    assert (problem.line, problem.column, problem.code) == (4, 14, "wrong-type")
    assert problem.message == "'a' is string, but int is needed here"


@pytest.mark.parametrize(
    ("declared", "holds", "fits"),
    [("int", "int", True), ("float", "int", True), ("int", "float", False), ("bool", "int", False)],
)
def test_numbers_go_where_nothing_is_lost(declared, holds, fits):
    text = f"signals: [{{name: a, type: {declared}}}]\n" + points(f"{{signal: a, holds: {holds}}}")
    assert (problems(text) == []) is fits


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["{id: one}", "{id: one}"], "another connection has the name 'one'"),
        (["{}", "{name: loop}"], "another connection has the name 'loop'"),
        (["{id: petra.x}"], "'petra.x' is reserved: names that begin with 'petra.' belong to the engine"),
        (["{id: ' '}"], "' ' is not a valid name"),
        (["{id: one}", "{id: two}"], ""),
    ],
)
def test_drivers_have_names_of_their_own(names, said):
    found = problems("loop:\n" + "".join(f"- {line}\n" for line in names))
    assert [problem.message for problem in found] == ([said] if said else [])
