"""What a polling session does next: a pure schedule of requests over stations that may be out of order.

Requests fall due at absolute times; one that is late is not repeated but counted. A station that does not
answer twice in a row is out of order: only one of its requests is tried now and then, with a growing pause,
and on a line that is shared it is tried when nothing else falls due before it could time out.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING

from attrs import define, field

from petra.supervise import Backoff

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.planner import Request

STRIKES = 2
REFUSED_AGAIN = 30.0
"""Seconds until a point that was refused is tried again."""
_ANYWAY = 10.0


@define(eq=False)
class Slot:
    """A request in the schedule."""

    request: Request
    due: float
    gone: bool = False
    backoff: Backoff = field(factory=lambda: Backoff(first=1.0))
    """Counts how often it was not answered, though its station answers others."""


@define
class _Station:
    backoff: Backoff
    asked: bool = False
    """Whether anything is read of it; what is only written is tried by the next write."""
    strikes: int = 0
    down_until: float | None = None


class Agenda:
    """The schedule of one session."""

    def __init__(
        self,
        requests: Iterable[Request],
        now: float,
        *,
        shared: bool,
        patience: float,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._order = count()
        self._heap: list[tuple[float, int, Slot]] = []
        self._taken: set[Slot] = set()
        self._stations: dict[str, _Station] = {}
        self._shared = shared
        self._patience = patience
        self._backoff = backoff
        self.missed = 0
        for request in requests:
            self.add(request, now)

    def add(self, request: Request, due: float) -> Slot:
        """Put a request into the schedule."""
        slot = Slot(request, due)
        self._known(request.station).asked = True
        self._push(slot)
        return slot

    def remove(self, slot: Slot) -> None:
        """Take a request out."""
        slot.gone = True
        self._taken.discard(slot)

    def replace(self, requests: Iterable[Request], now: float) -> None:
        """Take everything out and put these in, each when the first of its points would have been asked for.

        What stations are out of order stays as it is.
        """
        before: dict[Point, float] = {}
        for slot in (*self._taken, *(slot for _, _, slot in self._heap)):
            if not slot.gone:
                before.update((point, slot.due) for point in slot.request.points)
            slot.gone = True
        self._heap.clear()
        self._taken.clear()
        for request in requests:
            self.add(
                request, max(now, min((before.get(point, now) for point in request.points), default=now))
            )

    def hasten(self, requests: Iterable[Request], now: float) -> None:
        """Let requests fall due at once."""
        wanted = set(requests)
        for _, _, slot in self._heap:
            if slot.request in wanted:
                slot.due = min(slot.due, now)
        self._order_anew()

    def take(self, now: float) -> Slot | None:
        """Return the request to ask now, or None. The caller gives it back with `done`."""
        held = []
        found = None
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            slot = entry[2]
            if slot.gone:
                continue
            station = self._stations[slot.request.station]
            if station.down_until is not None and not self._may_probe(station, now):
                probed = math.isinf(station.down_until)  # another request finds out just now
                slot.due = max(now if probed else station.down_until, now + self._patience / 4)
                held.append(slot)
                continue
            if station.down_until is not None:
                station.down_until = math.inf  # one at a time
            found = slot
            self._taken.add(slot)
            break
        for slot in held:
            self._push(slot)
        return found

    def done(self, slot: Slot, now: float, *, after: float | None = None) -> None:
        """Put a request back: it falls due a period after it did, or `after` seconds from now."""
        self._taken.discard(slot)
        if slot.gone:
            return
        if after is not None:
            slot.due = now + after
        else:
            period = slot.request.period
            slot.due += period
            if slot.due <= now:
                late = math.ceil((now - slot.due) / period) if period else 0
                if not self.is_down(slot.request.station):
                    self.missed += late
                slot.due = max(now, slot.due + late * period)
        self._push(slot)

    def ignored(self, slot: Slot, now: float) -> bool:
        """Put back a request that was not answered; return whether it is asked less often now."""
        pause = slot.backoff.next()
        alone = slot.backoff.failures >= STRIKES
        self.done(slot, now, after=max(pause, slot.request.period) if alone else None)
        return alone

    def answered(self, station: str, now: float) -> bool:
        """Note that a station answers; return whether it was out of order."""
        known = self._known(station)
        known.strikes = 0
        if known.down_until is None:
            return False
        known.down_until = None
        known.backoff.reset()
        for _, _, slot in self._heap:
            if slot.request.station == station:
                slot.due = min(slot.due, now)
        self._order_anew()
        return True

    def unanswered(self, station: str, now: float) -> bool:
        """Note that a station does not answer; return whether it goes out of order by that."""
        known = self._known(station)
        known.strikes += 1
        if known.down_until is None and known.strikes < STRIKES:
            return False
        went = known.down_until is None
        known.down_until = now + known.backoff.next()
        return went

    def asks(self, station: str) -> bool:
        """Return whether anything is read of a station: what is only written cannot be probed."""
        known = self._stations.get(station)
        return known is not None and known.asked

    def may_write(self, station: str, now: float) -> bool:
        """Return whether a write may be tried: not while its station is out of order."""
        known = self._stations.get(station)
        if known is None or known.down_until is None:
            return True
        return not known.asked and now >= known.down_until

    def is_down(self, station: str) -> bool:
        """Return whether a station is out of order."""
        known = self._stations.get(station)
        return known is not None and known.down_until is not None

    def requests(self) -> list[Request]:
        """Return the requests in the schedule that wait to fall due."""
        return [slot.request for _, _, slot in self._heap if not slot.gone]

    @property
    def all_down(self) -> bool:
        """Whether no station answers any more; those that are only written say so when no other is asked."""
        known = self._stations.values()
        asked = [station for station in known if station.asked] or known
        return bool(asked) and all(station.down_until is not None for station in asked)

    def when(self) -> float:
        """Return when the next request falls due."""
        return self._heap[0][0] if self._heap else math.inf

    def _known(self, station: str) -> _Station:
        known = self._stations.get(station)
        if known is None:
            known = self._stations[station] = _Station(self._backoff())
        return known

    def _may_probe(self, station: _Station, now: float) -> bool:
        assert station.down_until is not None  # noqa: S101 - the caller has looked
        if now < station.down_until:
            return False
        if not self._shared or now > station.down_until + _ANYWAY:
            return True
        others = (
            slot.due
            for _, _, slot in self._heap
            if not slot.gone and self._stations[slot.request.station].down_until is None
        )
        return min(others, default=math.inf) >= now + self._patience

    def _order_anew(self) -> None:
        self._heap = [(slot.due, order, slot) for _, order, slot in self._heap]
        heapq.heapify(self._heap)

    def _push(self, slot: Slot) -> None:
        heapq.heappush(self._heap, (slot.due, next(self._order), slot))
