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

    The derivative acts on the measurement, so that a new set point makes no kick. The integral stops while
    the output stands at a limit and the error would drive it further. While `man` is true the output follows
    `man_out`, or stays if that is not wired, and the change back is without a bump: the integral goes on
    from a scan in automatic to the next one.
    """

    waits_for_all = True

    pv = In(float, aliases=("input", "in", "process_value", "process_variable"), doc="What is measured")
    sp = In(float, aliases=("setpoint", "set_point"), doc="What it should be")
    man = In(bool, default=False, aliases=("manual",), doc="By hand")
    man_out = In(float, default=float("nan"), aliases=("manual_value",), doc="Output while by hand")
    reset = In(bool, default=False, doc="Forgets the integral")
    kp = Param(float, default=1.0, doc="Proportional gain")
    ki = Param(float, default=0.0, doc="Integral gain per second")
    kd = Param(float, default=0.0, unit="s", doc="Derivative gain")
    out_min = Param(float, default=0.0, doc="Least output")
    out_max = Param(float, default=100.0, doc="Greatest output")
    action = Param(
        str, default="reverse", choices=("reverse", "direct"),
        doc="reverse: the output rises while pv is too low (heating); direct: while it is too high (cooling)",
    )  # fmt: skip
    begun = State(False, doc="There was a measurement")
    automatic = State(False, doc="It was in automatic in the last scan")
    before = State(0.0, doc="The measurement in the last scan")
    integral = State(0.0, doc="What the integral adds")
    now = State(0.0, doc="The output")
    out = Out(float, aliases=("output", "cv"), doc="What to do")
    err = Out(float, aliases=("error",), doc="How far off it is: sp - pv")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield limits that exclude each other."""
        if given["out_min"] > given["out_max"]:
            yield "out_min", f"is above out_max ({given['out_max']:g})"

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield that no limits are given."""
        missing = [name for name in ("out_min", "out_max") if name not in given]
        if missing:
            are = "and out_max are" if len(missing) == 2 else "is"
            yield missing[0], f"{are} not given: the output is held within 0 and 100"

    def step(self, dt: float) -> None:
        sign = 1.0 if self.action == "reverse" else -1.0
        measured = math.isfinite(self.sp - self.pv)
        require(measured or self.man, "there is no number to control")
        error = sign * (self.sp - self.pv) if measured else 0.0
        change = (self.pv - self.before) / dt if measured and self.begun and dt > 0.0 else 0.0
        direct = settled(self.kp * error - sign * self.kd * change)
        if self.reset:
            self.integral = 0.0
            self.automatic = False
        if self.man:
            wanted = self.man_out if self.man_out == self.man_out else self.now
            self.now = min(max(wanted, self.out_min), self.out_max)
            self.integral = self.now - direct
        else:
            more = settled(self.integral + (self.ki * error * dt if self.automatic else 0.0))
            wanted = direct + more
            if self.out_min <= wanted <= self.out_max:
                self.integral = more
            elif (wanted > self.out_max) == (self.ki * error < 0.0):
                self.integral = more  # it leads back from the limit
            self.now = min(max(direct + self.integral, self.out_min), self.out_max)
        self.before = self.pv if measured else self.before
        self.begun = measured
        self.automatic = not self.man and not self.reset
        self.out = self.now
        self.err = sign * error if measured else self.err

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Let the hand decide alone while it is by hand, whatever is measured."""
        return {"out": worst((quality.man, quality.man_out))} if self.man else {}
