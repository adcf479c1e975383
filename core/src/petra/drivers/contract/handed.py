"""What a driver hands over: the values that signals can hold, and in place of all else why they cannot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from petra.drivers.contract.errors import PointError, UnusableValueError
from petra.signals import INT_MAX, INT_MIN, Value
from petra.signals.group import picker
from petra.signals.types import LONGEST_TEXT, SCALAR_NOUN

Picked = Sequence[Value | PointError]


class Handed:
    """Looks at what is handed over for some points, of which those at `mine` are of interest.

    A driver may be a third party's: the number of its values and their types are not relied on.
    """

    def __init__(self, types: Sequence[type[Value]], mine: Sequence[int], points: int) -> None:
        self._types = list(types)
        self._mine = list(mine)
        self._points = points
        self._all = len(self._mine) == points
        self._ints, self._floats, self._texts = (
            picker([at for at, kind in enumerate(types) if kind is wanted]) for wanted in (int, float, str)
        )

    def values(self, given: Any) -> tuple[Picked, bool]:
        """Return a value or an error for each point of interest, and whether there is no error."""
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            return self._none_good(f"the driver gives a {type(given).__name__} in place of values")
        if len(given) != self._points:
            return self._none_good(f"the driver gives {len(given)} values for {self._points} points")
        picked: Picked = given if self._all else [given[at] for at in self._mine]
        if list(map(type, picked)) == self._types and self._within_limits(picked):
            return picked, True
        judged = list(map(checked, picked, self._types))
        return judged, not any(isinstance(value, PointError) for value in judged)

    def one(self, at: int, given: Any) -> Value | PointError:
        """Return the value of one point of interest as its signal holds it, or an error."""
        return checked(given, self._types[at])

    def _none_good(self, reason: str) -> tuple[Picked, bool]:
        return [PointError(reason)] * len(self._mine), not self._mine

    def _within_limits(self, picked: Picked) -> bool:
        """Return whether all are within limits; all of them are of the right types."""
        ints, texts = self._ints(picked), self._texts(picked)
        return (
            (not ints or (min(ints) >= INT_MIN and max(ints) <= INT_MAX))
            and math.isfinite(sum(self._floats(picked)))  # huge ones that are finite are looked at again
            and all(len(text) <= LONGEST_TEXT for text in texts)
        )


def checked(value: Any, wanted: type[Value]) -> Value | PointError:
    """Return a value as its signal holds it, or an error that says why it cannot."""
    if isinstance(value, PointError):
        return value
    kind = type(value)
    if wanted is str and kind is str and len(value) > LONGEST_TEXT:
        return UnusableValueError(
            f"the driver gives {len(value)} characters, and a signal holds {LONGEST_TEXT}"
        )
    if kind is int and wanted in (int, float) and not INT_MIN <= value <= INT_MAX:
        return UnusableValueError(
            f"the driver gives a number of {value.bit_length()} bits, and a signal holds 64"
        )
    if kind is float and wanted is float and not math.isfinite(value):
        return UnusableValueError(f"the driver gives {value!r}, which is not a number that a signal holds")
    if kind is wanted:
        return value  # type: ignore[no-any-return]  # its type was compared
    if kind is int and wanted is float:
        return float(value)
    noun = SCALAR_NOUN[wanted]
    return UnusableValueError(f"the driver gives a value of type {kind.__name__}, where {noun} is expected")


def time_error(time: object, signal: str) -> UnusableValueError | None:
    """Return why a signal cannot have a source time, or None; TypeError for what is not an int."""
    if type(time) is not int:
        raise TypeError(f"the time of {signal!r} is an int, nanoseconds since 1970, not {time!r}")
    if 0 <= time <= INT_MAX:
        return None
    shown = time if time.bit_length() <= 64 else f"a number of {time.bit_length()} bits"
    return UnusableValueError(
        f"the driver gives {shown} as the time of {signal!r}, which is not within 0 and 2^63 ns since 1970"
    )
