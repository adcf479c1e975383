"""The register detective: what registers mean as every type, in every order, at every scale. Pure."""

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
"""How many registers beside the given one are tried: off by one is the commonest slip."""
LONGEST = 4


@frozen
class Reading:
    """One way to read the registers."""

    shift: int
    codec: Codec
    value: float

    @property
    def oddity(self) -> int:
        """How unusual this way is."""
        scale = 0 if self.codec.scale == 1.0 else 1 + abs(round(math.log10(self.codec.scale)))
        return abs(self.shift) * 3 + _ODDITY[self.codec.type] + _ORDER_ODDITY[self.codec.order] + scale


def readings(registers: bytes, before: int = AROUND) -> list[Reading]:
    """Return every way to read registers, of which so many come before the one in question."""
    return list(_readings(registers, before))


def _readings(registers: bytes, before: int) -> Iterator[Reading]:
    for shift in range(-before, AROUND + 1):
        at = (before + shift) * 2
        for kind in _TYPES:
            for order in ORDERS:
                codec = Codec(kind, order)
                if at < 0 or at + codec.size > len(registers):
                    continue
                if codec.size == 2 and order in ("CDAB", "BADC"):
                    continue  # a single register has no words to swap
                try:
                    value = codec.decode(registers, at)
                except PointError:
                    continue
                if isinstance(value, str | bool):
                    continue
                for scale in _SCALES if not kind.startswith("float") else (1.0,):
                    yield Reading(shift, Codec(kind, order, scale=scale), value * scale)


def ranked(found: list[Reading], expect: float | None = None) -> list[Reading]:
    """Return readings by how plausible they are: near what is expected, and not too unusual."""
    return sorted(found, key=lambda reading: (_distance(reading, expect), reading.oddity))


def near(found: list[Reading], expect: float | None) -> list[Reading]:
    """Return the readings that are within a fifth of what is expected; all of them when none is."""
    if expect is None:
        return found
    return [reading for reading in found if _distance(reading, expect) <= 2] or found


def _distance(reading: Reading, expect: float | None) -> float:
    """Return in which class of nearness a reading is, 0 the nearest."""
    if expect is None:
        return _implausible(reading)
    error = abs(reading.value - expect) / max(abs(expect), 1e-9)
    return next(
        (i for i, limit in enumerate((0.01, 0.05, 0.2, 1.0)) if error <= limit), 4 + math.log10(1 + error)
    )


def _implausible(reading: Reading) -> float:
    """Without a hint: measured values are seldom huge, tiny, or a scaled float."""
    size = abs(reading.value)
    if size == 0.0:
        return 1.0
    if reading.codec.type.startswith("float"):
        return 0.0 if 1e-3 <= size <= 1e6 else 3.0
    return 1.0 if size <= 1e5 else 3.0
