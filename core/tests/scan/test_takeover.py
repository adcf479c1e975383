"""What a program takes over from the one before it, and what it says of faults."""

from __future__ import annotations

from typing import Any

import pytest

from petra import Block, In, Out, Param, State
from petra.scan import Bench
from petra.signals import GOOD, Quality, QualityReason, ReasonCode


class Counts(Block, type="COUNTS"):
    """Counts in several types; the next version of it below counts in others."""

    by = Param(int, default=1)
    whole = State(0)
    part = State(0.0)
    on = State(False)
    said = State("")
    pair: State[tuple[Any, ...]] = State((0, 0.0))
    out = Out(float)

    def step(self, dt):
        self.whole = self.whole + self.by
        self.part = self.part + 0.5
        self.on = not self.on
        self.said = "later"
        self.pair = (self.whole, self.part)
        self.out = self.part


class CountsAgain(Counts, type="COUNTS_AGAIN"):
    """Has other types under the same names."""

    whole = State(0.0)
    part = State(0)
    on = State(0)
    said = State(False)
    pair = State("")

    def step(self, dt):
        self.out = self.part


def test_states_of_the_same_type_go_on_and_others_begin():
    """A value of another type would be computed with as if it were of the new one."""
    before = Bench(Counts, {})
    before.scan(times=3)
    kept = before.program.snapshot()
    assert kept["block"] == {"whole": 3, "part": 1.5, "on": True, "said": "later", "pair": (3, 1.5), "": True}
    same = Bench(Counts, {})
    same.program.restore(kept)
    assert same.program.snapshot() == kept
    other = Bench(CountsAgain, {})
    begun = other.program.snapshot()
    other.program.restore(kept)
    assert repr(other.program.snapshot()) == repr(begun)


def test_states_that_are_not_there_any_more_are_passed_over():
    bench = Bench(Counts, {})
    bench.program.restore({"block": {"gone": 1, "whole": 5}, "other": {"whole": 9}})
    bench.scan()
    assert bench.program.snapshot()["block"]["whole"] == 6


class Raises(Block, type="RAISES"):
    """Raises what it is told to."""

    which = In(int)
    out = Out(float)

    def step(self, dt):
        if self.which:
            raise FAULTS[self.which]
        self.out = 1.0


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


FAULTS = [None, ValueError("too\n  hot"), ValueError(), MuteError(), ValueError("x" * 1_000), SystemExit(3)]


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (1, "block block: ValueError: too hot"),
        (2, "block block: ValueError"),
        (3, "block block: MuteError"),
        (4, ("block block: ValueError: " + "x" * 1_000)[:200]),
        (5, "block block: SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_a_fault_is_said_in_one_bounded_line(which, said, inline):
    bench = Bench(Raises, {"which": which}, inline=inline)
    bench.scan(times=2)
    assert bench.fault == said
    assert bench.bus.status("out.out") == QualityReason(Quality.BAD, said, ReasonCode.BLOCK_FAULT)
    bench.write("which", 0)
    bench.scan()
    assert (bench.fault, bench.bus.status("out.out"), bench.outputs()) == ("", GOOD, {"out": 1.0})


def test_faults_are_counted_on_over_a_reload():
    before = Bench(Raises, {"which": 1})
    before.scan(times=3)
    after = Bench(Raises, {"which": 1})
    after.program.count_on({**before.program.fault_counts, "gone": 7})
    assert after.program.fault_counts == {"block": 3}
    assert after.program.faults == {}
    after.scan(times=2)
    assert after.program.fault_counts == {"block": 5}
    assert before.program.fault_counts == {"block": 3}


class Follows(Block, type="FOLLOWS"):
    """Follows one of two, and knows which of them counts."""

    a = In(float)
    b = In(float)
    own = In(bool, default=True)
    out = Out(float)

    def step(self, dt):
        self.out = self.a if self.own else self.b

    def known(self, quality):
        return quality.a if self.own else quality.b


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_what_a_block_knows_follows_a_constant_that_is_tuned(inline):
    bench = Bench(Follows, {"a": 1.0, "b": 2.0}, inline=inline)
    bench.write("b", 2.0, bad=True)
    bench.scan()
    assert (bench.outputs()["out"], bench.bus.status("out.out")) == (1.0, GOOD)
    bench.program.tune("block", "own", False)
    bench.scan()
    assert (bench.outputs()["out"], bench.bus.status("out.out").quality) == (2.0, Quality.BAD)
    bench.program.tune("block", "own", True)
    bench.scan()
    assert (bench.outputs()["out"], bench.bus.status("out.out")) == (1.0, GOOD)
