"""The PID controller."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from petra.blocks import Block, In, Out, Param, Qualities, State
from petra.blocks.known import worst
from petra.library.faults import require, settled

if TYPE_CHECKING:
    from petra.signals import Quality


class Pid(Block, type="PID"):
    """Controller with independent gains: out = kp * err + the integral of ki * err - kd * the change of pv.

    The derivative acts on the measurement, so a new set point does not make the output jump. The integral
    stops while the output is at a limit and the error would drive it further. While `man` is true, the output
    follows `man_out`, or keeps its value if `man_out` is not wired. The change back to automatic is bumpless:
    the integral is set so that the output continues from its manual value.
    """

    waits_for_all = True

    pv = In(float, aliases=("input", "in", "process_value", "process_variable"), doc="Process value")
    sp = In(float, aliases=("setpoint", "set_point"), doc="Set point")
    man = In(bool, default=False, aliases=("manual",), doc="Manual mode")
    man_out = In(float, default=float("nan"), aliases=("manual_value",), doc="Output in manual mode")
    reset = In(bool, default=False, doc="Sets the integral to 0")
    kp = Param(float, default=1.0, doc="Proportional gain")
    ki = Param(float, default=0.0, doc="Integral gain per second")
    kd = Param(float, default=0.0, unit="s", doc="Derivative gain")
    out_min = Param(float, default=0.0, doc="Least output")
    out_max = Param(float, default=100.0, doc="Greatest output")
    action = Param(
        str, default="reverse", choices=("reverse", "direct"),
        doc="reverse: the output rises while pv is too low (heating); direct: while it is too high (cooling)",
    )  # fmt: skip
    begun = State(False, doc="The last scan had a measurement")
    automatic = State(False, doc="The last scan was in automatic mode")
    before = State(0.0, doc="The measurement in the last scan")
    integral = State(0.0, doc="The integral")
    now = State(0.0, doc="The output")
    out = Out(float, aliases=("output", "cv"), doc="Output to the actuator")
    err = Out(float, aliases=("error",), doc="Control error: sp - pv")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error if out_min is above out_max."""
        if given["out_min"] > given["out_max"]:
            yield "out_min", f"is above out_max ({given['out_max']:g})"

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield a note for limits that are not given."""
        missing = [name for name in ("out_min", "out_max") if name not in given]
        if missing:
            are = "and out_max are" if len(missing) == 2 else "is"
            yield missing[0], f"{are} not given: the output is held within 0 and 100"

    def step(self, dt: float) -> None:
        sign = 1.0 if self.action == "reverse" else -1.0
        measured = math.isfinite(self.sp - self.pv)
        require(measured or self.man, "sp or pv is not a finite number")
        error = sign * (self.sp - self.pv) if measured else 0.0
        change = (self.pv - self.before) / dt if measured and self.begun and dt > 0.0 else 0.0
        direct = settled(self.kp * error - sign * self.kd * change)
        if self.reset:
            self.integral = 0.0
            self.automatic = False
        if self.man:
            wanted = self.man_out if self.man_out == self.man_out else self.now  # NaN: man_out is not wired
            self.now = min(max(wanted, self.out_min), self.out_max)
            self.integral = self.now - direct  # so that automatic mode begins at this output
        else:
            # The first scan after manual mode or a reset adds nothing: its dt belongs to that mode.
            more = settled(self.integral + (self.ki * error * dt if self.automatic else 0.0))
            wanted = direct + more
            if self.out_min <= wanted <= self.out_max:
                self.integral = more
            elif (wanted > self.out_max) == (self.ki * error < 0.0):
                self.integral = more  # at a limit, the integral may only move back from it
            self.now = min(max(direct + self.integral, self.out_min), self.out_max)
        self.before = self.pv if measured else self.before
        self.begun = measured
        self.automatic = not self.man and not self.reset
        self.out = self.now
        self.err = sign * error if measured else self.err

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Return the quality of `man` and `man_out` in manual mode, however bad the measurement is."""
        return {"out": worst((quality.man, quality.man_out))} if self.man else {}
