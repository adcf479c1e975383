"""Tables of pandas or polars, whichever is installed, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.plant.recent import Recent
    from petra.plant.values import Snapshot

LIBRARIES = ("pandas", "polars")
_BAD = 3


class NoTableLibraryError(PetraError):
    """No library for tables is installed."""


def table_of(snapshot: Snapshot) -> Any:
    """Return a table of signals at one moment, one row each."""
    rows = [(name, *snapshot[name]) for name in snapshot]
    columns = ("signal", "value", "quality", "reason", "time")
    data: dict[str, list[Any]] = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    data["quality"] = [quality.name.lower() for quality in data["quality"]]
    return _made(data, timed="time")


def trend_of(recent: Recent) -> Any:
    """Return a table of how signals went: one column each, a row for each moment at which one changed.

    A value that is bad is missing: it is not known what the signal was.
    """
    moments = sorted(set(recent.times))
    data: dict[str, list[Any]] = {"time": moments}
    row = {moment: i for i, moment in enumerate(moments)}
    changed: list[dict[int, Any]] = [{} for _ in recent.names]
    for time, place, value, quality in zip(
        recent.times, recent.signals, recent.values, recent.qualities, strict=True
    ):
        changed[place][row[time]] = None if quality == _BAD else value
    for name, told in zip(recent.names, changed, strict=True):
        data[name] = _held(told, len(moments))
    return _made(data, timed="time", index="time")


def _held(told: Mapping[int, Any], length: int) -> list[Any]:
    """Return a column in which each value holds until the next one."""
    column, value = [], None
    for i in range(length):
        value = told.get(i, value)
        column.append(value)
    return column


def _made(data: Mapping[str, Sequence[Any]], *, timed: str, index: str = "") -> Any:
    name = next((each for each in LIBRARIES if find_spec(each) is not None), None)
    if name is None:
        raise NoTableLibraryError("a table needs pandas or polars: pip install pandas")
    library = import_module(name)
    if name == "pandas":
        table = library.DataFrame(data)
        table[timed] = library.to_datetime(table[timed], unit="ns", utc=True)
        return table.set_index(index) if index else table
    table = library.DataFrame(data, strict=False)
    return table.with_columns(library.from_epoch(timed, time_unit="ns").dt.replace_time_zone("UTC"))
