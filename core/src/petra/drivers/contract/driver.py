"""What a driver is: its points, and one session. The core does the rest.

    class MeterDriver(Driver):
        async def session(self, link: Link) -> None:
            meter = await connect(self.config.host)
            link.connected()
            feed = link.feed(self.points)
            async for values in meter:
                feed.update(values, link.now_ns(), link.now())
                link.progress()

A session connects, serves, and raises when it fails. It never reconnects, sleeps between tries, or sets
qualities: the core begins it anew with a growing pause, makes its points bad meanwhile, cancels it when it
shows no progress for `patience` seconds.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field

from petra.drivers.commands.command import Command, Origin, Outcome
from petra.drivers.commands.queue import CommandQueue
from petra.drivers.contract.feed import Feed, Known
from petra.errors import PetraError
from petra.signals import GOOD, InboxFullError

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.simulation.simulator import Simulator
    from petra.signals import Value
    from petra.signals import ServedBus as Bus
    from petra.supervise import Activity


class Driver(ABC):
    """One configured connection to the outside."""

    patience = 30.0
    """Seconds without progress after which a session counts as hung."""
    timeout = 1.0
    """Seconds that its device has to answer: how long its last commands are waited for at least."""
    place = ""
    """Where its device is. After a reload to another place, what the old device was given counts no more."""

    def __init__(
        self, name: str, points: Sequence[Point], config: Any = None, online: str | None = None
    ) -> None:
        self.name = name
        self.points = tuple(points)
        self.config = config
        """What it was made of: a driver whose configuration did not change outlives a reload."""
        self.online = online
        """A signal of type bool that says whether a session serves."""

    @abstractmethod
    async def session(self, link: Link) -> None:
        """Connect, call `link.connected()`, and serve until something fails."""

    def simulator(self) -> Simulator:
        """Return a device that answers as this driver's own would."""
        raise PetraError(f"{self.name}: there is no simulator for this protocol")

    def as_written(self, point: Point, value: Value) -> Value:  # noqa: ARG002 - for who overrides it
        """Return what the device will hold after this was written; PointError when it cannot be."""
        return value


@define
class DriverStatistics:
    """What a driver has done since it was made."""

    sessions: int = 0
    requests: int = 0
    refused: int = 0
    """Requests that the device refused: bad addresses, bad values."""
    unanswered: int = 0
    busy: int = 0
    missed: int = 0
    """Readings left out because the one before took too long."""
    writes: int = 0
    response_s: deque[float] = field(factory=lambda: deque(maxlen=1_000), repr=False)


