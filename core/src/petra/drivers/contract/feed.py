"""From readings to signals: values with their quality and time, and what becomes of them when none come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import time_ns
from typing import TYPE_CHECKING

from attrs import evolve

from petra.drivers.contract.errors import PointError
from petra.drivers.contract.handed import Handed, time_error
from petra.drivers.contract.statistics import DriverStatistics
from petra.drivers.contract.updates import Accepted, Known, PointUpdate
from petra.errors import PetraError
from petra.signals import GOOD, InboxFullError, Quality, QualityReason, ReasonCode

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.signals import Group, ServedBus, Value

UNANNOUNCED = "the peer has not announced it"
UNEXPLAINED = "the driver gives no reason"
_GROUPS_KEPT = 64
_NAMED = 10
"""How many points of a feed a message names."""
AWAITED = "the peer has announced it, and has not sent a value yet"


class Feed:
    """Points whose values come from one place. It belongs to the drivers' loop.

    A good value makes its signal good. A point that fails holds its last value and is bad, alone; `fail`
    makes all of them bad. Only a feed with a `max_age` makes uncertain what was not updated for that
    long: a protocol that sends changes alone may say nothing for hours. Only values that the signals can hold
    are kept, so that nothing can stop `fail`; what the bus does not take is told again with every `age`.
    """

    def __init__(
        self,
        bus: ServedBus,
        points: Sequence[Point],
        now: float,
        statistics: DriverStatistics | None = None,
        *,
        max_age: float | None = None,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        layout = bus.layout
        mine = [i for i, point in enumerate(points) if not layout.is_computed(layout.place(point.signal))]
        self._bus = bus
        self._now_ns = now_ns
        self._statistics = DriverStatistics() if statistics is None else statistics
        self._mine = mine
        self._group = bus.served(points[i].signal for i in mine)
        self._handed = Handed([layout.types[layout.place(points[i].signal)] for i in mine], mine, len(points))
        self._places: dict[Point, int | None] = dict.fromkeys(points)
        """Where each point is in the group; None for one whose signal a block writes."""
        self._places.update((points[i], place) for place, i in enumerate(mine))
        self._last: list[Value] = list(self._group.read())
        self._statuses: list[QualityReason] = [GOOD] * len(mine)
        self._flawed = False
        self._owed: dict[int, int | None] = {}
        """Places of which the bus has not taken the newest yet, with its source time."""
        self._away: set[int] = set()
        """Places of points that the peer does not have now: what comes for them is not taken."""
        self._silent = set(range(len(mine)))
        """Places that this feed has not heard of yet."""
        self._unread = set(range(len(mine)))
        """Places that no feed of them has ever had a value of."""
        self._groups: dict[tuple[int, ...], Group] = {}
        """For places that were put together before."""
        self._put_at: dict[int, float] = {}
        """When places were put alone, after the last update of all."""
        self.updated = now
        self.max_age = max_age
        """Seconds without an update after which a good value is uncertain; None for no limit."""
        self.retired = False
        """Whether another feed has its points now: a session may go on after it was cancelled."""
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

    @property
    def answered(self) -> bool:
        """Whether each of its points was heard of once."""
        return not self._silent

    def update(
        self,
        values: Sequence[Value | PointError],
        time: int,
        now: float,
        leave: frozenset[int] = frozenset(),
    ) -> None:
        """Write what was read at one time, a value or an error for each point, in the order of the points.

        Points to `leave` stay as they are: something newer is known of them. What a signal cannot hold makes
        its point bad; a number of values that is not the number of points makes all of them bad, and so does
        a time before 1970 or beyond 64 bits.
        """
        if self.retired:
            return
        if (late := time_error(time, self._group.names[0] if self._mine else "nothing")) is not None:
            values, time = [late] * len(self._places), self._now_ns()
        self.updated = float(now)
        self._put_at.clear()
        self._silent.clear()
        picked, good = self._handed.values(values)
        if good and not leave and not self._flawed:
            self._unread.clear()
            self._last = list(picked)  # type: ignore[arg-type]  # there is no error among them
            if not self._write_all(GOOD, time):
                self._owed = dict.fromkeys(range(len(self._last)), time)
            return
        for place, value in enumerate(picked):
            if self._mine[place] not in leave and place not in self._away:
                self._set(place, *self._judged(place, value, GOOD), time)
        self._flawed = self._is_flawed()

    def put(
        self,
        point: Point,
        value: Value | PointError | None,
        status: QualityReason = GOOD,
        source_time: int | None = None,
    ) -> bool:
        """Write one point with its own quality and time, and return whether its signal takes it.

        A PointError makes it bad, and so does a value that the signal cannot hold. With None and a status
        that is not good it holds its last value, and stays bad without one; it has not answered by that.
        Without a `source_time`, nanoseconds since 1970, the time is that of its arrival; one before 1970 or
        beyond 64 bits makes it bad.
        """
        accepted = self._accepted(PointUpdate(point, value, status, source_time))
        if accepted is None:
            return False
        self._set(*accepted)
        self._statistics.received += 1
        return True

    def put_all(self, updates: Iterable[PointUpdate]) -> int:
        """Write several points, each with its own quality and time; return how many signals take theirs.

        They become visible in the same scan; of a point that occurs twice, the last value does.
        """
        taken = [each for each in map(self._accepted, updates) if each is not None]
        self._set_all({each.place: each for each in taken}.values())
        self._statistics.received += len(taken)
        return len(taken)

    def withdraw(self, points: Iterable[Point], reason: str) -> None:
        """Make points bad that the peer does not have now; they hold their values and take no others."""
        for place in self._of(points):
            self._away.add(place)
            self._silent.discard(place)
            self._set(
                place, self._last[place], QualityReason(Quality.BAD, reason, ReasonCode.NOT_PRESENT), None
            )

    def announce(self, points: Iterable[Point]) -> None:
        """Take values of these points from now on; each is good with its next value."""
        for place in self._of(points):
            if place in self._away:
                self._away.discard(place)
                self._set(
                    place, self._last[place], QualityReason(Quality.BAD, AWAITED, ReasonCode.NOT_YET), None
                )

    def show(self, signal: str, value: Value, time: int) -> bool:
        """Show what the device has taken, as good as it is read; False if the signal is not of these."""
        if signal not in self._group.names:
            return False
        place = self._group.names.index(signal)
        with suppress(InboxFullError):  # the next reading shows it
            self._bus.serve(signal, value, self._statuses[place], time)
        self._last[place] = value
        self._unread.discard(place)
        return True

    def spoil(self, point: Point, error: PointError) -> None:
        """Make one of its points bad: the device holds something else than the signal shows."""
        place = self._places.get(point)
        if place is not None and place not in self._away:
            self._set(place, *self._judged(place, error, GOOD), None)

    def state(self) -> Iterator[tuple[str, Known]]:
        """Yield what is known of each signal, for the feed that has it from now on."""
        for place, name in enumerate(self._group.names):
            told = place not in self._owed
            read = place not in self._unread
            yield name, Known(self._last[place], self._statuses[place], self._updated(place), told, read)

    def take_over(self, known: Mapping[str, Known]) -> None:
        """Go on from what is known of these signals: no value becomes younger by another plan."""
        for place, name in enumerate(self._group.names):
            if name in known:
                self._last[place], self._statuses[place], updated, told, read = known[name]
                self.updated = min(self.updated, updated)
                if not told:
                    self._owed[place] = None
                if read:
                    self._unread.discard(place)
        self._flawed = self._is_flawed()

    def hand_over(self, names: Sequence[str]) -> None:
        """Leave it to another feed to tell of these signals what the bus has not taken."""
        taken = set(names)
        self._owed = {
            place: time for place, time in self._owed.items() if self._group.names[place] not in taken
        }

    def fail(self, reason: str, code: ReasonCode = ReasonCode.NOT_CONNECTED) -> None:
        """Make all of them bad; they hold their last values."""
        if not self.retired:
            self._mark(QualityReason(Quality.BAD, reason or "it gives no reason", code))

    def end(self, reason: str) -> None:
        """Make all of them bad because there is no session any more, also when the feed is retired."""
        reason = reason or "it gives no reason"
        self._mark(QualityReason(Quality.BAD, reason, ReasonCode.NOT_CONNECTED))

    def age(self, now: float) -> None:
        """Make uncertain what is good and older than `max_age`; tell the bus what it has refused."""
        if self._owed:
            self._tell()
        self.updated = min(self.updated, now)  # a driver may have told a time of another clock
        if self.max_age is None or now - self.updated <= self.max_age or GOOD not in self._statuses:
            return
        stale = QualityReason(
            Quality.UNCERTAIN, f"stale: not updated for {self.max_age:g} s", ReasonCode.STALE
        )
        if not self._flawed and not self._put_at:
            self._mark(stale)
            return
        for place, status in enumerate(self._statuses):
            if status is GOOD and now - self._updated(place) > self.max_age:
                self._set(place, self._last[place], stale, None)

    def _accepted(self, update: PointUpdate) -> Accepted | None:
        """Return what is to be written of an update; None when no signal takes it now."""
        point, value, status, time = update
        if not isinstance(status, QualityReason):
            raise TypeError(f"the status of {_named(point)} is a QualityReason, not {status!r}")
        if point not in self._places:
            mine = ", ".join(map(repr, self._group.names[:_NAMED]))
            raise ValueError(f"{_named(point)} is not a point of this feed, which has {mine or 'none'}")
        if status.quality is not Quality.GOOD and not status.reason:
            status = evolve(status, reason=UNEXPLAINED)
        error = None if time is None else time_error(time, point.signal)
        if error is not None:
            value, time = error, None
        place = self._places[point]
        if self.retired or place is None or place in self._away:
            return None
        if self.max_age is not None:
            self._put_at[place] = asyncio.get_running_loop().time()
        if value is not None:
            self._silent.discard(place)
        elif status.quality is not Quality.GOOD:
            return Accepted(place, self._last[place], self._without_value(place, status), time)
        return Accepted(place, *self._judged(place, self._handed.one(place, value), status), time)

    def _without_value(self, place: int, status: QualityReason) -> QualityReason:
        """Return the status of a signal that holds its last value: without one it is bad in any case."""
        if place not in self._unread or status.quality is Quality.BAD:
            return status
        return QualityReason(Quality.BAD, f"there is no first value: {status.reason}", ReasonCode.NOT_YET)

    def _judged(
        self, place: int, value: Value | PointError, status: QualityReason
    ) -> tuple[Value, QualityReason]:
        """Return the value and status of a signal after a value or an error has come for it."""
        if isinstance(value, PointError):
            reason = str(value) or "the device gives no reason"
            return self._last[place], QualityReason(Quality.BAD, reason, value.code)
        self._unread.discard(place)
        return value, GOOD if status == GOOD else status

    def _of(self, points: Iterable[Point]) -> list[int]:
        places = (self._places.get(point) for point in points)
        return [place for place in places if place is not None]

    def _updated(self, place: int) -> float:
        return max(self.updated, self._put_at.get(place, self.updated))

    def _is_flawed(self) -> bool:
        return any(status is not GOOD for status in self._statuses)

    def _mark(self, status: QualityReason, time: int | None = None) -> None:
        if not self._owed and all(each == status for each in self._statuses):
            return
        self._statuses = [status] * len(self._statuses)
        self._flawed = status is not GOOD
        self._owed = {} if self._write_all(status, time) else dict.fromkeys(range(len(self._statuses)), time)

    def _tell(self) -> None:
        """Tell the bus what it has not taken, all at once where all of them are the same."""
        first = self._statuses[0]
        if len(self._owed) == len(self._statuses) and all(each == first for each in self._statuses):
            times = set(self._owed.values())
            self._mark(first, times.pop() if len(times) == 1 else None)
            return
        for place, time in sorted(self._owed.items()):
            if not self._write(place, self._last[place], self._statuses[place], time):
                return
            del self._owed[place]

    def _write_all(self, status: QualityReason, time: int | None) -> bool:
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

    def _write(self, place: int, value: Value, status: QualityReason, time: int | None) -> bool:
        """Write one signal; False when the bus does not take it now."""
        try:
            self._bus.serve(self._group.names[place], value, status, time)
        except InboxFullError:
            self.refused += 1
            return False
        except PetraError:  # a reload has taken the signal away, or made it another one
            return True
        return True

    def _set(self, place: int, value: Value, status: QualityReason, time: int | None) -> None:
        if self._is_news(place, value, status):
            self._note(place, value, status)
            if not self._write(place, value, status, time):
                self._owed[place] = time

    def _set_all(self, batch: Iterable[Accepted]) -> None:
        """Write several signals with one entry of the inbox, where they can be written together."""
        news = [each for each in batch if self._is_news(each.place, each.value, each.status)]
        told = len(news) > 1 and self._write_each(news)
        for place, value, status, time in news:
            if told:
                self._note(place, value, status)
            else:
                self._set(place, value, status, time)

    def _write_each(self, news: Sequence[Accepted]) -> bool:
        """Write several signals together; False when the bus does not take them so."""
        places = tuple(each.place for each in news)
        group = self._groups.get(places)
        if group is None:
            if len(self._groups) >= _GROUPS_KEPT:
                self._groups.clear()
            group = self._groups[places] = self._bus.served(self._group.names[place] for place in places)
        now = self._now_ns()
        times = [now if each.time is None else each.time for each in news]
        try:
            group.write_each([each.value for each in news], [each.status for each in news], times)
        except PetraError:  # the inbox is full, or a reload has taken one of the signals away
            return False
        return True

    def _is_news(self, place: int, value: Value, status: QualityReason) -> bool:
        """Return whether the bus is to be told: what is bad, and known to be, is told once."""
        unchanged = self._statuses[place] == status and self._last[place] == value
        return status.quality is not Quality.BAD or not unchanged or place in self._owed

    def _note(self, place: int, value: Value, status: QualityReason) -> None:
        """Note the newest of a signal; what the bus does not take of it is owed."""
        self._last[place], self._statuses[place] = value, status
        self._owed.pop(place, None)
        self._flawed = self._flawed or status is not GOOD


def _named(point: object) -> str:
    """Return what a message calls a point, or what a driver gives in place of one."""
    signal = getattr(point, "signal", None)
    return repr(point) if signal is None else repr(signal)
