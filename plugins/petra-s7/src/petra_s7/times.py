"""Times of S7: counters and timers in BCD, durations, dates, times of day. Pure.

Durations are seconds, dates and times of day are texts in the format of ISO 8601. A writer raises ValueError,
OverflowError or `struct.error` for a value that its type cannot hold.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from petra.drivers import PointError, UnusableValueError

if TYPE_CHECKING:
    from petra.signals import Value

DURATIONS = ("time", "ltime", "s5time", "timer")
DATES = ("date", "time_of_day", "date_and_time", "dtl")

_EPOCH = date(1990, 1, 1)
_DAY_MS = 86_400_000
_S5_STEPS = (0.01, 0.1, 1.0, 10.0)

Moment = TypeVar("Moment", time, datetime)


def _bcd(number: int) -> int:
    text = f"{number:x}"
    if not text.isdecimal():
        raise UnusableValueError(f"the PLC sends 0x{number:x}, which is not BCD")
    return int(text)


# counters and durations


def _read_counter(data: bytes) -> int:
    return _bcd(int.from_bytes(data) & 0x0FFF)


def _write_counter(value: Value) -> bytes:
    number = round(float(value))
    if not 0 <= number <= 999:
        raise ValueError
    return int(str(number), 16).to_bytes(2)


def _read_s5time(data: bytes) -> float:
    """Return the seconds of two bits of time base and three BCD digits."""
    word = int.from_bytes(data)
    return _bcd(word & 0x0FFF) * _S5_STEPS[word >> 12 & 3]


def _write_s5time(value: Value) -> bytes:
    seconds = float(value)
    if not 0.0 <= seconds <= 9_990.0:
        raise ValueError
    # the finest base that holds it, as Step 7 chooses
    base = next(i for i, step in enumerate(_S5_STEPS) if round(seconds / step) <= 999)
    return (base << 12 | int(str(round(seconds / _S5_STEPS[base])), 16)).to_bytes(2)


def _read_ticks(per_second: float) -> Callable[[bytes], float]:
    return lambda data: int.from_bytes(data, signed=True) / per_second


def _write_ticks(per_second: float, size: int) -> Callable[[Value], bytes]:
    return lambda value: round(float(value) * per_second).to_bytes(size, signed=True)


# dates and times of day


def _read_date(data: bytes) -> str:
    return (_EPOCH + timedelta(days=int.from_bytes(data))).isoformat()


def _write_date(value: Value) -> bytes:
    return (date.fromisoformat(str(value)) - _EPOCH).days.to_bytes(2)


def _read_time_of_day(data: bytes) -> str:
    ms = int.from_bytes(data)
    if ms >= _DAY_MS:
        raise UnusableValueError(f"the PLC sends {ms} ms, which is not a valid time of day")
    moment = datetime(1990, 1, 1) + timedelta(milliseconds=ms)  # noqa: DTZ001 - a PLC knows no zone
    return moment.time().isoformat("milliseconds")


def _write_time_of_day(value: Value) -> bytes:
    t = _without_zone(time.fromisoformat(str(value)))
    return (((t.hour * 60 + t.minute) * 60 + t.second) * 1_000 + t.microsecond // 1_000).to_bytes(4)


def _read_date_and_time(data: bytes) -> str:
    """Return the moment of eight BCD bytes: year to second, three digits of milliseconds, the weekday."""
    year, month, day, hour, minute, second, ms = map(_bcd, data[:7])
    thousandths = ms * 10 + _bcd(data[7] >> 4)
    # two digits of the year: 90 to 99 are of the last century, 00 to 89 of this one
    return _moment(
        1900 + year if year >= 90 else 2000 + year, month, day, hour, minute, second, thousandths * 1_000
    )


def _write_date_and_time(value: Value) -> bytes:
    t = _without_zone(datetime.fromisoformat(str(value)))
    if not 1990 <= t.year <= 2089:
        raise ValueError
    ms = t.microsecond // 1_000
    digits = f"{t.year % 100:02}{t.month:02}{t.day:02}{t.hour:02}{t.minute:02}{t.second:02}{ms:03}"
    return bytes.fromhex(f"{digits}{_weekday(t)}")


def _read_dtl(data: bytes) -> str:
    year, month, day, _, hour, minute, second, ns = struct.unpack(">HBBBBBBI", data)
    return _moment(year, month, day, hour, minute, second, ns // 1_000)


def _write_dtl(value: Value) -> bytes:
    t = _without_zone(datetime.fromisoformat(str(value)))
    return struct.pack(
        ">HBBBBBBI", t.year, t.month, t.day, _weekday(t), t.hour, t.minute, t.second, t.microsecond * 1_000
    )


def _weekday(moment: datetime) -> int:
    """Return the number of a weekday as S7 counts them: Sunday is 1."""
    return moment.isoweekday() % 7 + 1


def _without_zone(moment: Moment) -> Moment:
    if moment.tzinfo is not None:
        raise PointError(f"{moment.isoformat()} has a zone, and the clock of a PLC has none")
    return moment


def _moment(*parts: int) -> str:
    try:
        return datetime(*parts).isoformat(timespec="milliseconds")  # type: ignore[arg-type]  # noqa: DTZ001 - a PLC knows no zone
    except ValueError:
        raise UnusableValueError("the PLC sends bytes that are not a valid date") from None


READERS: dict[str, Callable[[bytes], Value]] = {
    "counter": _read_counter,
    "timer": _read_s5time,
    "s5time": _read_s5time,
    "time": _read_ticks(1e3),
    "ltime": _read_ticks(1e9),
    "date": _read_date,
    "time_of_day": _read_time_of_day,
    "date_and_time": _read_date_and_time,
    "dtl": _read_dtl,
}
"""From the bytes of each type to its value."""
WRITERS: dict[str, Callable[[Value], bytes]] = {
    "counter": _write_counter,
    "timer": _write_s5time,
    "s5time": _write_s5time,
    "time": _write_ticks(1e3, 4),
    "ltime": _write_ticks(1e9, 8),
    "date": _write_date,
    "time_of_day": _write_time_of_day,
    "date_and_time": _write_date_and_time,
    "dtl": _write_dtl,
}
"""From a value of each type to its bytes."""
