"""Switching by the time of day. Blocks do not read a clock: the engine writes the time to signals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from petra.blocks import Block, In, Out, Param

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class Schedule(Block, type="SCHEDULE"):
    """True between two times of day on selected days; past midnight if the second time is earlier.

    Wire `second` to `petra.clock.second_of_day` and `day` to `petra.clock.day_of_week`.
    """

    second = In(int, aliases=("time",), unit="s", doc="Second of the day, local time")
    day = In(int, default=0, aliases=("weekday",), doc="Day of the week, Monday is 0")
    begin = Param(str, default="08:00", aliases=("from", "on_time"), doc="Time of day when q becomes true")
    end = Param(str, default="17:00", aliases=("to", "off_time"), doc="Time of day when q becomes false")
    days = Param(
        str, default="mon-sun", doc="Days on which the time begins, such as mon-fri or mon,wed,sat-sun"
    )
    q = Out(bool, aliases=("out", "output", "Q"), doc="The time of day is within the schedule")

    def __init__(self, **params: bool | float | str) -> None:
        super().__init__(**params)
        self._begin, self._end = _read_seconds(self.begin), _read_seconds(self.end)
        self._days = _read_days(self.days)

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield texts that are not a time or day, days without the input `day`, and a time without length."""
        read: dict[str, Any] = {}
        for name, reads in (("begin", _read_seconds), ("end", _read_seconds), ("days", _read_days)):
            try:
                read[name] = reads(str(given[name]))
            except ValueError as error:
                yield name, f"cannot be read: {error}"
        if "day" not in given and len(read.get("days", _DAYS)) < len(_DAYS):
            yield "days", "needs the input 'day': wire it to petra.clock.day_of_week"
        if "begin" in read and read["begin"] == read.get("end"):
            yield "end", "equals begin: q is never true"

    def step(self, dt: float) -> None:
        today = self.day % 7 in self._days
        yesterday = (self.day - 1) % 7 in self._days
        if self._begin <= self._end:
            self.q = today and self._begin <= self.second < self._end
        else:  # past midnight: the morning after belongs to the day on which the time began
            self.q = (today and self.second >= self._begin) or (yesterday and self.second < self._end)


def _read_seconds(text: str) -> int:
    match = _TIME.fullmatch(text.strip())
    if match is None or (seconds := int(match[1]) * 3600 + int(match[2]) * 60) > 86_400:
        raise ValueError(f"{text!r} is not a time of day: write it as 06:30")
    return seconds


def _read_days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"{part!r} is not a day of the week: write mon, or mon-fri")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(found)
