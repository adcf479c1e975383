"""Timers, by the sum of the time between scans. Times in milliseconds."""

from petra.blocks import Block, In, Out, Param, State


class OnDelay(Block, type="TON", aliases=("ON_DELAY",)):
    """Follows the input after it has been true for the preset time."""

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the time")
    preset_ms = Param(float, default=1000.0, minimum=0.0, unit="ms", doc="How long the input has to be true")
    passed = State(0.0, doc="Time so far")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time has passed")
    elapsed = Out(float, unit="ms", aliases=("et", "ET", "elapsed_ms"), doc="How long it has been true")

    def step(self, dt: float) -> None:
        self.passed = min(self.passed + dt * 1000.0, self.preset_ms) if self.input else 0.0
        self.q = self.input and self.passed >= self.preset_ms
        self.elapsed = self.passed


class OffDelay(Block, type="TOF", aliases=("OFF_DELAY",)):
    """Follows the input, and stays true for the preset time after it has gone false."""

    input = In(bool, aliases=("in", "IN", "enable"), doc="Input")
    preset_ms = Param(float, default=1000.0, minimum=0.0, unit="ms", doc="How long to stay true")
    on = State(False, doc="The output")
    passed = State(0.0, doc="Time so far")
    q = Out(bool, aliases=("out", "output", "Q"), doc="True, or it has been a moment ago")
    elapsed = Out(
        float, unit="ms", aliases=("et", "ET", "elapsed_ms"), doc="How long the input has been false"
    )

    def step(self, dt: float) -> None:
        if self.input:
            self.on = True
            self.passed = 0.0
        elif self.on:
            self.passed = min(self.passed + dt * 1000.0, self.preset_ms)
            self.on = self.passed < self.preset_ms
        self.q = self.on
        self.elapsed = self.passed


class Pulse(Block, type="TP", aliases=("PULSE",)):
    """Is true for the preset time when the input becomes true, whatever the input does meanwhile."""

    input = In(bool, aliases=("in", "IN", "enable"), doc="Starts the pulse when it becomes true")
    preset_ms = Param(float, default=1000.0, minimum=0.0, unit="ms", doc="How long the pulse is")
    running = State(False, doc="The pulse goes on")
    before = State(False, doc="The input in the last scan")
    passed = State(0.0, doc="Time so far")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The pulse")
    elapsed = Out(float, unit="ms", aliases=("et", "ET", "elapsed_ms"), doc="How long it has gone on")

    def step(self, dt: float) -> None:
        if self.running:
            self.passed = min(self.passed + dt * 1000.0, self.preset_ms)
        elif self.input and not self.before:
            self.passed = 0.0
            self.running = True
        if self.passed >= self.preset_ms:
            self.running = False
        if not self.running and not self.input:
            self.passed = 0.0
        self.before = self.input
        self.q = self.running
        self.elapsed = self.passed
