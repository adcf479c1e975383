"""Interpretations of registers as every type, in every order, at every scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from attrs import frozen

from petra.drivers import PointError

from .codec import ORDERS, Codec

_SCALES = (1.0, 0.1, 0.01, 0.001, 10.0)
_TYPES = ("float32", "uint16", "int16", "uint32", "int32", "float64", "uint64", "int64", "bcd16", "bcd32")
_ODDITY = {
    "float32": 0,
    "uint16": 1,
    "int16": 1,
    "uint32": 1,
    "int32": 1,
    "float64": 2,
    "uint64": 3,
    "int64": 3,
    "bcd16": 4,
    "bcd32": 4,
}
_ORDER_ODDITY = {"ABCD": 0, "CDAB": 1, "DCBA": 3, "BADC": 3}
AROUND = 1
"""Registers before and after the given one that are tried: off by one is the most frequent mistake."""
LONGEST = 4
"""Registers of the longest type."""


@frozen
class Interpretation:
    """One way to interpret the registers: the shift of the address, the codec, and the value it gives."""

    shift: int
    codec: Codec
    value: float

    @property
    def oddity(self) -> int:
        """How unusual the interpretation is, 0 for the most usual."""
        scale = 0 if self.codec.scale == 1.0 else 1 + abs(round(math.log10(self.codec.scale)))
        return abs(self.shift) * 3 + _ODDITY[self.codec.type] + _ORDER_ODDITY[self.codec.order] + scale


def interpretations(registers: bytes, before: int = AROUND) -> list[Interpretation]:
    """Return every interpretation of registers, of which the first `before` precede the given address."""
    return list(_interpretations(registers, before))


def _interpretations(registers: bytes, before: int) -> Iterator[Interpretation]:
    for shift in range(-before, AROUND + 1):
        at = (before + shift) * 2
        for kind in _TYPES:
            for order in ORDERS:
                codec = Codec(kind, order)
                if at < 0 or at + codec.size > len(registers):
                    continue
                if codec.size == 2 and order in ("CDAB", "BADC"):
                    continue  # in one register CDAB is ABCD, and BADC is DCBA
                try:
                    value = codec.decode(registers, at)
                except PointError:
                    continue
                if isinstance(value, str | bool):
                    continue
                for scale in _SCALES if not kind.startswith("float") else (1.0,):
                    yield Interpretation(shift, Codec(kind, order, scale=scale), value * scale)


def ranked(found: list[Interpretation], expect: float | None = None) -> list[Interpretation]:
    """Return interpretations, the most plausible first: near the expected value, and usual."""
    return sorted(found, key=lambda each: (_distance(each, expect), each.oddity))


def near(found: list[Interpretation], expect: float | None) -> list[Interpretation]:
    """Return the interpretations within a fifth of the expected value; all of them when there is none."""
    if expect is None:
        return found
    return [each for each in found if _distance(each, expect) <= 2] or found


def _distance(one: Interpretation, expect: float | None) -> float:
    """Return the class of distance from the expected value, 0 for the nearest."""
    if expect is None:
        return _implausible(one)
    error = abs(one.value - expect) / max(abs(expect), 1e-9)
    return next(
        (i for i, limit in enumerate((0.01, 0.05, 0.2, 1.0)) if error <= limit), 4 + math.log10(1 + error)
    )


def _implausible(one: Interpretation) -> float:
    """Return how implausible a value is by itself: measured values are rarely huge or tiny."""
    size = abs(one.value)
    if size == 0.0:
        return 1.0
    if one.codec.type.startswith("float"):
        return 0.0 if 1e-3 <= size <= 1e6 else 3.0
    return 1.0 if size <= 1e5 else 3.0
