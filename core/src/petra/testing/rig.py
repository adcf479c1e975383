"""A driver, its simulated device and a faulty line between them, without an engine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

from petra.clock import SystemClock
from petra.drivers.commands.order import Origin
from petra.drivers.simulation.faults import Fault, FaultKind
from petra.drivers.simulation.relay import Relay
from petra.engine.host import DriverHost
from petra.plant import Actor
from petra.signals import LocalBus, Quality, Reading, Signal, SignalType, Store
from petra.supervise import Backoff, Supervisor

if TYPE_CHECKING:
    from types import TracebackType

    from petra.drivers.commands.command import Command
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.errors import PointError
    from petra.drivers.contract.feed import Feed
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.statistics import DriverStatus
    from petra.drivers.simulation.simulator import Simulator
    from petra.signals import Value

QUICK = 0.2
"""The longest pause between two attempts to connect, in seconds."""

Spoil = Callable[[tuple[str, ...], Any], Any]
"""Takes the signals and values of a reading, and returns the values to deliver instead."""
_ROUND = 0.002
_LATE = 0.01
"""The most that one round counts: a longer round is a delay of the machine, not of the driver."""
_FACTOR = 6.0
"""The factor by which a busy machine may exceed a time limit in total."""


class Rig:
    """Runs one driver against its own simulator, through a relay.

        with Rig(lambda port: MeterDriver("127.0.0.1", port)) as rig:
            rig.until_good()
            rig.line(Fault(FaultKind.HANG))

    The thread of the test is the scan thread: every wait in this class scans meanwhile.
    """

    def __init__(self, make: Callable[[int], Driver], *, up: bool = True) -> None:
        self._device = Supervisor("petra-rig")
        self._device.start()
        pattern = make(1)
        self.simulator: Simulator = pattern.simulator()
        self.relay = Relay(self._device.call(self.simulator.start("127.0.0.1", 0)))
        port = self._device.call(self.relay.start())
        if not up:
            self.line(Fault(FaultKind.REFUSE))
        self.driver = make(port)
        self.clock = SystemClock()
        signals = {p.signal: Signal(p.signal, p.type) for p in self.driver.points}
        if self.driver.online is not None:
            signals[self.driver.online] = Signal(self.driver.online, SignalType.BOOL)
        self.bus = LocalBus(Store(signals.values(), self.clock))
        self._io = Supervisor()
        self.host = DriverHost(
            self.bus, self.clock, self._io, backoff=lambda: Backoff(first=0.02, longest=QUICK)
        )
        self._scans = 0
        self._spoil: Spoil | None = None
        self._spoilt: list[Feed] = []

    @property
    def points(self) -> tuple[Point, ...]:
        """The points of the driver."""
        return self.driver.points

    @property
    def read(self) -> list[Point]:
        """The points that are read."""
        return [point for point in self.points if point.direction.reads]

    @property
    def written(self) -> list[Point]:
        """The points that commands write."""
        return [point for point in self.points if point.direction.writes]

    @property
    def status(self) -> DriverStatus:
        """The status of the driver."""
        return self.host.status()[self.driver.name]

    def __enter__(self) -> Self:
        began = time.monotonic()
        self._io.start()
        self.host.start([self.driver])
        self.started_within = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.host.stop(5.0)
        self._io.stop(5.0)
        self._device.call(self.relay.stop())
        self._device.call(self.simulator.stop())
        self._device.stop()

    def line(self, fault: Fault | None) -> None:
        """Apply a fault to the line, or none with None."""
        self._device.call(self.relay.apply(fault))

    def drop(self) -> None:
        """Reset all connections."""

        async def drop() -> None:
            self.relay.drop()

        self._device.call(drop())

    def hold(self, values: dict[Point, Value]) -> None:
        """Set values in the device."""

        async def hold() -> None:
            for point, value in values.items():
                self.simulator.set(point, value)

        self._device.call(hold())

    def spoil(self, spoil: Spoil | None) -> None:
        """Replace the values that the driver delivers by those of a function; None restores them.

        A value that it confirms is one of them.
        """
        self._spoil = spoil
        sessions = self.host._running[self.driver.name].sessions  # noqa: SLF001 - the rig stands in for a driver
        make, check = sessions.feed, sessions.handed

        def feed(points: Sequence[Point], **options: Any) -> Feed:
            made = make(points, **options)
            self._spoil_feed(made)
            return made

        def handed(point: Point, value: Any) -> Value | PointError:
            given = self._spoil((point.signal,), [value]) if self._spoil else [value]
            return check(point, given[0] if given else value)

        async def install() -> None:
            for each in sessions._feeds:  # noqa: SLF001 - as above
                self._spoil_feed(each)
            if "handed" not in vars(sessions):
                sessions.handed = handed  # type: ignore[method-assign]  # as above
            sessions.feed = feed  # type: ignore[method-assign]  # as above

        self.host.supervisor.call(install())

    def _spoil_feed(self, feed: Feed) -> None:
        if feed in self._spoilt:
            return
        self._spoilt.append(feed)
        update, put = feed.update, feed.put

        def spoilt(values: Any, *rest: Any) -> None:
            update(self._spoil(feed.names, values) if self._spoil else values, *rest)

        def spoilt_one(point: Point, value: Any, *rest: Any, **named: Any) -> bool:
            given = self._spoil((point.signal,), [value]) if self._spoil else [value]
            return put(point, given[0] if given else value, *rest, **named)

        feed.update = spoilt  # type: ignore[method-assign,assignment]  # as above
        feed.put = spoilt_one  # type: ignore[method-assign]  # as above
        feed.put_all = lambda updates: sum([spoilt_one(*each) for each in updates])  # type: ignore[method-assign]

    def tell_again(self) -> None:
        """Let a device that tells by itself tell once more what it holds."""
        self.hold({point: self.simulator.get(point) for point in self.points})

    def grow_old(self, seconds: float) -> None:
        """Let the driver's values be as old as if nothing had come for so long."""
        sessions = self.host._running[self.driver.name].sessions  # noqa: SLF001 - as above

        async def grow_old() -> None:
            for each in sessions._feeds:  # noqa: SLF001 - as above
                each.age(sessions.now() + seconds)

        self.host.supervisor.call(grow_old())

    def device(self, act: Callable[[], None]) -> None:
        """Do something with the simulator, in its loop."""

        async def do() -> None:
            act()

        self._device.call(do())

    def scan(self) -> None:
        """Run one scan."""
        self._scans += 1
        self.bus.store.latch()
        self.bus.store.publish(self._scans, self.clock.now_ns())

    def reading(self, point: Point) -> Reading:
        """Return the reading of a point's signal."""
        return self.bus.read(point.signal)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 10.0) -> float:
        """Scan until a condition holds; return the seconds taken, or raise AssertionError.

        A delay of the machine between two scans is not counted, so that the limit also holds under load.
        """
        began = last = time.monotonic()
        counted = 0.0
        while True:
            self.scan()
            if condition():
                return counted
            now = time.monotonic()
            counted += min(now - last, _LATE)
            last = now
            over = counted >= seconds or now - began >= _FACTOR * seconds
            assert not over, f"{what}: not within {seconds:g} s; {self._said()}"
            time.sleep(_ROUND)

    def until_good(self, seconds: float = 10.0) -> float:
        """Scan until every point that is read is good and equals the value in the device."""
        return self.until(
            lambda: all(
                (reading := self.reading(point)).quality is Quality.GOOD
                and reading.value == self.simulator.get(point)
                for point in self.read
            ),
            "all good",
            seconds,
        )

    def until_bad(self, seconds: float = 10.0) -> float:
        """Scan until every point that is read is bad."""
        return self.until(
            lambda: all(self.reading(point).quality is Quality.BAD for point in self.read), "all bad", seconds
        )

    def command(self, point: Point, value: Value, origin: Origin = Origin.LOCAL) -> Command:
        """Write a point and wait for the outcome."""
        command = self.host.command(point.signal, value, Actor("rig", origin))
        self.until(lambda: command.outcome.final, f"an outcome of {command}")
        return command

    def order(self, point: Point, value: Value, origin: Origin) -> Command:
        """Put a command of any origin into the driver's queue, as the program does."""
        sessions = self.host._running[self.driver.name].sessions  # noqa: SLF001 - as above

        async def put() -> Command:
            command = self.host.ledger.open(point.signal, value, "rig", origin, point=point)
            sessions.queue.put(command, sessions.now())
            return command

        return self.host.supervisor.call(put())

    def _said(self) -> str:
        flawed = [f"{p.signal}: {self.bus.status(p.signal)}" for p in self.read if self.bus.image.flawed]
        return "; ".join([str(self.host.status()), *flawed[:5]])


def resources() -> tuple[int, int]:
    """Return the number of threads, and the number of open files and sockets."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as it is now
