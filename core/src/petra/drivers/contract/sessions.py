"""All sessions of one driver, as its host sees them, and what each leaves to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from petra.drivers.commands.order import Origin
from petra.drivers.commands.queue import CommandQueue
from petra.drivers.commands.wakeup import Wakeup
from petra.drivers.contract.context import SessionContext
from petra.drivers.contract.feed import Feed
from petra.drivers.contract.handed import checked
from petra.drivers.contract.statistics import DriverStatistics
from petra.signals import GOOD, InboxFullError

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.errors import PointError
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.updates import Known
    from petra.signals import ServedBus, Value
    from petra.supervise import Activity


class DriverSessions:
    """The host's side of one driver. It lives as long as the driver, and belongs to the drivers' loop."""

    def __init__(
        self, driver: Driver, bus: ServedBus, now_ns: Callable[[], int], wakeup: Wakeup | None = None
    ) -> None:
        self.driver = driver
        self.bus = bus
        self.now_ns = now_ns
        self.statistics = DriverStatistics()
        self.queue = CommandQueue(now_ns)
        self.context: SessionContext | None = None
        """What the session of now was given."""
        self.detail = ""
        """What the session found out about its peer, for people."""
        self.wakeup = wakeup or Wakeup()
        """Rung when something has happened that the host acts on."""
        self._returned: set[Point] = set()
        self._loop = asyncio.get_running_loop()
        self._activity: Activity | None = None
        self._feeds: list[Feed] = []
        self._before: list[Feed] = []
        """Feeds that are over, and still have to tell the bus of what they read."""
        self._released: dict[str, Known] = {}
        self._online = False
        self._online_told: bool | None = None
        self.fail("not connected yet")

    # what the host does

    async def run(self, activity: Activity) -> None:
        """Run one session; the supervisor calls it."""
        context = self.begin(activity)
        try:
            await self.driver.session(context)
        finally:
            if self.context is context:  # a session that did not end in time has no effect any more
                self.end()

    def end(self) -> None:
        """End what a session was given: whatever goes on after it has no effect."""
        self.context = None
        for feed in self._feeds:
            feed.retired = True
        self.statistics.writes += self.queue.abandon()

    def begin(self, activity: Activity | None) -> SessionContext:
        """Return what the next session is given; the context before it has no effect any more."""
        self._activity = activity
        self._feeds, self._before = [], self._feeds
        for feed in self._before:
            feed.retired = True
            self._released.update(feed.state())
        self.queue.drop_logic()
        self.context = SessionContext(self)
        return self.context

    def fail(self, reason: str) -> None:
        """Make everything bad that this driver reads; it holds its last values."""
        self.detail = ""
        self._feeds, self._before = [*self._before, *self._feeds], []  # what is newer has the last word
        for feed in self._feeds:
            feed.end(reason)
        self._show_online(online=False)
        self.wakeup.ring()
        covered = {name for feed in self._feeds for name in feed.names}
        rest = [p for p in self.driver.points if p.direction.reads and p.signal not in covered]
        if rest:
            made = Feed(self.bus, rest, self.now())
            made.take_over(self._released)
            made.end(reason)
            self._feeds.append(made)

    def tick(self) -> None:
        """Look at what has not moved for too long."""
        for feed in (*self._feeds, *self._before):
            feed.age(self.now())
        self.queue.expire(self.now())
        self._show_online(online=self._online)

    def take_returned(self) -> set[Point]:
        """Return the points that can be written again, each once."""
        returned, self._returned = self._returned, set()
        return returned

    @property
    def answered(self) -> bool:
        """Whether a session serves, and everything that it reads has been read."""
        return self._online and all(feed.answered for feed in list(self._feeds))

    @property
    def serves(self) -> bool:
        """Whether a session serves."""
        return self._online

    @property
    def busy(self) -> bool:
        """Whether a session serves and has something to write."""
        return self._online and bool(len(self.queue) or self.queue.under_way)

    # what the context passes on

    def now(self) -> float:
        """Return the loop's own time."""
        return self._loop.time()

    def connected(self, detail: str) -> None:
        """Take note that the session serves."""
        self.detail = detail
        self.statistics.sessions += 1
        self._before = [feed for feed in self._before if feed.owes]
        if self._activity is not None:
            self._activity.serving()
        self._show_online(online=True)
        self.returned(self.driver.points)

    def returned(self, points: Iterable[Point]) -> None:
        """Take note that points can be written again: their station answers, or the peer has them again."""
        self.queue.changed.set()
        # what is on its way to a point may be what has found out that its station answers
        self._returned.update(set(points) - self.queue.of_program())
        self.wakeup.ring()

    def progress(self) -> None:
        """Take note that the peer has answered."""
        if self._activity is not None:
            self._activity.progress()

    def feed(self, points: Sequence[Point], *, max_age: float | None = None) -> Feed:
        """Return what takes the values of these points, and goes on from what is known of them."""
        made = Feed(self.bus, points, self.now(), self.statistics, max_age=max_age, now_ns=self.now_ns)
        made.take_over(self._released)
        for name in made.names:
            self._released.pop(name, None)
        for feed in self._before:
            feed.hand_over(made.names)
        self._feeds.append(made)
        return made

    def release(self, feed: Feed) -> None:
        """Take a feed back: its points belong to other feeds from now on."""
        feed.retired = True
        self._released.update(feed.state())
        if feed in self._feeds:
            self._feeds.remove(feed)
        if feed.owes:
            self._before.append(feed)

    def handed(self, point: Point, value: object) -> Value | PointError:
        """Return a value that a driver hands over as the signal of its point holds it, or an error."""
        layout = self.bus.layout
        return checked(value, layout.types[layout.place(point.signal)])

    def unusable(self, point: Point, error: PointError) -> None:
        """Show that a device holds what the signal of a point cannot, where the point is read."""
        for feed in self._feeds:
            feed.spoil(point, error)

    def written(self, point: Point, value: Value, origin: Origin) -> None:
        """Show a value that the device has taken, where nothing else shows it."""
        layout = self.bus.layout
        if layout.is_computed(layout.place(point.signal)):
            return
        if origin is Origin.LOGIC:  # it came from there, and what is there may be newer by now
            return
        now = self.now_ns()
        if any(feed.show(point.signal, value, now) for feed in self._feeds):
            return
        known = self._released.get(point.signal)
        with suppress(InboxFullError):  # the next reading shows it
            self.bus.serve(point.signal, value, known.status if known else GOOD, now)

    def _show_online(self, *, online: bool) -> None:
        self._online = online
        if self.driver.online is None or self._online_told is online:
            return
        with suppress(InboxFullError):  # the next tick tells it
            self.bus.serve(self.driver.online, online)
            self._online_told = online
