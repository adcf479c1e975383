"""From readings to signals: values with their quality and time, and what becomes of them when none come."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from petra.drivers.errors import PointError
from petra.signals import GOOD, InboxFullError, Quality, Status

if TYPE_CHECKING:
    from petra.drivers.point import Point
    from petra.signals import Bus, Value

log = logging.getLogger("petra.drivers")


class Known(NamedTuple):
    """A signal as its last feed has left it."""

    value: Value
    status: Status
    updated: float


class Feed:
    """Points that are updated together. It belongs to the drivers' loop.

    A good value makes its signal good. A point that fails holds its last value and is bad, alone; `fail`
    makes all of them bad, `age` makes uncertain what has not been updated for too long.
    """

    def __init__(self, bus: Bus, points: Sequence[Point], now: float) -> None:
        layout = bus.layout
        mine = [i for i, point in enumerate(points) if layout.place(point.signal) < layout.split]
        self._bus = bus
        self._all = len(mine) == len(points)
        self._mine = mine
        self._group = bus.served(points[i].signal for i in mine)
        self._last: list[Value] = list(self._group.read())
        self._statuses: list[Status] = [GOOD] * len(mine)
        self._flawed = False
        self._owed: Status | None = None
        self.updated = now
        self.answered = not mine
        """Whether it was ever updated."""
        self.patience = max((3 * point.period for point in points), default=0.0) + 1.0
        self.retired = False
        """Whether others read its points now: a session that did not end when it was told to goes on."""
        self.refused = 0
        """Updates that the bus did not take: the scan was not keeping up."""

    @property
    def names(self) -> tuple[str, ...]:
        """The signals that it writes."""
        return self._group.names

    def update(
        self,
        values: Sequence[Value | PointError],
        time: int,
        now: float,
        leave: frozenset[int] = frozenset(),
    ) -> None:
        """Write what was read, a value or an error for each point, in the order of the points.

        Points to `leave` stay as they are: something newer is known of them.
        """
        if self.retired:
            return
        self.updated = now
        self.answered = True
        self._owed = None
        picked = values if self._all else [values[i] for i in self._mine]
        if (
            not leave
            and not self._flawed
            and not any(issubclass(kind, PointError) for kind in set(map(type, picked)))
        ):
            self._last = list(picked)  # type: ignore[arg-type]  # looked at above
            self._write_all(GOOD, time)
            return
        for place, value in enumerate(picked):
            if self._mine[place] in leave:
                continue
            if isinstance(value, PointError):
                self._set(place, self._last[place], Status(Quality.BAD, str(value)), time)
            else:
                self._set(place, value, GOOD, time)
        self._flawed = any(status is not GOOD for status in self._statuses)

    def show(self, signal: str, value: Value, time: int) -> bool:
        """Show what the device has taken, as good as it is read; False if the signal is not of these."""
        if signal not in self._group.names:
            return False
        place = self._group.names.index(signal)
        with suppress(InboxFullError):  # the next reading shows it
            self._bus.serve(signal, value, self._statuses[place], time)
        self._last[place] = value
        return True

    def state(self) -> Iterator[tuple[str, Known]]:
        """Yield what is known of each signal, for whoever reads it from now on."""
        for name, value, status in zip(self._group.names, self._last, self._statuses, strict=True):
            yield name, Known(value, status, self.updated)

    def take_over(self, known: Mapping[str, Known]) -> None:
        """Go on from what is known of these signals: no value becomes younger by being planned anew."""
        for place, name in enumerate(self._group.names):
            if name in known:
                self._last[place], self._statuses[place], updated = known[name]
                self.updated = min(self.updated, updated)
        self._flawed = any(status is not GOOD for status in self._statuses)

    def fail(self, reason: str) -> None:
        """Make all of them bad; they hold their last values."""
        self._mark(Status(Quality.BAD, reason))

    def age(self, now: float) -> None:
        """Make uncertain what is good and was not updated for too long; make up for what the bus refused."""
        if self._owed is not None:
            self._mark(self._owed)
        elif now - self.updated > self.patience and GOOD in self._statuses:
            stale = Status(Quality.UNCERTAIN, f"stale: not updated for {self.patience:g} s")
            if not self._flawed:
                self._mark(stale)
                return
            for place, status in enumerate(self._statuses):
                if status is GOOD:
                    self._set(place, self._last[place], stale, None)

    def _mark(self, status: Status) -> None:
        if self._owed is None and all(each == status for each in self._statuses):
            return
        self._statuses = [status] * len(self._statuses)
        self._flawed = True
        self._owed = None if self._write_all(status, None) else status

    def _write_all(self, status: Status, time: int | None) -> bool:
        if not self._mine:
            return True
        try:
            self._group.write(self._last, status, time)
        except InboxFullError:
            self.refused += 1
            return False
        return True

    def _set(self, place: int, value: Value, status: Status, time: int | None) -> None:
        if status is not GOOD and self._statuses[place] == status:
            return
        try:
            self._bus.serve(self._group.names[place], value, status, time)
        except InboxFullError:
            self.refused += 1
            return
        self._last[place], self._statuses[place] = value, status
