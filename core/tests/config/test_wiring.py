"""Who writes a signal and who reads it, where a section may do either."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import field, frozen

from petra import Catalog, DriverKind, SignalUse, about, hookimpl
from petra.config import load_bytes
from petra.library import plugin as library


@frozen
class ValveConfig:
    """A valve whose point is read, written, or both."""

    reads: str | None = field(default=None, metadata=about("Shown by the valve", signal=SignalUse.WRITES))
    takes: str | None = field(default=None, metadata=about("Goes to the valve", signal=SignalUse.READS))
    both: str | None = field(default=None, metadata=about("Either", signal=SignalUse.EITHER))


class ValvePlugin:
    PETRA_API = 1
    __name__ = "valve"

    @hookimpl
    def petra_drivers(self) -> list[DriverKind[Any]]:
        return [DriverKind("valve", ValveConfig, build=lambda config: config)]


CATALOG = Catalog.of(library, ValvePlugin())


def found(text: str) -> list[tuple[str, int]]:
    problems = load_bytes(text.encode(), CATALOG, {}, name="p").serious
    return [(problem.code, problem.line) for problem in problems]


SIGNALS = "signals: [{name: a, type: bool}, {name: b, type: bool}]\n"
WRITES = "blocks: [{name: n, type: NOT, inputs: {in: a}, outputs: {out: b}}]\n"
READS = "blocks: [{name: n, type: NOT, inputs: {in: point}, outputs: {out: b}}]\n"


def test_a_point_that_is_read_and_written_stands_beside_the_block_that_writes_its_signal():
    """The block commands the device, and the device shows what it has taken: that is no second writer."""
    assert found(SIGNALS + WRITES + "valve: {both: b}\n") == []


def test_a_point_that_only_shows_is_a_second_writer_beside_a_block():
    assert found(SIGNALS + WRITES + "valve: {reads: b}\n") == [("two-writers", 2)]


def test_a_point_that_takes_is_no_writer():
    assert found(SIGNALS + WRITES + "valve: {takes: b}\n") == []


def test_without_a_block_a_point_that_is_read_and_written_writes_its_signal():
    """What it shows may be read without being declared anywhere else."""
    assert found(SIGNALS + READS + "valve: {both: point}\n") == []
    unknown = [("unknown-signal", 2), ("unknown-signal", 3)]
    assert found(SIGNALS + READS + "valve: {takes: point}\n") == unknown


@pytest.mark.parametrize("other", ["reads", "both"])
def test_two_points_that_write_a_signal_that_no_block_writes_are_two_writers(other):
    text = f"valve:\n- {{both: point}}\n- {{{other}: point}}\n"
    assert [code for code, _ in found(SIGNALS + text)] == ["two-writers"]


def test_two_points_that_take_what_a_block_writes_are_good():
    assert found(SIGNALS + WRITES + "valve:\n- {both: b}\n- {both: b}\n") == []


def test_a_name_of_the_engine_s_is_one_problem_wherever_it_is_written():
    """Which block writes it first does not matter."""
    blocks = "blocks:\n" + "".join(
        f"- {{name: n{i}, type: ADD, inputs: {{a: 1, b: 2}}, outputs: {{out: petra.main.scans}}}}\n"
        for i in (1, 2)
    )
    assert found(SIGNALS + blocks) == [("bad-value", 3), ("bad-value", 4)]
    for name in ("a b", "75.0", "true"):
        spoiled = blocks.replace("petra.main.scans", f"'{name}'")
        assert found(SIGNALS + spoiled) == [("bad-value", 3), ("bad-value", 4)]
    assert found(SIGNALS + "valve: {reads: petra.main.scans}\n") == [("bad-value", 2)]
    assert found(SIGNALS + "valve: {takes: petra.main.scans}\n") == []


@pytest.mark.parametrize(
    "name", ["petra.main.scans", "petra.clock.second_of_day", "petra.main.lateness_p99_ms"]
)
def test_the_signals_of_the_engine_are_read_as_any_others(name):
    block = f"blocks: [{{name: n, type: GT, inputs: {{a: {name}, b: 5}}, outputs: {{out: late}}}}]\n"
    assert found(SIGNALS + block) == []
