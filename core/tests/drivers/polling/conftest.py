"""A polled device in memory, its driver and its bus, for tests in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from petra.drivers import (
    Answer,
    Command,
    NoAnswerError,
    Origin,
    Point,
    PointError,
    PolledDriver,
    Reach,
    Request,
    SessionError,
    SessionLimits,
    Span,
    plan_reads,
)
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.sessions import DriverSessions
from petra.signals import LocalBus, Signal, Store, Value
from petra.testing import ManualClock


class Device:
    """Holds a value at each address; it is its own connection, and as slow and as faulty as a test wants."""

    detail = "a device in memory"
    limits = SessionLimits(in_flight=2)

    def __init__(self, points: Sequence[Point]) -> None:
        self.holds: dict[str, Value] = {point.address: 1.0 for point in points}
        self.takes = self.takes_to_write = 0.0
        self.silent: set[str] = set()
        """Stations and addresses that are not answered."""
        self.refused: set[str] = set()
        self.locked: dict[str, Exception] = {}
        """What writing to an address raises."""
        self.ignores: set[str] = set()
        """Addresses that take what is written and hold what they have."""
        self.reads: list[tuple[str, ...]] = []
        self.writes: list[tuple[str, Value]] = []
        self.open = 0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def read(self, request: Request) -> Sequence[Answer]:
        """Answer each part with what is held when the request arrives."""
        addresses = tuple(point.address for point in request.points)
        self.reads.append(addresses)
        answers = [self._part([span.point.address for span in part.spans]) for part in request.parts]
        await asyncio.sleep(self.takes)
        if self.silent & {request.station, *addresses}:
            raise NoAnswerError("no answer within 1 s")
        return answers

    def _part(self, addresses: list[str]) -> Answer:
        if self.refused & set(addresses):
            return PointError("no such address")
        return [self.holds[address] for address in addresses]

    async def write(self, point: Point, value: Value) -> None:
        """Hold a value."""
        self.writes.append((point.address, value))
        await asyncio.sleep(self.takes_to_write)
        if self.silent & {point.station, point.address}:
            raise NoAnswerError("no answer within 1 s")
        if (error := self.locked.get(point.address)) is not None:
            raise error
        if point.address not in self.ignores:
            self.holds[point.address] = value

    async def ended(self) -> None:
        """Wait for the end of the line."""
        await asyncio.shield(self.lost)

    def close(self) -> None:
        """Count that it is closed."""
        self.open -= 1


class Meter(PolledDriver):
    """Reads five addresses at once, in up to two ranges."""

    device: Device

    async def connect(self) -> Device:
        """Return the device."""
        self.device.open += 1
        return self.device

    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:
        """Plan by the number in the address."""
        spans = [Span(p.address[0], int(p.address[1:]), 1, p) for p in points]
        return plan_reads(spans, Reach(5, 2, parts=2))


class Stand:
    """A meter on a bus of its own, with nobody around it."""

    def __init__(self, *points: Point) -> None:
        self.points = points
        self.clock = ManualClock()
        self.bus = LocalBus(Store([Signal(p.signal, p.type) for p in points], self.clock))
        self.ledger = Ledger(self.clock)
        self.driver = Meter("m", points)
        self.device = self.driver.device = Device(points)
        self.sessions = DriverSessions(self.driver, self.bus, self.clock.now_ns)
        self.task: asyncio.Task[None] | None = None

    async def run(self, seconds: float) -> None:
        """Let the session run on for so long; it begins with the first call."""
        if self.task is None:
            self.task = asyncio.create_task(self.sessions.run(None))  # type: ignore[arg-type]  # nobody asks it
        await asyncio.sleep(seconds)

    async def ends(self) -> str:
        """Wait for the end of the session, and return why it has ended."""
        assert self.task is not None
        with pytest.raises(SessionError) as found:
            await self.task
        self.task = None
        return str(found.value)

    def put(self, to: Point, value: Value, origin: Origin = Origin.LOCAL) -> Command:
        command = self.ledger.open(to.signal, value, "ann", origin, point=to)
        self.sessions.queue.put(command, self.sessions.now())
        return command

    def seen(self, of: Point) -> tuple[Value, str]:
        """Return the value with the reason of its quality, as the next scan has it."""
        self.bus.store.latch()
        self.bus.store.publish(1, self.clock.now_ns())
        return self.bus.read(of.signal).value, self.bus.status(of.signal).reason


@pytest.fixture
def polled() -> type[Stand]:
    return Stand