class _Remembering(CommandQueue):
    """An queue that ends what a session has taken and not ended."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        super().__init__(now_ns)
        self._now = now_ns
        self._handed_out: list[Command] = []

    def take(
        self, now: float, held: Container[str] = (), silent: Callable[[str], bool] = lambda _: False
    ) -> Command | None:
        """Return the next command that may be sent now."""
        command = super().take(now, held, silent)
        if command is not None:
            self._handed_out = [each for each in self._handed_out if not each.outcome.final]
            self._handed_out.append(command)
        return command

    def abandon(self) -> None:
        """End what was taken by a session that is over."""
        handed_out, self._handed_out = self._handed_out, []
        for command in handed_out:
            command.end(Outcome.TIMED_OUT, self._now(), "the session ended; it may have been carried out")


class Link:
    """A driver's side of the core: where its values go, and where its commands come from.

    It lives as long as the driver, over all sessions, and belongs to the drivers' loop.
    """

    def __init__(self, driver: Driver, bus: Bus, now_ns: Callable[[], int]) -> None:
        self.driver = driver
        self.bus = bus
        self.now_ns = now_ns
        self.statistics = DriverStatistics()
        self.queue = _Remembering(now_ns)
        self.detail = ""
        """What the session found out about its peer, for people."""
        self.resume: Callable[[str], None] = _nothing
        """Called when a station serves again: what it is to hold is written anew; of all with ""."""
        self.noted: Callable[[str, Value], None] = _ignored
        """Called with what the device has taken on behalf of a command."""
        self.under_way = 0
        """Commands that were sent and have not ended."""
        self._loop = asyncio.get_running_loop()
        self._activity: Activity | None = None
        self._feeds: list[Feed] = []
        self._before: list[Feed] = []
        self._released: dict[str, Known] = {}
        self._online = False
        self._online_told: bool | None = None
        self.fail("not connected yet")

    def now(self) -> float:
        """Return the loop's own time."""
        return self._loop.time()

    def connected(self, detail: str = "") -> None:
        """Say that the session serves: the peer has answered as it should."""
        self.detail = detail
        self.statistics.sessions += 1
        self._before = [feed for feed in self._before if feed.owes]
        if self._activity is not None:
            self._activity.serving()
        self._show_online(online=True)
        self.resume("")

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
        return self._online and bool(len(self.queue) or self.under_way)

    def progress(self) -> None:
        """Say that the peer has answered."""
        if self._activity is not None:
            self._activity.progress()

    def feed(self, points: Sequence[Point]) -> Feed:
        """Return what takes the values of these points, for as long as this session lasts."""
        made = Feed(self.bus, points, self.now())
        made.take_over(self._released)
        for name in made.names:
            self._released.pop(name, None)
        for feed in self._before:
            feed.hand_over(made.names)
        self._feeds.append(made)
        return made

    def release(self, feed: Feed) -> None:
        """Give back a feed: its points belong to others from now on."""
        feed.retired = True
        self._released.update(feed.state())
        if feed in self._feeds:
            self._feeds.remove(feed)
        if feed.owes:
            self._before.append(feed)

    def written(self, point: Point, value: Value, origin: Origin) -> None:
        """Show a value that the device has taken, where nothing else shows it."""
        layout = self.bus.layout
        if layout.place(point.signal) >= layout.split:
            return
        if origin is Origin.LOGIC:  # it came from there, and what is there may be newer by now
            return
        self.noted(point.signal, value)
        now = self.now_ns()
        if any(feed.show(point.signal, value, now) for feed in self._feeds):
            return
        known = self._released.get(point.signal)
        with suppress(InboxFullError):  # the next reading shows it
            self.bus.serve(point.signal, value, known.status if known else GOOD, now)

    async def run(self, activity: Activity) -> None:
        """Run one session; the supervisor calls it."""
        self._activity = activity
        self._feeds, self._before = [], self._feeds
        for feed in self._before:
            feed.retired = True
            self._released.update(feed.state())
        self.queue.drop_logic()
        self.under_way = 0
        try:
            await self.driver.session(self)
        finally:
            self.queue.abandon()

    def fail(self, reason: str) -> None:
        """Make everything bad that this driver reads; it holds its last values."""
        self.detail = ""
        self._feeds, self._before = [*self._before, *self._feeds], []  # what is newer has the last word
        for feed in self._feeds:
            feed.fail(reason)
        self._show_online(online=False)
        covered = {name for feed in self._feeds for name in feed.names}
        rest = [p for p in self.driver.points if p.direction.reads and p.signal not in covered]
        if rest:
            made = Feed(self.bus, rest, self.now())
            made.take_over(self._released)
            made.fail(reason)
            self._feeds.append(made)

    def tick(self) -> None:
        """Look at what has not moved for too long."""
        for feed in (*self._feeds, *self._before):
            feed.age(self.now())
        self.queue.expire(self.now())
        self._show_online(online=self._online)

    def _show_online(self, *, online: bool) -> None:
        self._online = online
        if self.driver.online is None or self._online_told is online:
            return
        with suppress(InboxFullError):  # the next tick tells it
            self.bus.serve(self.driver.online, online)
            self._online_told = online


def _ignored(_: str, __: Value) -> None:
    pass


def _nothing(_: str) -> None:
    pass
