"""Values from a file: what a simulated device plays back."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from petra.errors import PetraError
from petra.signals import INT_MAX, INT_MIN, SignalType, Value

if TYPE_CHECKING:
    from pathlib import Path

    from petra.drivers.simulation.simulator import Wave
TIME = "time_s"


class Track:
    """Values from a CSV file: a column `time_s`, and one for each signal. It begins again at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = [(line, row) for line, row in _numbered(csv.reader(file)) if any(row)]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PetraError(f"{path}: it cannot be read: {error}") from None
        if len(rows) < 2 or TIME not in rows[0][1]:
            raise PetraError(f"{path}: the first line needs a column {TIME}, and rows follow it")
        self._columns = [name.strip() for name in rows[0][1]]
        self._rows = rows[1:]
        for line, row in self._rows:
            if len(row) != len(self._columns):
                raise PetraError(f"{path}: line {line}: {len(row)} cells, and {len(self._columns)} columns")
        if len(set(self._columns)) != len(self._columns):
            raise PetraError(f"{path}: line 1: two columns of one name")
        self.signals = [name for name in self._columns if name != TIME]
        self._times = [_float(str(time)) for time in self._column(TIME, SignalType.FLOAT)]
        if sorted(self._times) != self._times:
            raise PetraError(f"{path}: {TIME} runs backwards")

    def wave(self, signal: str, kind: SignalType) -> Wave:
        """Return the function from seconds to the values of a column."""
        values, times = self._column(signal, kind), self._times
        lasts = times[-1] - times[0]
        length = lasts + (lasts / max(1, len(times) - 1) or 1.0)
        return lambda seconds: values[bisect_right(times, times[0] + seconds % length) - 1]

    def _column(self, name: str, kind: SignalType) -> list[Value]:
        at = self._columns.index(name)
        return [self._value(line, row[at], name, kind) for line, row in self._rows]

    def _value(self, line: int, text: str, column: str, kind: SignalType) -> Value:
        try:
            return _READ[kind](text)
        except ValueError:
            message = f"{self._path}: line {line}, column {column!r}: {text!r} is not a valid {kind.value}"
            raise PetraError(message) from None


def _numbered(reader: csv._reader) -> list[tuple[int, list[str]]]:  # type: ignore[name-defined]  # no other name
    return [(reader.line_num, row) for row in reader]


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "1", "on", "yes", "false", "0", "off", "no"):
        raise ValueError(text)
    return word in ("true", "1", "on", "yes")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _int(text: str) -> int:
    value = round(_float(text))
    if not INT_MIN <= value <= INT_MAX:
        raise ValueError(text)
    return value


_READ: dict[SignalType, Callable[[str], Value]] = {
    SignalType.BOOL: _bool,
    SignalType.FLOAT: _float,
    SignalType.INT: _int,
    SignalType.STRING: str,
}
