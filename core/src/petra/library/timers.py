"""Timers, as in IEC 61131-3, by the time between scans.

The time of a timer begins with the scan that sees the edge: ET is 0 in that scan, and the `dt` before it
belongs to nobody. So no delay and no pulse is shorter than its preset, whatever the scans do.

Time is summed up in whole nanoseconds, held in a float: exact for a hundred days. A sum of floats in
milliseconds loses scans (ten times 0.1 is less than 1). A preset counts to the nearest nanosecond.
"""

from petra.blocks import Block, In, Out, Qualities, State
from petra.signals.quality import Quality

# Half a nanosecond is taken from a preset before it is compared: the sum is a whole number, and milliseconds
# times a million may be off in their last digit.

_PASSED = 1e18
"""More nanoseconds than any preset has: the time of a TON that has passed, whatever the preset becomes."""


class OnDelay(Block, type="TON", aliases=("ON_DELAY",)):
    """Follows the input after it has been true for the preset time.

    The time begins with the scan that sees the input become true. A preset that changes counts at once while
    the time runs; once it has passed, the output stays true until the input is false.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the time")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="How long the input has to be true: a number or a signal; a negative one counts as 0",
    )  # fmt: skip
    passed = State(-1.0, doc="Time so far, in whole nanoseconds; -1 while the input is false")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time has passed")
    elapsed = Out(
        float, rounds=True, unit="ms", aliases=("et", "ET", "elapsed_ms"), doc="How long it has been true"
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if not self.input:
            self.passed = -1.0
        elif self.passed < 0.0:
            self.passed = 0.0
        elif self.passed < _PASSED:
            self.passed = self.passed + round(dt * 1e9)
        if self.passed >= 0.0 and self.passed >= preset:
            self.passed = _PASSED
        self.q = self.passed >= _PASSED
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6

    def known(self, quality: Qualities) -> Quality:
        """Let an input that is false decide alone, whatever the preset is."""
        return quality.input if not self.input else quality.worst


class OffDelay(Block, type="TOF", aliases=("OFF_DELAY",)):
    """Follows the input, and stays true for the preset time after it has gone false.

    The time begins with the scan that sees the input become false. A preset that changes counts at once while
    the time runs.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Input")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="How long to stay true: a number or a signal; a negative one counts as 0",
    )  # fmt: skip
    passed = State(-1.0, doc="Time so far, in whole nanoseconds; -1 until the input becomes false")
    on = State(False, doc="The output")
    q = Out(bool, aliases=("out", "output", "Q"), doc="True, or it has been a moment ago")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="How long the input has been false",
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
        """Let an input that is true decide alone, whatever the preset is."""
        return quality.input if self.input else quality.worst


class Pulse(Block, type="TP", aliases=("PULSE",)):
    """Is true for the preset time when the input becomes true, whatever the input does meanwhile.

    The time begins with the scan that sees the input become true. A preset of 0 makes no pulse; one that
    changes counts at once while the pulse lasts.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the pulse when it becomes true")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="How long the pulse is: a number or a signal; a negative one counts as 0",
    )  # fmt: skip
    running = State(False, doc="The pulse goes on")
    before = State(False, doc="The input in the last scan")
    passed = State(0.0, doc="Time so far, in whole nanoseconds")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The pulse")
    elapsed = Out(
        float, rounds=True, unit="ms", aliases=("et", "ET", "elapsed_ms"), doc="How long it has gone on"
    )

    def step(self, dt: float) -> None:
        preset = self.preset_ms * 1e6 - 0.5
        if self.running:
            self.passed = self.passed + round(dt * 1e9)
            self.running = self.passed < preset
        elif self.input and not self.before:
            self.passed = 0.0
            self.running = preset > 0.0
        if not self.running and not self.input:
            self.passed = 0.0
        self.before = self.input
        self.q = self.running
        self.elapsed = max(min(self.passed, preset + 0.5), 0.0) / 1e6


class RetentiveOnDelay(Block, type="TONR", aliases=("RETENTIVE_ON_DELAY",)):
    """Becomes true when the input has been true for the preset time in all, with any breaks between.

    The time stands still while the input is false, and survives a restart; only the reset sets it to 0. A
    stretch begins with the scan that sees the input become true. A preset that changes counts at once, until
    the time has passed.
    """

    input = In(bool, aliases=("in", "IN", "enable"), doc="The time goes on while it is true")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets the time to 0; it goes before the input")
    preset_ms = In(
        float, default=1000.0, minimum=0.0, unit="ms", aliases=("PT", "pt", "preset"),
        doc="How long the input has to be true in all: a number or a signal; a negative one counts as 0",
    )  # fmt: skip
    before = State(False, doc="The time went on in the last scan")
    passed = State(0.0, retain=True, doc="Time so far, in whole nanoseconds")
    on = State(False, retain=True, doc="The time has passed")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time has passed")
    elapsed = Out(
        float,
        rounds=True,
        unit="ms",
        aliases=("et", "ET", "elapsed_ms"),
        doc="How long it has been true in all",
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
        """Let a reset that is true decide alone."""
        return quality.reset if self.reset else quality.worst
