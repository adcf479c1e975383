"""From bytes to values and back: types, scaling, numbers. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from petra import SignalType
from petra.drivers import PointError, UnusableValueError, scaling
from petra.signals import INT_MAX

from . import texts, times

if TYPE_CHECKING:
    from petra.signals import Value

_NUMBERS = {
    "byte": ">B",
    "usint": ">B",
    "sint": ">b",
    "word": ">H",
    "uint": ">H",
    "int": ">h",
    "dword": ">I",
    "udint": ">I",
    "dint": ">i",
    "lword": ">Q",
    "ulint": ">Q",
    "lint": ">q",
    "real": ">f",
    "lreal": ">d",
}
_SIZES = {
    "bool": 1,
    "char": 1,
    "wchar": 2,
    "counter": 2,
    "timer": 2,
    "s5time": 2,
    "date": 2,
    "time": 4,
    "time_of_day": 4,
    "ltime": 8,
    "date_and_time": 8,
    "dtl": 12,
}
TYPES = ("bool", *_NUMBERS, *texts.TEXTS, *times.DURATIONS, *times.DATES, "counter")
SCALABLE = tuple(_NUMBERS)
"""Types that can be scaled, and whose limits can be checked."""
_SAME_AS = {
    "x": "bool",
    "uint8": "usint",
    "int8": "sint",
    "int16": "int",
    "uint16": "uint",
    "int32": "dint",
    "uint32": "udint",
    "int64": "lint",
    "uint64": "ulint",
    "float": "real",
    "float32": "real",
    "float64": "lreal",
    "tod": "time_of_day",
    "dt": "date_and_time",
}
NAMES = (*TYPES, *_SAME_AS)
_READERS: dict[str, Callable[[bytes], Value]] = {
    "char": texts.read_char,
    "wchar": texts.read_wchar,
    "string": texts.read_string,
    "wstring": texts.read_wstring,
    **times.READERS,
}
_WRITERS: dict[str, Callable[[Value], bytes]] = {
    "char": texts.write_char,
    "wchar": texts.write_wchar,
    **times.WRITERS,
}
_STRING_WRITERS = {"string": texts.write_string, "wstring": texts.write_wstring}


def type_named(name: str) -> str | None:
    """Return the type that a name means, in upper or lower case; None if there is none."""
    lower = name.lower()
    lower = _SAME_AS.get(lower, lower)
    return lower if lower in TYPES else None


@frozen(slots=False)
class Codec:
    """How one value lies in its bytes. `bit` is for a bool."""

    type: str
    bit: int | None = None
    length: int = 0
    """Characters of a string."""
    scale: float = 1.0
    offset: float = 0.0

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        if self.type == "string":
            return self.length + 2
        if self.type == "wstring":
            return self.length * 2 + 4
        return _SIZES.get(self.type) or struct.calcsize(_NUMBERS[self.type])

    @property
    def scaled(self) -> bool:
        """Whether the value differs from the number in the PLC."""
        return self.scale != 1.0 or self.offset != 0.0

    @property
    def holds(self) -> SignalType:
        """The type of signal that holds it."""
        if self.type == "bool":
            return SignalType.BOOL
        if self.type in (*texts.TEXTS, *times.DATES):
            return SignalType.STRING
        floats = self.scaled or self.type in ("real", "lreal", *times.DURATIONS)
        return SignalType.FLOAT if floats else SignalType.INT

    @property
    def code(self) -> str:
        """Its format for `struct`, where it is a number that a signal always holds."""
        code = _NUMBERS.get(self.type, "")
        # half of the unsigned 64-bit numbers are more than a signal holds: decode() checks each of them
        return "" if code == ">Q" and not self.scaled else code

    @cached_property
    def decode(self) -> Callable[[bytes, int], Value]:
        """Return the function that reads the value at an offset; PointError when there is none."""
        if self.type == "bool":
            mask = 1 << (self.bit or 0)
            return lambda data, at: bool(data[at] & mask)
        if self.type not in _NUMBERS:
            read, size = _READERS[self.type], self.size
            return lambda data, at: read(data[at : at + size])
        number = _number(_NUMBERS[self.type])
        if not self.scaled:
            return _bounded(number) if _NUMBERS[self.type] == ">Q" else number
        scaled = scaling(self.scale, self.offset)
        return lambda data, at: scaled(number(data, at))

    def encode(self, value: Value) -> bytes:
        """Return the bytes of a value; PointError when the type cannot hold it."""
        if self.type == "bool":
            if not isinstance(value, bool):
                raise PointError(f"{value!r} is neither true nor false")
            return bytes((value,))
        if isinstance(value, bool) or isinstance(value, str) is not (self.holds is SignalType.STRING):
            raise PointError(f"{value!r} is not a valid value for {self.type}")
        if not isinstance(value, str) and not math.isfinite(value):
            raise PointError(f"{value!r} is not a number that a PLC takes")
        try:
            if self.type in _NUMBERS and not isinstance(value, str):
                return self._pack(value)
            if (write := _STRING_WRITERS.get(self.type)) is not None:
                return write(str(value), self.length)
            return _WRITERS[self.type](value)
        except (struct.error, ValueError, OverflowError, UnicodeEncodeError):
            raise PointError(f"{value!r} does not fit into {self.type}") from None

    def as_written(self, value: Value) -> Value:
        """Return what is read back after a value was written."""
        if self.type == "bool":
            return bool(self.encode(value)[0])
        return self.decode(self.encode(value), 0)

    def _pack(self, value: float) -> bytes:
        raw = (value - self.offset) / self.scale if self.scaled else value
        return struct.pack(_NUMBERS[self.type], raw if self.type in ("real", "lreal") else round(raw))


def _number(layout: str) -> Callable[[bytes, int], int | float]:
    unpack = struct.Struct(layout).unpack_from
    if layout[-1] not in "fd":
        return lambda data, at: unpack(data, at)[0]

    def read(data: bytes, at: int) -> float:
        value: float = unpack(data, at)[0]
        if not math.isfinite(value):
            raise UnusableValueError(f"the PLC sends {value!r}")
        return value

    return read


def _bounded(number: Callable[[bytes, int], int | float]) -> Callable[[bytes, int], int | float]:
    """Return a reader that refuses a number that is more than a signal holds."""

    def read(data: bytes, at: int) -> int | float:
        value = number(data, at)
        if value > INT_MAX:
            raise UnusableValueError(f"the PLC sends {value}, more than a signal holds; scale it")
        return value

    return read
