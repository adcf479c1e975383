"""What a session is given by the core: where its values go, and where its commands come from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from petra.drivers.commands.requests import WriteRequests
from petra.drivers.contract.feed import UNANNOUNCED, Feed
from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.sessions import DriverSessions

_NAMED = 10
"""How many points of a driver a message names."""


class SessionContext:
    """One session's side of the core. It belongs to the drivers' loop, and ends with the session.

    A session that goes on after it was cancelled has no effect any more: another context has its points.
    """

    def __init__(self, sessions: DriverSessions) -> None:
        self.driver = sessions.driver
        self.now_ns = sessions.now_ns
        """Returns the time, nanoseconds since 1970."""
        self.statistics = sessions.statistics
        """What the driver counts: requests, answers, writes."""
        self._sessions = sessions
        self._mine = frozenset(self.driver.points)
        self._feeds: list[Feed] = []
        self._announced: set[Point] | None = None
        """Points that the peer has now; None for a protocol without announcements."""
        self._gone: dict[Point, str] = {}
        """Why the peer does not have points that it had."""
        self._requests: WriteRequests | None = None

    def now(self) -> float:
        """Return the loop's own time, in seconds."""
        return self._sessions.now()

    def connected(self, detail: str = "") -> None:
        """Report that the session serves: the peer has answered as it should."""
        if self._current:
            self._sessions.connected(detail)

    def progress(self) -> None:
        """Report that the peer has answered."""
        if self._current:
            self._sessions.progress()

    def feed(self, points: Sequence[Point], *, max_age: float | None = None) -> Feed:
        """Return what takes the values of these points, for as long as this session lasts.

        A protocol that sends at known times says by `max_age` after how many seconds a value is stale.
        """
        made = self._sessions.feed(points, max_age=max_age)
        made.retired = not self._current
        self._feeds.append(made)
        if self._announced is not None:
            self._keep_away(made, points)
        return made

    def release(self, feed: Feed) -> None:
        """Give back a feed: its points belong to other feeds from now on."""
        if feed in self._feeds:
            self._feeds.remove(feed)
        self._sessions.release(feed)

    def commands(self, within: float | None = None) -> WriteRequests:
        """Return the commands of this session's points, for `async for`: the next one when it may be sent.

        Commands to one signal come one by one. One that the session has not ended `within` so many seconds,
        the driver's `timeout` if not given, has timed out.
        """
        if self._requests is not None:
            raise PetraError("the commands of a session are taken in one place")
        within = self.driver.timeout if within is None else within
        self._requests = WriteRequests(self._sessions, self.why_gone, within, lambda: self._current)
        return self._requests

    def announce(self, points: Iterable[Point]) -> None:
        """Report that the peer has these points; after the first call, others are bad until it has them.

        A point is good with its next value. What the program wants of it is written once more.
        """
        points = self._checked(points)
        if not self._current:
            return
        first, self._announced = self._announced is None, self._announced or set()
        self._announced.update(points)
        for point in points:
            self._gone.pop(point, None)
        for feed in self._feeds:
            if first:
                self._keep_away(feed, self.driver.points)
            feed.announce(points)
        self._sessions.returned(points)

    def withdraw(self, points: Iterable[Point], reason: str) -> None:
        """Report that the peer does not have these points any more: they are bad, and hold their values."""
        points = self._checked(points)
        if not self._current:
            return
        if self._announced is None:
            self._announced = set(self.driver.points)
        self._announced.difference_update(points)
        self._gone.update(dict.fromkeys(points, reason))
        for feed in self._feeds:
            feed.withdraw(points, reason)

    def station_serves(self, station: str) -> None:
        """Report that a station answers again that did not: its points are written once more."""
        if self._current:
            self._sessions.returned([point for point in self.driver.points if point.station == station])

    def why_gone(self, point: Point) -> str:
        """Return why the peer does not have a point; an empty text when it has it."""
        if self._announced is None or point in self._announced:
            return ""
        return self._gone.get(point, UNANNOUNCED)

    def _checked(self, points: object) -> tuple[Point, ...]:
        """Return points as a tuple, or raise for what is not a point of the driver."""
        if not isinstance(points, Iterable) or isinstance(points, str):
            raise TypeError(f"points are given as a list, not as {_shown(points)}")
        given: tuple[Any, ...] = tuple(points)
        for point in given:
            if not isinstance(point, Hashable) or point not in self._mine:
                names = ", ".join(repr(each.signal) for each in self.driver.points[:_NAMED])
                raise ValueError(f"{_shown(point)} is not a point of {self.driver.name!r}, which has {names}")
        return given

    @property
    def _current(self) -> bool:
        return self._sessions.context is self

    def _keep_away(self, feed: Feed, points: Iterable[Point]) -> None:
        for point in points:
            if reason := self.why_gone(point):
                feed.withdraw((point,), reason)


def _shown(given: object) -> str:
    """Return what a message calls a point, or what a driver gives in place of one."""
    signal = getattr(given, "signal", None)
    return repr(given) if signal is None else f"the point {signal!r}"
