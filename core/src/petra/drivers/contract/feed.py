"""From readings to signals: values with their quality and time, and what becomes of them when none come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from petra.drivers.contract.errors import PointError
from petra.drivers.contract.handed import Handed
from petra.errors import PetraError
from petra.signals import GOOD, InboxFullError, Quality, Status

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.signals import Value
    from petra.signals import ServedBus as Bus


class Known(NamedTuple):
    """A signal as its last feed has left it."""

    value: Value
    status: Status
    updated: float
    told: bool = True
    """Whether the bus has taken the status."""


class Feed:
    """Points that are updated together. It belongs to the drivers' loop.

    A good value makes its signal good. A point that fails holds its last value and is bad, alone; `fail`
    makes all of them bad, `age` makes uncertain what has not been updated for too long. Whatever a driver
    hands over, only values that the signals can hold are kept, so that nothing can stop `fail`; what the bus
    does not take of it is told again with every `age`.
    """

    def __init__(self, bus: Bus, points: Sequence[Point], now: float) -> None:
        layout = bus.layout
        mine = [i for i, point in enumerate(points) if layout.place(point.signal) < layout.split]
        self._bus = bus
        self._mine = mine
        self._group = bus.served(points[i].signal for i in mine)
        self._handed = Handed([layout.types[layout.place(points[i].signal)] for i in mine], mine, len(points))
        self._last: list[Value] = list(self._group.read())
        self._statuses: list[Status] = [GOOD] * len(mine)
        self._flawed = False
        self._owed: set[int] = set()
        """Places whose status the bus has not taken yet."""
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

    @property
    def owes(self) -> bool:
        """Whether the bus has not taken yet what has become of a signal."""
        return bool(self._owed)

    def update(
        self,
        values: Sequence[Value | PointError],
        time: int,
        now: float,
        leave: frozenset[int] = frozenset(),
    ) -> None:
        """Write what was read, a value or an error for each point, in the order of the points.

        Points to `leave` stay as they are: something newer is known of them. What a signal cannot hold makes
        its point bad, and a number of values that is not the number of points makes all of them bad.
        """
        if self.retired:
            return
        if time.__class__ is not int:
            raise TypeError(f"the time of a reading is an int, nanoseconds since 1970, not {time!r}")
        self.updated = float(now)
        self.answered = True
        picked, good = self._handed.values(values)
        if good and not leave and not self._flawed:
            self._last = list(picked)  # type: ignore[arg-type]  # there is no error among them
            self._write_all(GOOD, time)
            return
        for place, value in enumerate(picked):
            if self._mine[place] in leave:
                continue
            if isinstance(value, PointError):
                reason = str(value) or "the device gives no reason"
                self._set(place, self._last[place], Status(Quality.BAD, reason), time)
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
        for place, name in enumerate(self._group.names):
            told = place not in self._owed
            yield name, Known(self._last[place], self._statuses[place], self.updated, told)

    def take_over(self, known: Mapping[str, Known]) -> None:
        """Go on from what is known of these signals: no value becomes younger by being planned anew."""
        for place, name in enumerate(self._group.names):
            if name in known:
                self._last[place], self._statuses[place], updated, told = known[name]
                self.updated = min(self.updated, updated)
                if not told:
                    self._owed.add(place)
        self._flawed = any(status is not GOOD for status in self._statuses)

    def hand_over(self, names: Sequence[str]) -> None:
        """Leave it to others to tell of these signals what the bus has not taken."""
        taken = set(names)
        self._owed = {place for place in self._owed if self._group.names[place] not in taken}

    def fail(self, reason: str) -> None:
        """Make all of them bad; they hold their last values."""
        self._mark(Status(Quality.BAD, reason or "it gives no reason"))

    def age(self, now: float) -> None:
        """Make uncertain what is good and was not updated for too long; make up for what the bus refused."""
        if self._owed:
            self._tell()
        self.updated = min(self.updated, now)  # a driver may have told a time of another clock
        if now - self.updated <= self.patience or GOOD not in self._statuses:
            return
        stale = Status(Quality.UNCERTAIN, f"stale: not updated for {self.patience:g} s")
        if not self._flawed:
            self._mark(stale)
            return
        for place, status in enumerate(self._statuses):
            if status is GOOD:
                self._set(place, self._last[place], stale, None)

    def _mark(self, status: Status) -> None:
        if not self._owed and all(each == status for each in self._statuses):
            return
        self._statuses = [status] * len(self._statuses)
        self._flawed = True
        self._owed = set() if self._write_all(status, None) else set(range(len(self._statuses)))

    def _tell(self) -> None:
        """Tell the bus what it has not taken, all at once where all of them are the same."""
        first = self._statuses[0]
        if len(self._owed) == len(self._statuses) and all(each == first for each in self._statuses):
            self._mark(first)
            return
        for place in sorted(self._owed):
            if not self._write(place, self._last[place], self._statuses[place], None):
                return
            self._owed.discard(place)

    def _write_all(self, status: Status, time: int | None) -> bool:
        if not self._mine:
            return True
        try:
            self._group.write(self._last, status, time)
        except InboxFullError:
            self.refused += 1
            return False
        except PetraError:  # one of them is another's by now, and the others are told all the same
            taken = [self._write(place, value, status, time) for place, value in enumerate(self._last)]
            return all(taken)
        return True

    def _write(self, place: int, value: Value, status: Status, time: int | None) -> bool:
        """Write one signal; False when the bus does not take it now."""
        try:
            self._bus.serve(self._group.names[place], value, status, time)
        except InboxFullError:
            self.refused += 1
            return False
        except PetraError:  # a reload has taken the signal away, or made it another one
            return True
        return True

    def _set(self, place: int, value: Value, status: Status, time: int | None) -> None:
        if status is not GOOD and self._statuses[place] == status and place not in self._owed:
            return
        if self._write(place, value, status, time):
            self._last[place], self._statuses[place] = value, status
            self._owed.discard(place)
        elif status is not GOOD:
            self._statuses[place] = status
            self._owed.add(place)
