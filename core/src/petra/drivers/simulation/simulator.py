"""Simulated devices: what a plugin's simulator has to do, and the values that move in it."""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import ge

from petra.errors import PetraError
from petra.settings import about
from petra.signals import GOOD, QualityReason, SignalType, Value

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point


Wave = Callable[[float], Value]
"""Seconds since the begin to a value."""


class Simulator(ABC):
    """A device with a driver's own points. It belongs to the loop that it was started in."""

    def __init__(self, points: Sequence[Point], *, port: int = 0, serial: str = "") -> None:
        self.points = tuple(points)
        self.port = port
        """Where its driver looks for it."""
        self.serial = serial
        """The serial device on which it is found, in place of a port."""

    @abstractmethod
    async def start(self, host: str, port: int) -> int:
        """Listen on a port, 0 for any, and return which one it is."""

    @abstractmethod
    async def stop(self) -> None:
        """Close the port and every connection."""

    @abstractmethod
    def set(self, point: Point, value: Value) -> None:
        """Hold a value where a point finds it."""

    @abstractmethod
    def get(self, point: Point) -> Value:
        """Return what a point finds there."""

    @abstractmethod
    def refuse(self, point: Point) -> None:
        """Answer requests for this point's address as a device that does not have it."""

    @abstractmethod
    def accept(self, point: Point) -> None:
        """Have the address again."""

    def moves(self, point: Point) -> Wave | None:
        """Return how a point moves by default, where no pattern fits what it holds."""
        del point
        return None

    def extent(self, point: Point) -> tuple[Hashable, range]:
        """Return what of the device a point takes: an area, and a range of the finest parts in it.

        Points that share a part are one place. Without anything better, that is what has the same address.
        """
        return (point.station, point.address), range(1)

    def silence(self, station: str, *, silent: bool) -> None:
        """Let one of several stations answer no more, or again."""
        raise PetraError(f"{type(self).__name__} has no stations: {station!r}, {silent}")


class PushSimulator(Simulator):
    """A device that tells by itself: values with their own qualities and times, points that come and go."""

    @abstractmethod
    def push(
        self, point: Point, value: Value, status: QualityReason = GOOD, source_time: int | None = None
    ) -> None:
        """Hold a value and tell it, with its quality, and its time or the time of now."""

    @abstractmethod
    def withdraw(self, point: Point, reason: str) -> None:
        """Have a point no more, and tell so."""

    @abstractmethod
    def announce(self, point: Point) -> None:
        """Have a point again, and tell so and what it holds."""

    def set(self, point: Point, value: Value) -> None:
        """Hold a value and tell it."""
        self.push(point, value)

    def refuse(self, point: Point) -> None:
        """Do not have this point any more."""
        self.withdraw(point, "there is no such point")

    def accept(self, point: Point) -> None:
        """Have the point again."""
        self.announce(point)


@frozen
class Pattern:
    """How a simulated value moves."""

    signal: str = field(metadata=about("Signal of the point", shorthand=True))
    pattern: Literal["constant", "sine", "triangle", "square", "sawtooth", "random", "counter", "toggle"] = (
        field(default="sine", metadata=about("How it moves"))
    )
    period_s: float = field(default=10.0, validator=ge(0.001), metadata=about("Length of a cycle", unit="s"))
    amplitude: float = field(default=50.0, metadata=about("Half of how far it goes"))
    offset: float = field(default=50.0, metadata=about("Middle of it; the value of a constant"))
    phase: float = field(default=0.0, metadata=about("Where in the cycle it begins, 0 to 1"))


def wave(pattern: Pattern, kind: SignalType, seed: int = 0) -> Wave:
    """Return the function from seconds to values of a signal's type."""
    shape = _SHAPES[pattern.pattern]
    dice = random.Random(seed)  # noqa: S311 - a simulation, the same one every time

    def value(seconds: float) -> Value:
        turns = seconds / pattern.period_s + pattern.phase
        return _as(kind, pattern, shape(turns, dice))

    return value


_SHAPES: dict[str, Callable[[float, random.Random], float]] = {
    "constant": lambda _, __: 0.0,
    "sine": lambda turns, _: math.sin(math.tau * turns),
    "triangle": lambda turns, _: 4 * abs((turns + 0.75) % 1.0 - 0.5) - 1,
    "square": lambda turns, _: 1.0 if turns % 1.0 < 0.5 else -1.0,
    "sawtooth": lambda turns, _: 2 * (turns % 1.0) - 1,
    "random": lambda _, dice: dice.uniform(-1.0, 1.0),
    "counter": lambda turns, _: math.floor(turns),
    "toggle": lambda turns, _: 1.0 if turns % 1.0 < 0.5 else -1.0,
}


def _as(kind: SignalType, pattern: Pattern, shape: float) -> Value:
    if kind is SignalType.BOOL and pattern.pattern == "constant":
        return pattern.offset != 0.0
    if kind is SignalType.BOOL:
        return shape > 0 if pattern.pattern != "counter" else bool(int(shape) % 2)
    number = shape if pattern.pattern == "counter" else pattern.offset + pattern.amplitude * shape
    if kind is SignalType.INT:
        return round(number)
    return f"{number:.6g}" if kind is SignalType.STRING else float(number)


def read_back(simulator: Simulator, points: Iterable[Point]) -> set[Point]:
    """Return the points that are only read, and show what another one of these writes."""
    written: dict[Hashable, list[range]] = {}
    readers = []
    for point in points:
        area, parts = simulator.extent(point)
        if point.direction.writes:
            written.setdefault(area, []).append(parts)
        else:
            readers.append((point, area, parts))
    for each in written.values():
        each.sort(key=lambda parts: parts.start)
    return {point for point, area, parts in readers if _meets(written.get(area, []), parts)}


def _meets(taken: Sequence[range], parts: range) -> bool:
    """Return whether a range shares anything with others, which are in order and share nothing."""
    at = bisect_left(taken, parts.stop, key=lambda each: each.start)
    return at > 0 and taken[at - 1].stop > parts.start


def usual(point: Point, number: int) -> Pattern:
    """Return how a point moves by default: so that neighbours are told apart."""
    phase = number * 0.07 % 1.0
    if point.type is SignalType.BOOL:
        return Pattern(point.signal, "toggle", period_s=4.0 + number % 5, phase=phase)
    if point.type is SignalType.STRING:
        return Pattern(point.signal, "counter", period_s=5.0)
    return Pattern(point.signal, "sine", period_s=20.0 + number % 7, phase=phase)
