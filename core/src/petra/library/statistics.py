"""Statistics of what was, over the last scans, and totals that survive a restart."""

from __future__ import annotations

import math

from petra.blocks import Block, In, Out, Param, State
from petra.library.faults import finite, settled

Window = tuple[float, ...]


def pushed(window: Window, value: float, size: int) -> Window:
    """Return the window with one more value and without those that are too old."""
    return (*window, finite(value))[-size:]


def mean(window: Window) -> float:
    """Return the mean."""
    return math.fsum(window) / len(window)


def deviation(window: Window) -> float:
    """Return the standard deviation of the values themselves (not of a population they were drawn from)."""
    middle = mean(window)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in window) / len(window))


class Statistics(Block, type="STATISTICS"):
    """Mean, extremes and standard deviation of the last scans."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a"), doc="Input")
    window_size = Param(int, default=10, minimum=1, maximum=10_000, doc="Over how many scans")
    window: State[Window] = State((), doc="The last inputs")
    mean = Out(float, aliases=("avg",), doc="Mean")
    minimum = Out(float, aliases=("min",), doc="Least")
    maximum = Out(float, aliases=("max",), doc="Greatest")
    stddev = Out(float, doc="Standard deviation")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, self.input, self.window_size)
        self.mean = mean(self.window)
        self.minimum = min(self.window)
        self.maximum = max(self.window)
        self.stddev = deviation(self.window)


class Average(Block, type="AVG", aliases=("AVERAGE", "MEAN")):
    """The mean of all inputs, and of the last scans if a window is given."""

    inputs = In(float, many=True, bools=True, doc="Any number of inputs, under any names")
    window_size = Param(int, default=1, minimum=1, maximum=10_000, doc="Over how many scans")
    window: State[Window] = State((), doc="The means of the last scans")
    out = Out(float, aliases=("output", "mean"), doc="The mean")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, mean(self.inputs), self.window_size)
        self.out = mean(self.window)


def median(values: Window) -> float:
    """Return the middle one; of an even number, what lies halfway between the two in the middle."""
    ordered = sorted(map(finite, values))
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * ordered[half - 1] + 0.5 * ordered[half]


class Median(Block, type="MEDIAN"):
    """The middle one of all inputs, such as three sensors, and of the last scans if a window is given."""

    inputs = In(float, many=True, bools=True, doc="Any number of inputs, under any names")
    window_size = Param(int, default=1, minimum=1, maximum=1000, doc="Over how many scans")
    window: State[Window] = State((), doc="The medians of the last scans")
    out = Out(float, aliases=("output", "median"), doc="The median")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, median(self.inputs), self.window_size)
        self.out = median(self.window)


class MinMax(Block, type="MIN_MAX"):
    """Least and greatest input of the last scans."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a"), doc="Input")
    window_size = Param(int, default=100, minimum=1, maximum=10_000, doc="Over how many scans")
    window: State[Window] = State((), doc="The last inputs")
    minimum = Out(float, aliases=("min",), doc="Least")
    maximum = Out(float, aliases=("max",), doc="Greatest")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, self.input, self.window_size)
        self.minimum = min(self.window)
        self.maximum = max(self.window)


class StandardDeviation(Block, type="STDDEV"):
    """Standard deviation of the last scans."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a"), doc="Input")
    window_size = Param(int, default=100, minimum=1, maximum=10_000, doc="Over how many scans")
    window: State[Window] = State((), doc="The last inputs")
    out = Out(float, aliases=("output", "stddev"), doc="Standard deviation")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, self.input, self.window_size)
        self.out = deviation(self.window)


class Totalizer(Block, type="TOTALIZER"):
    """Sums up a rate over time, such as m³/h to m³. The total survives a restart.

    The rate of a scan counts for the time since the last one; the first scan adds nothing. The sum keeps what
    is too small for its last digit, so that a large total still grows.
    """

    waits_for_all = True

    rate = In(float, aliases=("in", "input", "flow", "in1"), doc="Rate")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets the total to 0")
    per_s = Param(
        float, default=3600.0, minimum=0.001, unit="s", doc="Time that the rate refers to: 3600 for per hour"
    )
    begun = State(False, doc="There was a scan")
    sum = State(0.0, retain=True, doc="The total")
    rest = State(0.0, retain=True, doc="What has been added to the total and did not fit into its digits")
    total = Out(float, aliases=("out", "output"), doc="The total")

    def step(self, dt: float) -> None:
        if self.reset:
            self.sum = 0.0
            self.rest = 0.0
        elif self.begun:  # Kahan's sum
            more = finite(self.rate) * (dt / self.per_s) - self.rest
            after = settled(self.sum + more)
            self.rest = (after - self.sum) - more
            self.sum = after
        self.begun = True
        self.total = self.sum


class Runtime(Block, type="RUNTIME"):
    """How long, and how often, something has run. Both survive a restart.

    The time goes from the scan that sees it start to the scan that sees it stop.
    """

    running = In(bool, aliases=("in", "input", "enable"), doc="Whether it runs")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets both to 0")
    seconds = State(0.0, retain=True, doc="Time run")
    number = State(0, retain=True, doc="Starts")
    before = State(False, doc="The input in the last scan")
    hours = Out(float, unit="h", aliases=("out", "output"), doc="Hours run")
    starts = Out(int, doc="How often it started")

    def step(self, dt: float) -> None:
        if self.reset:
            self.seconds = 0.0
            self.number = 0
        else:
            if self.before:
                self.seconds = self.seconds + dt
            if self.running and not self.before:
                self.number = self.number + 1
        self.before = self.running
        self.hours = self.seconds / 3600.0
        self.starts = self.number
