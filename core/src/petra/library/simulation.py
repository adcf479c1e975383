"""Simulated signals for tests, training and demonstrations."""

from __future__ import annotations

import math

from petra.blocks import Block, In, Out, Param, State
from petra.library.faults import finite


class DataGenerator(Block, type="DATA_GENERATOR"):
    """A wave of a given shape. The same seed gives the same random values.

    The wave begins at phase 0 in the first enabled scan. The shape `counter` counts the enabled scans from 1
    and gives offset + amplitude * number; its amplitude can be written as `increment`.
    """

    enable = In(bool, default=True, aliases=("in", "input"), doc="The wave continues while it is true")
    shape = Param(
        str, default="sine", aliases=("type", "waveform"),
        choices=("sine", "square", "triangle", "sawtooth", "random", "constant", "counter"),
        doc="Shape of `out`",
    )  # fmt: skip
    frequency = Param(float, default=1.0, minimum=0.0, unit="Hz", doc="Waves per second")
    amplitude = Param(
        float, default=1.0, aliases=("increment",), doc="Greatest distance from the offset; step of a counter"
    )
    offset = Param(float, default=0.0, doc="Middle of the wave; value of a constant")
    seed = Param(int, default=1, minimum=0, maximum=2**31 - 1, doc="Seed of the random values")
    going = State(False, doc="`enable` in the last scan")
    phase = State(0.0, doc="Phase of the wave, from 0 to 1")
    number = State(0, doc="Enabled scans so far")
    chance = State(-1, doc="The last random number")
    out = Out(float, aliases=("output", "value"), doc="The wave")
    sine_out = Out(float, doc="A sine of the same frequency, whatever the shape")
    count_out = Out(int, aliases=("count",), doc="Number of enabled scans")

    def step(self, dt: float) -> None:
        if self.enable:
            self.number = self.number + 1
            if self.going:  # rounded: ten steps of 0.1 must end a period, but sum up to 0.9999999999999999
                self.phase = math.fmod(round(self.phase + self.frequency * dt, 12), 1.0)
            sine = math.sin(2.0 * math.pi * self.phase)
            level = 0.0
            if self.shape == "sine":
                level = sine
            elif self.shape == "square":
                level = 1.0 if self.phase < 0.5 else -1.0
            elif self.shape == "triangle":
                level = 1.0 - 4.0 * abs(self.phase - 0.5) if self.phase != 0.0 else -1.0
            elif self.shape == "sawtooth":
                level = 2.0 * self.phase - 1.0
            elif self.shape == "random":
                # A linear congruential generator (modulus 2**31): its state is one int, so it survives a
                # reload.
                seen = self.seed if self.chance < 0 else self.chance
                self.chance = (seen * 1103515245 + 12345) % 2147483648
                level = self.chance / 1073741824.0 - 1.0
            elif self.shape == "counter":
                level = float(self.number)
            self.out = self.offset + self.amplitude * level
            self.sine_out = self.offset + self.amplitude * sine
            self.count_out = self.number
        self.going = self.enable


class TankSimulation(Block, type="TANK_SIMULATION"):
    """The level in an upright tank that is filled and emptied.

    The level begins at the `initial` value of the signal at `tank_level`, otherwise at `initial_percent`,
    and moves from the second scan on.
    """

    inflow = In(float, default=0.0, unit="gpm", aliases=("in",), doc="Inflow")
    outflow = In(float, default=0.0, unit="gpm", aliases=("out",), doc="Outflow")
    capacity_gallons = Param(float, default=200_000.0, minimum=0.001, unit="gal", doc="Capacity")
    height_feet = Param(float, default=25.0, minimum=0.001, unit="ft", doc="Height")
    initial_percent = Param(
        float, default=50.0, minimum=0.0, maximum=100.0, unit="%", doc="Filling at the start"
    )
    begun = State(False, doc="A first scan has run")
    beginning = State(
        math.nan, begins_with="tank_level", doc="Level at the start; NaN if the signal declares none"
    )
    volume = State(0.0, doc="Volume in gallons")
    tank_level = Out(float, unit="ft", aliases=("level",), doc="Water level")
    percent = Out(float, unit="%", doc="Filling")

    def step(self, dt: float) -> None:
        more = (finite(self.inflow) - finite(self.outflow)) / 60.0 * dt
        if not self.begun:
            self.begun = True
            more = 0.0
            full = self.beginning / self.height_feet
            if not math.isfinite(full):
                full = self.initial_percent / 100.0
            self.volume = self.capacity_gallons * full
        self.volume = min(max(self.volume + more, 0.0), self.capacity_gallons)
        self.tank_level = self.volume / self.capacity_gallons * self.height_feet
        self.percent = self.volume / self.capacity_gallons * 100.0
