"""Coordination of equipment: votes, interlocks, alternating pumps, sequences of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from petra.blocks import Block, In, Out, Param, Qualities, QualityOf, State
from petra.blocks.known import best, worst
from petra.library.faults import require

if TYPE_CHECKING:
    from petra.signals import Quality


class Vote(Block, type="VOTE"):
    """True while at least `needed` of the inputs are true, such as 2 of 3. Only good inputs have a vote.

    Fewer good inputs than `needed` are a fault.
    """

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    qualities = QualityOf("inputs")
    needed = Param(int, default=2, minimum=1, aliases=("m", "required"), doc="How many inputs must be true")
    q = Out(bool, aliases=("out", "output", "Q"), doc="Enough inputs are true")
    votes = Out(int, doc="How many good inputs are true")
    voters = Out(int, doc="How many inputs are good")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error if fewer inputs are wired than votes are needed."""
        if 0 < len(given["inputs"]) < given["needed"]:  # a test that steps an instance by hand wires none
            yield (
                "needed",
                f"is {given['needed']}, but only {len(given['inputs'])} inputs are wired: q is never true",
            )

    def step(self, dt: float) -> None:
        votes = 0
        voters = 0
        for each, quality in zip(self.inputs, self.qualities):  # noqa: B905 - equal lengths; the subset has no keywords
            if quality == 0:
                voters = voters + 1
                if each:
                    votes = votes + 1
        require(voters >= self.needed, "too few inputs are good")
        self.q = votes >= self.needed
        self.votes = votes
        self.voters = voters


class Interlock(Block, type="INTERLOCK"):
    """Permits a request while all conditions hold. A failing condition trips the interlock until a reset.

    A condition that is false and bad blocks the request, but trips the interlock only if it was running:
    before the first measurement, no condition has failed. `first_out` is the number of the condition that
    failed first, counted from 1; it is 0 while the interlock is not tripped.
    """

    request = In(bool, default=True, aliases=("start", "enable"), doc="Request to run")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Clears the trip if all conditions hold")
    conditions = In(bool, many=True, doc="Any number of conditions, under any names")
    qualities = QualityOf("conditions")
    first = State(0, doc="Number of the condition that failed first, or 0")
    going = State(False, doc="`run` in the last scan")
    run = Out(bool, aliases=("out", "output", "q"), doc="Requested and permitted")
    tripped = Out(bool, aliases=("trip",), doc="A condition has failed since the last reset")
    first_out = Out(int, doc="Number of the condition that failed first, or 0")

    def step(self, dt: float) -> None:
        if self.reset and all(self.conditions):
            self.first = 0
        for number, holds in enumerate(self.conditions):
            if not holds and self.first == 0 and (self.qualities[number] < 2 or self.going):
                self.first = number + 1
        self.tripped = self.first != 0
        self.run = self.request and self.first == 0 and all(self.conditions)
        self.going = self.run
        self.first_out = self.first

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Return how good the outputs are: one good false condition, or no request, decides `run` alone."""
        failed = [each for holds, each in zip(self.conditions, quality.conditions, strict=True) if not holds]
        idle = failed if self.request else [*failed, quality.request]
        watched = worst((quality.reset, *quality.conditions))
        return {
            "run": best(idle) if idle else quality.worst,
            "tripped": best(failed) if failed else watched,
            "first_out": watched,
        }


class LeadLagPumps(Block, type="LEAD_LAG_PUMPS"):
    """Two pumps that empty a sump: one from the start level, both from the assist level, none below stop.

    The leading pump changes with every start. If a pump is not available, the other one runs in its place.
    """

    level = In(float, aliases=("in", "input"), doc="Level in the sump")
    available1 = In(bool, default=True, aliases=("ok1",), doc="Pump 1 can run")
    available2 = In(bool, default=True, aliases=("ok2",), doc="Pump 2 can run")
    start = Param(float, aliases=("lead_level", "start_lead"), doc="Level at which the first pump starts")
    assist = Param(float, aliases=("lag_level", "start_lag"), doc="Level at which the second pump starts")
    stop = Param(float, aliases=("stop_level",), doc="Level at which both pumps stop")
    second_leads = State(True, doc="Pump 2 leads")
    wanted = State(0, doc="How many pumps are wanted")
    pump1 = Out(bool, doc="Run pump 1")
    pump2 = Out(bool, doc="Run pump 2")
    lead = Out(int, doc="Number of the leading pump")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield levels that are not in the order stop, start, assist."""
        if given["stop"] >= given["start"]:
            yield "stop", f"is not below start ({given['start']:g})"
        if given["start"] > given["assist"]:
            yield "start", f"is above assist ({given['assist']:g})"

    def step(self, dt: float) -> None:
        if self.level <= self.stop:
            self.wanted = 0
        elif self.level >= self.assist:
            if self.wanted == 0:  # a start that skips the first level also changes the leading pump
                self.second_leads = not self.second_leads
            self.wanted = 2
        elif self.level >= self.start and self.wanted == 0:
            self.second_leads = not self.second_leads
            self.wanted = 1
        first = self.wanted >= 1
        both = self.wanted == 2
        self.pump1 = self.available1 and (both or (first and (not self.second_leads or not self.available2)))
        self.pump2 = self.available2 and (both or (first and (self.second_leads or not self.available1)))
        self.lead = 2 if self.second_leads else 1

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Return the quality of `available` for a pump that is not available, whatever the level."""
        found = {}
        if not self.available1:
            found["pump1"] = quality.available1
        if not self.available2:
            found["pump2"] = quality.available2
        return found


class Sequence(Block, type="SEQUENCE"):
    """A sequence of steps: the next step begins when `next` becomes true, or after the time of a step.

    The time of a step begins with the scan that enters the step, and counts between two scans with `run`. So
    no step is shorter than its time, the first one included.
    """

    run = In(bool, default=True, aliases=("enable",), doc="Enables the time and `next`")
    next = In(bool, default=False, aliases=("advance",), doc="Advances to the next step when it becomes true")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Returns to the first step")
    steps = Param(int, default=8, minimum=1, maximum=1000, doc="Number of steps")
    step_ms = Param(float, default=0.0, minimum=0.0, unit="ms", doc="Time of a step; 0 for no time limit")
    repeat = Param(bool, default=False, doc="Begins again after the last step")
    at = State(1, doc="Number of the step")
    passed = State(0.0, doc="Time in the step, in whole nanoseconds")
    going = State(False, doc="`run` in the last scan")
    before = State(False, doc="`next` in the last scan")
    current = Out(int, aliases=("step_number", "out"), doc="Number of the step, counted from 1")
    elapsed = Out(float, unit="ms", doc="Time in the step")
    done = Out(bool, aliases=("q",), doc="The last step is over")

    def step(self, dt: float) -> None:
        onward = self.run and self.next and not self.before
        self.before = self.next
        if self.run and self.going and self.at <= self.steps:
            self.passed = self.passed + round(dt * 1e9)
            # Half a nanosecond of tolerance: `passed` is whole, the product may be off in its last digit.
            onward = onward or (self.step_ms > 0.0 and self.passed + 0.5 >= self.step_ms * 1e6)
        self.going = self.run and not self.reset
        if self.reset:
            self.at = 1
            self.passed = 0.0
        elif onward and self.at <= self.steps:
            self.at = 1 if self.repeat and self.at == self.steps else self.at + 1
            self.passed = 0.0
        self.done = self.at > self.steps
        self.current = min(self.at, self.steps)
        self.elapsed = self.passed / 1e6
