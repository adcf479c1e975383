"""Processing of analogue values: scaling, limits, hysteresis, dead bands, ramps and filters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from petra.blocks import Block, In, Out, Param, State
from petra.library.faults import finite, settled


class Scale(Block, type="SCALE"):
    """Maps one range linearly to another; an input outside its range is extrapolated."""

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Value in the input range")
    in_min = Param(float, default=0.0, doc="Start of the input range")
    in_max = Param(float, default=100.0, doc="End of the input range")
    out_min = Param(float, default=0.0, doc="Start of the output range")
    out_max = Param(float, default=1.0, doc="End of the output range")
    out = Out(float, aliases=("output", "OUT"), doc="Value in the output range")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error for an input range without a width."""
        if given["in_min"] == given["in_max"]:
            yield "in_max", "equals in_min: the input range must have a width"

    def step(self, dt: float) -> None:
        share = (self.input - self.in_min) / (self.in_max - self.in_min)
        self.out = self.out_min + share * (self.out_max - self.out_min)


class Limit(Block, type="LIMIT", aliases=("CLAMP",)):
    """The input, limited to a range."""

    input = In(int | float, aliases=("in", "in1", "a", "IN"), doc="Input")
    minimum = In(int | float, default=0, aliases=("min", "low", "MN"), doc="Lower limit")
    maximum = In(int | float, default=100, aliases=("max", "high", "MX"), doc="Upper limit")
    out = Out(int | float, aliases=("output", "OUT"), doc="The limited value")

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield a note for each limit that is not given."""
        for name, value in (("minimum", 0), ("maximum", 100)):
            if name not in given:
                yield name, f"is not given: it is {value}"

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error if the lower limit is above the upper one."""
        low, high = given.get("minimum", 0), given.get("maximum", 100)
        if low is not None and high is not None and low > high:
            yield (
                ("minimum" if "minimum" in given else "maximum"),
                (f"is above maximum ({high:g})" if "minimum" in given else f"is below minimum ({low:g})"),
            )

    def step(self, dt: float) -> None:
        # IEC 61131-3 defines LIMIT as MIN(MAX(IN, MN), MX): with crossed limits the upper one wins.
        self.out = min(max(self.input, self.minimum), self.maximum)


class Hysteresis(Block, type="HYSTERESIS"):
    """Becomes true above the upper limit and false below the lower limit; between them it keeps its value."""

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Input")
    high = In(float, aliases=("max",), doc="Upper limit: the output becomes true above it")
    low = In(float, aliases=("min",), doc="Lower limit: the output becomes false below it")
    on = State(False, doc="The output")
    q = Out(bool, aliases=("out", "output", "Q"), doc="Above the upper limit, or not yet below the lower one")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error if the lower limit is above the upper one."""
        low, high = given.get("low"), given.get("high")
        if low is not None and high is not None and low > high:
            yield "low", f"is above high ({high:g})"

    def step(self, dt: float) -> None:
        if self.input > self.high:
            self.on = True
        elif self.input < self.low:
            self.on = False
        self.q = self.on


class Deadband(Block, type="DEADBAND"):
    """Follows the input only when the input has moved by at least the width."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Input")
    width = Param(
        float, default=1.0, minimum=0.0, aliases=("deadband", "band"), doc="Least movement that is followed"
    )
    begun = State(False, doc="A first input has been read")
    kept = State(0.0, doc="The last input that was followed")
    out = Out(float, aliases=("output", "OUT"), doc="The input without small movements")

    def step(self, dt: float) -> None:
        if not self.begun or abs(finite(self.input) - self.kept) >= self.width:
            self.kept = finite(self.input)
            self.begun = True
        self.out = self.kept


class Ramp(Block, type="RAMP"):
    """Follows the input no faster than the given rates. The output begins at the first input.

    In each scan the output moves by at most the rate times the time since the last scan.
    """

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "target", "a"), doc="Target value")
    rate_up = Param(float, default=1.0, minimum=0.0, aliases=("rate", "up"), doc="Fastest rise, per second")
    rate_down = Param(
        float,
        default=-1.0,
        minimum=-1.0,
        aliases=("down",),
        doc="Fastest fall, per second; -1 for the rate of the rise",
    )
    begun = State(False, doc="A first input has been read")
    now = State(0.0, doc="The output")
    out = Out(float, aliases=("output", "OUT"), doc="The limited value")

    def step(self, dt: float) -> None:
        target = finite(self.input)
        down = self.rate_up if self.rate_down < 0.0 else self.rate_down
        if self.begun:
            self.now = min(max(target, self.now - down * dt), self.now + self.rate_up * dt)
        else:
            self.now = target
            self.begun = True
        self.out = self.now


class Lag(Block, type="LAG", aliases=("FILTER", "PT1")):
    """First-order filter: 63 % of a step after one time constant. The output begins at the first input."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Input")
    time_s = Param(
        float, default=1.0, minimum=0.0, unit="s", aliases=("tau", "time_constant"), doc="Time constant"
    )
    begun = State(False, doc="A first input has been read")
    now = State(0.0, doc="The output")
    out = Out(float, aliases=("output", "OUT"), doc="The filtered value")

    def step(self, dt: float) -> None:
        if self.begun and self.time_s > 0.0:
            # Backward Euler: stable for any dt, also one far longer than the time constant.
            self.now = settled(self.now + (self.input - self.now) * (dt / (self.time_s + dt)))
        else:
            self.now = finite(self.input)
            self.begun = True
        self.out = self.now


class LeadLag(Block, type="LEADLAG", aliases=("LEAD_LAG",)):
    """Lead-lag compensator: gain * (1 + lead_s * s) / (1 + lag_s * s). The output begins settled."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Input")
    gain = Param(float, default=1.0, doc="Gain in the steady state")
    lead_s = Param(
        float, default=0.0, minimum=0.0, unit="s", aliases=("lead",), doc="Time constant of the lead"
    )
    lag_s = Param(float, default=1.0, minimum=0.0, unit="s", aliases=("lag",), doc="Time constant of the lag")
    begun = State(False, doc="A first input has been read")
    before = State(0.0, doc="The input in the last scan")
    now = State(0.0, doc="The output without the gain")
    out = Out(float, aliases=("output", "OUT"), doc="The compensated value")

    def step(self, dt: float) -> None:
        value = finite(self.input)
        if self.begun and self.lag_s + dt > 0.0:
            moved = self.lead_s * (value - self.before) + dt * value
            self.now = settled((self.lag_s * self.now + moved) / (self.lag_s + dt))
        else:
            self.now = value
            self.begun = True
        self.before = value
        self.out = self.gain * self.now
