"""Which signals there are and where each is kept. A reload makes another layout; none ever changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from math import ceil, floor
from typing import TypeVar

from attrs import frozen

from petra.closest import closest
from petra.errors import PetraError
from petra.signals.types import INT_MAX, INT_MIN, LONGEST_TEXT, SignalType, Value, nearest

T = TypeVar("T")

PART_SHIFT = 10
PART_SIZE = 1 << PART_SHIFT
"""How many inputs one part of an image holds: copying one takes 2 µs."""
PART_MASK = PART_SIZE - 1


class UnknownSignalError(PetraError, KeyError):
    """No signal has this name."""

    def __str__(self) -> str:
        return str(self.args[0])


class WrongTypeError(PetraError, TypeError):
    """The value is not of the signal's type."""


class OutOfLimitsError(PetraError, ValueError):
    """The value is outside the limits of the signal."""


class NotWritableError(PetraError):
    """This signal is not written in this way: a block writes it, or a device is given it by a command."""


class OnBad(Enum):
    """What becomes of a device when the signal that it is given turns bad."""

    SAFE = "safe"
    """It is given the signal's safe value."""
    HOLD = "hold"
    """It is given nothing: it keeps what it has."""
    LAST_GOOD = "last_good"
    """It is given the last value that was not bad, also when it comes back."""


@frozen
class Signal:
    """A signal of the bus.

    `written_by` names the block whose output it is; everything else is written from outside. `safe` is the
    value that it takes when the scan stops, and that a device is given when the signal has been bad for
    `safe_after` seconds. What is `commanded` goes to a device, and only a command writes it; what is
    `fed` has its value from a device. `minimum` and
    `maximum` are the limits of what may be written.
    """

    name: str
    type: SignalType
    initial: Value | None = None
    written_by: str = ""
    unit: str = ""
    safe: Value | None = None
    safe_after: float = 1.0
    on_bad: OnBad = OnBad.HOLD
    commanded: bool = False
    fed: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    description: str = ""
    category: str = ""

    @property
    def range(self) -> tuple[float, float] | None:
        """The least and the greatest value, where both are known: for displays and other systems."""
        if self.minimum is None or self.maximum is None:
            return None
        return float(self.minimum), float(self.maximum)


class Layout:
    """Signals in the order in which they are kept: inputs, written from outside, before outputs of blocks."""

    def __init__(self, signals: Iterable[Signal]) -> None:
        ordered = sorted(signals, key=lambda signal: bool(signal.written_by))
        self.signals = tuple(ordered)
        self.index = {signal.name: i for i, signal in enumerate(ordered)}
        if len(self.index) != len(ordered):
            raise ValueError("two signals of the same name")
        self.split = sum(not signal.written_by for signal in ordered)
        self.types = tuple(signal.type.python for signal in ordered)
        self.limits = {
            i: (signal.minimum, signal.maximum)
            for i, signal in enumerate(ordered)
            if signal.minimum is not None or signal.maximum is not None
        }
        """The least and the greatest value of each signal that has such limits."""

    def __len__(self) -> int:
        return len(self.signals)

    def is_computed(self, index: int) -> bool:
        """Return whether a block writes a signal, and nothing from outside."""
        return index >= self.split

    def parts_of(self, indices: Iterable[int]) -> tuple[int, ...]:
        """Return the parts of an image that these inputs are in."""
        return tuple({index >> PART_SHIFT for index in indices})

    def parted(self, column: Sequence[T]) -> tuple[Sequence[T], ...]:
        """Return a column of all signals in the parts of an image: inputs first, then all outputs."""
        begins = range(0, self.split, PART_SIZE)
        inputs = [column[begin : min(begin + PART_SIZE, self.split)] for begin in begins]
        return (*inputs, column[self.split :])

    def initial(self) -> list[Value]:
        """Return the values before anything is written."""
        return [_initial(signal) for signal in self.signals]

    def kept_from(self, old: Layout) -> dict[int, int]:
        """Return where the signals of another layout were that have the same name and type here."""
        return {
            new: old.index[signal.name]
            for new, signal in enumerate(self.signals)
            if signal.name in old.index and old.types[old.index[signal.name]] is self.types[new]
        }

    def place(self, name: str) -> int:
        """Return where a signal is kept."""
        index = self.index.get(name)
        if index is None:
            raise self.unknown(name)
        return index

    def unknown(self, name: str) -> UnknownSignalError:
        """Return the error for a name that no signal has, with the closest that one has."""
        guess = closest(name, self.index)
        return UnknownSignalError(
            f"there is no signal {name!r}" + (f"; did you mean {guess!r}?" if guess else "")
        )

    def check_writable(self, index: int) -> None:
        """Refuse a signal that a block writes, or that a device is given."""
        self.check_served(index)
        signal = self.signals[index]
        if signal.commanded:
            raise NotWritableError(f"{signal.name!r} goes to a device: write it by a command")

    def check_served(self, index: int) -> None:
        """Refuse a signal that a block writes."""
        if self.is_computed(index):
            signal = self.signals[index]
            raise NotWritableError(f"{signal.name!r} is written by the block {signal.written_by!r}")

    def check_limits(self, index: int, value: Value) -> None:
        """Refuse a value outside the limits of its signal."""
        if reason := self.outside(index, value):
            raise OutOfLimitsError(reason)

    def outside(self, index: int, value: Value) -> str:
        """Return why a value is outside the limits of its signal; an empty text when it is not."""
        if index not in self.limits or isinstance(value, str):
            return ""
        low, high = self.limits[index]
        name = self.signals[index].name
        if low is not None and not value >= low:
            return f"{name!r} is at least {low:g}, not {value:g}"
        if high is not None and not value <= high:
            return f"{name!r} is at most {high:g}, not {value:g}"
        return ""

    def nearest(self, index: int, value: Value) -> Value:
        """Return the value within the limits of its signal that is nearest to one; NaN stays what it is."""
        return nearest(value, *self.limits.get(index, (None, None)))

    def converted(self, index: int, value: Value) -> Value:
        """Return a value as its signal holds it: an int as a float where need be, ints within 64 bits."""
        wanted = self.types[index]
        actual = value.__class__
        if wanted is int and actual is int:
            return min(max(value, INT_MIN), INT_MAX)
        if actual is wanted and (wanted is not str or len(value) <= LONGEST_TEXT):  # type: ignore[arg-type]
            return value
        if wanted is float and actual is int:
            return float(min(max(value, INT_MIN), INT_MAX))
        signal = self.signals[index]
        if actual is str and wanted is str:
            raise WrongTypeError(f"{signal.name!r} holds at most {LONGEST_TEXT} characters")
        raise WrongTypeError(f"{signal.name!r} holds {signal.type.value}, not {value!r}")


def _initial(signal: Signal) -> Value:
    value = _nearest_to_zero(signal) if signal.initial is None else signal.initial
    if not isinstance(value, signal.type.python) and not (
        signal.type is SignalType.FLOAT and type(value) is int
    ):
        raise WrongTypeError(f"{signal.name!r} holds {signal.type.value}, not {value!r}")
    return signal.type.python(value)


def _nearest_to_zero(signal: Signal) -> Value:
    """Return zero, false or an empty text; of a number that may not be zero the limit nearest to it."""
    low, high = signal.minimum, signal.maximum
    if low is not None and low > 0:
        return ceil(low) if signal.type is SignalType.INT else low
    if high is not None and high < 0:
        return floor(high) if signal.type is SignalType.INT else high
    return signal.type.zero
