"""Statistics over the last scans, and totals that survive a restart."""

from __future__ import annotations

import math

from petra.blocks import Block, In, Out, Param, State
from petra.library.faults import finite, settled

Window = tuple[float, ...]


def pushed(window: Window, value: float, size: int) -> Window:
    """Return the window with one more value, cut to its last `size` values."""
    return (*window, finite(value))[-size:]


def mean(window: Window) -> float:
    """Return the mean."""
    return math.fsum(window) / len(window)


def deviation(window: Window) -> float:
    """Return the standard deviation of the values: divided by n, not by n - 1."""
    middle = mean(window)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in window) / len(window))


class Statistics(Block, type="STATISTICS"):
    """Mean, extremes and standard deviation of the last scans."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a"), doc="Input")
    window_size = Param(int, default=10, minimum=1, maximum=10_000, doc="Number of scans")
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
    window_size = Param(int, default=1, minimum=1, maximum=10_000, doc="Number of scans")
    window: State[Window] = State((), doc="The means of the last scans")
    out = Out(float, aliases=("output", "mean"), doc="The mean")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, mean(self.inputs), self.window_size)
        self.out = mean(self.window)


def median(values: Window) -> float:
    """Return the middle value; of an even number of values, the mean of the two in the middle."""
    ordered = sorted(map(finite, values))
    half = len(ordered) // 2
    # Halved before the addition: the sum of two large floats would overflow.
    return ordered[half] if len(ordered) % 2 else 0.5 * ordered[half - 1] + 0.5 * ordered[half]


class Median(Block, type="MEDIAN"):
    """The median of all inputs, such as three sensors, and of the last scans if a window is given."""

    inputs = In(float, many=True, bools=True, doc="Any number of inputs, under any names")
    window_size = Param(int, default=1, minimum=1, maximum=1000, doc="Number of scans")
    window: State[Window] = State((), doc="The medians of the last scans")
    out = Out(float, aliases=("output", "median"), doc="The median")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, median(self.inputs), self.window_size)
        self.out = median(self.window)


class MinMax(Block, type="MIN_MAX"):
    """Least and greatest input of the last scans."""

    waits_for_all = True

    input = In(float, aliases=("in", "in1", "a"), doc="Input")
    window_size = Param(int, default=100, minimum=1, maximum=10_000, doc="Number of scans")
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
    window_size = Param(int, default=100, minimum=1, maximum=10_000, doc="Number of scans")
    window: State[Window] = State((), doc="The last inputs")
    out = Out(float, aliases=("output", "stddev"), doc="Standard deviation")

    def step(self, dt: float) -> None:
        self.window = pushed(self.window, self.input, self.window_size)
        self.out = deviation(self.window)


class Totalizer(Block, type="TOTALIZER"):
    """Sums up a rate over time, such as m³/h to m³. The total survives a restart.

    The rate in a scan counts for the time since the last scan; the first scan adds nothing. Rounding errors
    are compensated, so a large total still grows by small amounts.
    """

    waits_for_all = True

    rate = In(float, aliases=("in", "input", "flow", "in1"), doc="Rate")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets the total to 0")
    per_s = Param(
        float, default=3600.0, minimum=0.001, unit="s", doc="Time that the rate refers to: 3600 for per hour"
    )
    begun = State(False, doc="A first scan has run")
    sum = State(0.0, retain=True, doc="The total")
    rest = State(0.0, retain=True, doc="Rounding error of the total")
    total = Out(float, aliases=("out", "output"), doc="The total")

    def step(self, dt: float) -> None:
        if self.reset:
            self.sum = 0.0
            self.rest = 0.0
        elif self.begun:  # Kahan summation: a float total of 1e9 loses additions below 6e-8
            more = finite(self.rate) * (dt / self.per_s) - self.rest
            after = settled(self.sum + more)
            self.rest = (after - self.sum) - more
            self.sum = after
        self.begun = True
        self.total = self.sum


class Runtime(Block, type="RUNTIME"):
    """Hours run and number of starts. Both survive a restart.

    A run lasts from the scan in which the input becomes true to the scan in which it becomes false.
    """

    running = In(bool, aliases=("in", "input", "enable"), doc="True while the equipment runs")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Sets hours and starts to 0")
    seconds = State(0.0, retain=True, doc="Time run")
    number = State(0, retain=True, doc="Starts")
    before = State(False, doc="The input in the last scan")
    hours = Out(float, unit="h", aliases=("out", "output"), doc="Hours run")
    starts = Out(int, doc="Number of starts")

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
