"""How moments, lengths of time and states of signals are written in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from petra.cli.console.output import printable, shown
from petra.signals.quality import Quality

if TYPE_CHECKING:
    from petra.plant.values import SignalValue
    from petra.signals import Signal, Value

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def moment(time: int) -> str:
    """Return a time of the day here, to the millisecond."""
    return f"{_local(time):%H:%M:%S.%f}"[:-3] if time else ""


def date_and_moment(time: int) -> str:
    """Return a date and time here, with its distance from UTC."""
    return _local(time).isoformat(" ", "milliseconds") if time else ""


def length(seconds: float) -> str:
    """Return a length of time in its two largest units: 3 d 4 h, 12 min 5 s."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1e3:.0f} ms"
    left = int(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number or parts:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])


def written(value: Value, unit: str = "") -> str:
    """Return a value with its unit; a text is quoted if it cannot be told from what is around it."""
    text = printable(shown(value))
    return f"{text} {unit}" if unit else text


def state(value: SignalValue, *, forced: bool) -> str:
    """Return what is to be known about a value: whether it is good, why not, and whether it is held."""
    words = [] if value.quality is Quality.GOOD else [value.quality.name.lower()]
    if value.reason:
        words.append(f"({printable(value.reason)})")
    if forced:
        words.append("forced")
    return " ".join(words) or "good"


def limits(signal: Signal) -> str:
    """Return the limits of a signal: 0..100, or the one that it has."""
    if signal.minimum is None and signal.maximum is None:
        return ""
    least = "" if signal.minimum is None else shown(signal.minimum)
    most = "" if signal.maximum is None else shown(signal.maximum)
    return f"{least}..{most}"


def _local(time: int) -> datetime:
    return datetime.fromtimestamp(time / 1e9, UTC).astimezone()
