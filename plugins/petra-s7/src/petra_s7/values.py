"""From bytes to values and back, for every type of S7. Pure.

Durations are seconds, dates and times of day are texts as ISO 8601 writes them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from petra import SignalType
from petra.drivers import PointError, scaling
from petra.signals import INT_MAX

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
_DURATIONS = ("time", "ltime", "s5time", "timer")
_DATES = ("date", "time_of_day", "date_and_time", "dtl")
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
TYPES = ("bool", *_NUMBERS, "char", "wchar", "string", "wstring", *_DURATIONS, *_DATES, "counter")
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
_EPOCH = date(1990, 1, 1)
_LONGEST = {"string": 254, "wstring": 16_382}


def type_named(name: str) -> str | None:
    """Return the type that a name stands for, in any case, or None."""
    lower = name.lower()
    lower = _SAME_AS.get(lower, lower)
    return lower if lower in TYPES else None


@frozen(slots=False)
class Codec:
    """How one value lies in its bytes."""

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
        """Whether the value is another number than the one in the PLC."""
        return self.scale != 1.0 or self.offset != 0.0

    @property
    def holds(self) -> SignalType:
        """What a signal has to hold for it."""
        if self.type == "bool":
            return SignalType.BOOL
        if self.type in ("char", "wchar", "string", "wstring", *_DATES):
            return SignalType.STRING
        floats = self.scaled or self.type in ("real", "lreal", *_DURATIONS)
        return SignalType.FLOAT if floats else SignalType.INT

    @property
    def code(self) -> str:
        """Its code for `struct`, where it is a number that a signal always holds."""
        code = _NUMBERS.get(self.type, "")
        return "" if code == ">Q" and not self.scaled else code

    @cached_property
    def decode(self) -> Callable[[bytes, int], Value]:
        """Read the value that begins at a byte; PointError when there is none."""
        if self.type == "bool":
            mask = 1 << (self.bit or 0)
            return lambda data, at: bool(data[at] & mask)
        if self.type not in _NUMBERS:
            read, size = _READERS[self.type], self.size
            return lambda data, at: read(data[at : at + size])
        number = _number(_NUMBERS[self.type])
        if not self.scaled:
            return _held(number) if _NUMBERS[self.type] == ">Q" else number
        scaled = scaling(self.scale, self.offset)
        return lambda data, at: scaled(number(data, at))

    def encode(self, value: Value) -> bytes:
        """Return the bytes that hold a value; PointError when none can."""
        if self.type == "bool":
            if not isinstance(value, bool):
                raise PointError(f"{value!r} is neither true nor false")
            return bytes((value,))
        if isinstance(value, bool) or isinstance(value, str) is not (self.holds is SignalType.STRING):
            raise PointError(f"{value!r} is no value for {self.type}")
        if not isinstance(value, str) and not math.isfinite(value):
            raise PointError(f"{value!r} is no number that a PLC takes")
        try:
            if self.type in _NUMBERS and not isinstance(value, str):
                return self._pack(value)
            if self.type in _LONGEST:
                return _string(str(value), self.length, wide=self.type == "wstring")
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
            raise PointError(f"the PLC sends {value!r}")
        return value

    return read


def _held(number: Callable[[bytes, int], int | float]) -> Callable[[bytes, int], int | float]:
    """Read a number that may be more than a signal holds."""

    def read(data: bytes, at: int) -> int | float:
        value = number(data, at)
        if value > INT_MAX:
            raise PointError(f"the PLC sends {value}, more than a signal holds; scale it")
        return value

    return read


# texts


def _read_string(data: bytes) -> str:
    most, used = data[0], data[1]
    if used > most or most > 254:
        raise PointError(f"the PLC holds no string here: {used} characters of at most {most}")
    if used > len(data) - 2:
        raise PointError(_cut(used, len(data) - 2, most))
    return data[2 : 2 + used].decode("latin-1")


def _read_wstring(data: bytes) -> str:
    most, used = struct.unpack_from(">HH", data)
    if used > most:
        raise PointError(f"the PLC holds no wstring here: {used} characters of at most {most}")
    if used * 2 > len(data) - 4:
        raise PointError(_cut(used, (len(data) - 4) // 2, most))
    return data[4 : 4 + used * 2].decode("utf-16-be", "replace")


def _cut(used: int, length: int, most: int) -> str:
    return f"the text has {used} characters, and {length} are read; the PLC declares {most}"


def _string(text: str, length: int, *, wide: bool) -> bytes:
    raw = text.encode("utf-16-be" if wide else "latin-1")
    used = len(raw) // 2 if wide else len(raw)
    if used > length:
        raise PointError(f"a text of {used} characters does not fit into {length}")
    head = struct.pack(">HH" if wide else ">BB", length, used)
    return head + raw.ljust(length * 2 if wide else length, b"\0")


# durations

_S5_STEPS = (0.01, 0.1, 1.0, 10.0)


def _read_s5time(data: bytes) -> float:
    """Two bits of time base, three BCD digits."""
    word = int.from_bytes(data)
    return _bcd(word & 0x0FFF) * _S5_STEPS[word >> 12 & 3]


def _write_s5time(value: Value) -> bytes:
    seconds = float(value)
    if not 0.0 <= seconds <= 9_990.0:
        raise ValueError
    base = next(i for i, step in enumerate(_S5_STEPS) if round(seconds / step) <= 999)
    return (base << 12 | int(str(round(seconds / _S5_STEPS[base])), 16)).to_bytes(2)


def _bcd(number: int) -> int:
    text = f"{number:x}"
    if not text.isdecimal():
        raise PointError(f"the PLC sends 0x{number:x}, which is not BCD")
    return int(text)


def _write_counter(value: Value) -> bytes:
    number = round(float(value))
    if not 0 <= number <= 999:
        raise ValueError
    return int(str(number), 16).to_bytes(2)


# dates


def _read_date(data: bytes) -> str:
    return (_EPOCH + timedelta(days=int.from_bytes(data))).isoformat()


def _write_date(value: Value) -> bytes:
    return (date.fromisoformat(str(value)) - _EPOCH).days.to_bytes(2)


def _read_tod(data: bytes) -> str:
    ms = int.from_bytes(data)
    if ms >= 86_400_000:
        raise PointError(f"the PLC sends {ms} ms, which is no time of day")
    moment = datetime(1990, 1, 1) + timedelta(milliseconds=ms)  # noqa: DTZ001 - a PLC knows no zone
    return moment.time().isoformat("milliseconds")


def _write_tod(value: Value) -> bytes:
    t = _without_zone(time.fromisoformat(str(value)))
    return (((t.hour * 60 + t.minute) * 60 + t.second) * 1_000 + t.microsecond // 1_000).to_bytes(4)


def _read_dt(data: bytes) -> str:
    """BCD: year, month, day, hour, minute, second, three digits of milliseconds, and the weekday."""
    year, month, day, hour, minute, second, ms = map(_bcd, data[:7])
    thousandths = ms * 10 + _bcd(data[7] >> 4)
    return _moment(
        1900 + year if year >= 90 else 2000 + year, month, day, hour, minute, second, thousandths * 1_000
    )


def _write_dt(value: Value) -> bytes:
    t = _without_zone(datetime.fromisoformat(str(value)))
    if not 1990 <= t.year <= 2089:
        raise ValueError
    ms = t.microsecond // 1_000
    digits = f"{t.year % 100:02}{t.month:02}{t.day:02}{t.hour:02}{t.minute:02}{t.second:02}{ms:03}"
    return bytes.fromhex(f"{digits}{t.isoweekday() % 7 + 1}")


def _read_dtl(data: bytes) -> str:
    year, month, day, _, hour, minute, second, ns = struct.unpack(">HBBBBBBI", data)
    return _moment(year, month, day, hour, minute, second, ns // 1_000)


def _write_dtl(value: Value) -> bytes:
    t = _without_zone(datetime.fromisoformat(str(value)))
    weekday = t.isoweekday() % 7 + 1
    return struct.pack(
        ">HBBBBBBI", t.year, t.month, t.day, weekday, t.hour, t.minute, t.second, t.microsecond * 1_000
    )


T = TypeVar("T", time, datetime)


def _without_zone(moment: T) -> T:
    if moment.tzinfo is not None:
        raise PointError(f"{moment.isoformat()} has a zone, and the clock of a PLC has none")
    return moment


def _moment(*parts: int) -> str:
    try:
        return datetime(*parts).isoformat(timespec="milliseconds")  # type: ignore[arg-type]  # noqa: DTZ001 - a PLC knows no zone
    except ValueError:
        raise PointError("the PLC sends no date") from None


def _chars(value: Value, encoding: str, size: int) -> bytes:
    raw = str(value).encode(encoding)
    if len(raw) != size:
        raise ValueError
    return raw


_READERS: dict[str, Callable[[bytes], Value]] = {
    "char": lambda data: data.decode("latin-1"),
    "wchar": lambda data: data.decode("utf-16-be", "replace"),
    "string": _read_string,
    "wstring": _read_wstring,
    "counter": lambda data: _bcd(int.from_bytes(data) & 0x0FFF),
    "timer": _read_s5time,
    "s5time": _read_s5time,
    "time": lambda data: int.from_bytes(data, signed=True) / 1e3,
    "ltime": lambda data: int.from_bytes(data, signed=True) / 1e9,
    "date": _read_date,
    "time_of_day": _read_tod,
    "date_and_time": _read_dt,
    "dtl": _read_dtl,
}
_WRITERS: dict[str, Callable[[Value], bytes]] = {
    "char": lambda value: _chars(value, "latin-1", 1),
    "wchar": lambda value: _chars(value, "utf-16-be", 2),
    "counter": _write_counter,
    "timer": _write_s5time,
    "s5time": _write_s5time,
    "time": lambda value: round(float(value) * 1e3).to_bytes(4, signed=True),
    "ltime": lambda value: round(float(value) * 1e9).to_bytes(8, signed=True),
    "date": _write_date,
    "time_of_day": _write_tod,
    "date_and_time": _write_dt,
    "dtl": _write_dtl,
}
