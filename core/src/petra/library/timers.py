"""Timers, as in IEC 61131-3, from the time between scans.

A timer starts in the scan that sees the edge: ET is 0 in that scan, and the `dt` before the edge is not
counted. So no delay and no pulse is shorter than its preset, however irregular the scans are.

Time is summed in whole nanoseconds, held in a float, which is exact for a hundred days (2**53 ns). A sum in
milliseconds would lose scans: ten times 0.1 is less than 1. A preset is rounded to the nearest nanosecond.
"""

from petra.blocks import Block, In, Out, Qualities, State
from petra.signals.quality import Quality

# Half a nanosecond is subtracted from a preset before the comparison: the sum is a whole number, but the
# product of milliseconds and a million can be off in its last digit.

_PASSED = 1e18
"""The time of a TON whose preset has passed: longer than any preset, so a later change has no effect."""


class OnDelay(Block, type="TON", aliases=("ON_DELAY",)):
    """Follows the input after it has been true for the preset time.

    The time starts in the scan in which the input becomes true. A change of the preset takes effect at once
    while the time runs; after the time has passed, the output stays true until the input is false.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the time when it becomes true")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="Time that the input must be true: a number or a signal; a negative value counts as 0",
    )  # fmt: skip
    passed = State(-1.0, doc="Time so far, in whole nanoseconds; -1 while the input is false")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time has passed")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="Time that the input has been true",
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if not self.input:
            self.passed = -1.0
        elif self.passed < 0.0:  # the scan of the edge: its dt lies before the edge
            self.passed = 0.0
        elif self.passed < _PASSED:
            self.passed = self.passed + round(dt * 1e9)
        if self.passed >= 0.0 and self.passed >= preset:
            self.passed = _PASSED
        self.q = self.passed >= _PASSED  # not `passed >= preset`: a longer preset must not reset the output
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the input while it is false: the preset does not matter."""
        return quality.input if not self.input else quality.worst


class OffDelay(Block, type="TOF", aliases=("OFF_DELAY",)):
    """Follows the input, and stays true for the preset time after the input has become false.

    The time starts in the scan in which the input becomes false. A change of the preset takes effect at once
    while the time runs.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Input")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="Time to stay true: a number or a signal; a negative value counts as 0",
    )  # fmt: skip
    passed = State(-1.0, doc="Time so far, in whole nanoseconds; -1 until the input becomes false")
    on = State(False, doc="The output")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The input is true, or the time has not passed")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="Time that the input has been false",
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if self.input:
            self.on = True
            self.passed = -1.0
        elif self.on:
            self.passed = self.passed + round(dt * 1e9) if self.passed >= 0.0 else 0.0
            self.on = self.passed < preset
        self.q = self.on
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the input while it is true: the preset does not matter."""
        return quality.input if self.input else quality.worst


class Pulse(Block, type="TP", aliases=("PULSE",)):
    """A pulse of the preset time when the input becomes true, whatever the input does meanwhile.

    The time starts in the scan in which the input becomes true. A preset of 0 gives no pulse. A change of the
    preset takes effect at once while the pulse lasts.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the pulse when it becomes true")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="Length of the pulse: a number or a signal; a negative value counts as 0",
    )  # fmt: skip
    running = State(False, doc="The pulse is active")
    before = State(False, doc="The input in the last scan")
    passed = State(0.0, doc="Time so far, in whole nanoseconds")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The pulse")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="Time since the start of the pulse",
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if self.running:
            self.passed = self.passed + round(dt * 1e9)
            self.running = self.passed < preset
        elif self.input and not self.before:
            self.passed = 0.0
            self.running = preset > 0.0
        if not self.running and not self.input:  # IEC 61131-3: ET keeps its end value until IN is false
            self.passed = 0.0
        self.before = self.input
        self.q = self.running
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6


class RetentiveOnDelay(Block, type="TONR", aliases=("RETENTIVE_ON_DELAY",)):
    """Becomes true when the input has been true for the preset time in total, with any interruptions.

    The time stops while the input is false and survives a restart; only the reset sets it to 0. Each period
    starts in the scan in which the input becomes true. A change of the preset takes effect at once, until the
    time has passed.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="The time runs while it is true")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets the time to 0; overrides the input")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="Total time that the input must be true: a number or a signal; a negative value counts as 0",
    )  # fmt: skip
    before = State(False, doc="The time ran in the last scan")
    passed = State(0.0, retain=True, doc="Time so far, in whole nanoseconds")
    on = State(False, retain=True, doc="The time has passed")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time has passed")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="Total time that the input has been true",
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if self.reset:
            self.on = False
            self.passed = 0.0
        elif self.input and not self.on:
            if self.before:
                self.passed = self.passed + round(dt * 1e9)
            self.on = self.passed >= preset
        self.before = self.input and not self.reset
        self.q = self.on
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the reset while it is true: it decides alone."""
        return quality.reset if self.reset else quality.worst
