"""A polling session: what a reading and a write do to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from petra.drivers import (
    Answer,
    Command,
    Direction,
    Origin,
    Outcome,
    Point,
    PolledDriver,
    Reach,
    Request,
    SessionLimits,
    Span,
    plan_reads,
)
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.sessions import DriverSessions
from petra.signals import LocalBus, Signal, SignalType, Store, Value
from petra.testing import ManualClock, run_virtual

SPEED = Point("speed", SignalType.INT, "1", Direction.BOTH, period=1.0, detail=1)
LEVEL = Point("level", SignalType.INT, "2", period=1.0, detail=2)


class Device:
    """Takes its time to answer, and answers what it held when it was asked."""

    detail = "a device"
    limits = SessionLimits(in_flight=2)

    def __init__(self) -> None:
        self.held: dict[int, Value] = {1: 0, 2: 7}
        self.slow = 0.0

    async def read(self, request: Request) -> Sequence[Answer]:
        """Answer with what is held now, a while later."""
        found = [[self.held[span.point.detail] for span in part.spans] for part in request.parts]
        if self.slow and len(request.points) > 1:
            await asyncio.sleep(self.slow)
        return found

    async def write(self, point: Point, value: Value) -> None:
        """Hold a value."""
        self.held[point.detail] = value

    async def ended(self) -> None:
        """Never end."""
        await asyncio.Event().wait()

    def close(self) -> None:
        """Close."""


class Polled(PolledDriver):
    """Plans as its connection allows, and notes what that was."""

    planned_with: SessionLimits | None = None

    def __init__(self, device: Device) -> None:
        super().__init__("d", [SPEED, LEVEL])
        self.device = device

    async def connect(self) -> Device:
        """Return the device."""
        return self.device

    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:
        """Read all of them at once."""
        self.planned_with = limits
        return plan_reads([Span("r", p.detail, 1, p) for p in points], Reach(10))


class Plant:
    """A polled device and its bus."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.device = Device()
        self.store = Store([Signal(p.signal, p.type) for p in (SPEED, LEVEL)], self.clock)
        self.bus = LocalBus(self.store)
        self.sessions = DriverSessions(Polled(self.device), self.bus, self.clock.now_ns)
        self.session = asyncio.ensure_future(self.sessions.run(None))  # type: ignore[arg-type]  # nobody asks it
        self.scans = 0

    def seen(self) -> tuple[Value, Value]:
        """Return what the signals hold after a scan."""
        self.scans += 1
        self.store.latch()
        self.store.publish(self.scans, 1)
        return self.bus.read("speed").value, self.bus.read("level").value

    def command(self, value: int) -> Command:
        """Write the speed."""
        command = Ledger(self.clock).open("speed", value, "ann", Origin.LOCAL, point=SPEED)
        self.sessions.queue.put(command, self.sessions.now())
        return command

    async def end(self) -> None:
        """End the session."""
        self.session.cancel()
        await asyncio.wait({self.session})


def test_a_reading_from_during_a_write_is_not_shown():
    """It was asked for before the write and is answered after it: the signal does not go back and forth."""

    async def main() -> None:
        plant = Plant()
        await asyncio.sleep(0.5)
        assert plant.seen() == (0, 7)
        plant.device.slow = 0.4
        await asyncio.sleep(0.6)  # a reading is under way
        command = plant.command(5)
        plant.device.held[2] = 8
        await asyncio.sleep(0.01)
        assert command.outcome is Outcome.CONFIRMED
        assert plant.seen() == (5, 7)
        await asyncio.sleep(0.4)  # it is answered: 0 and 7
        assert plant.seen() == (5, 7)
        await asyncio.sleep(1.5)
        assert plant.seen() == (5, 8)
        await plant.end()

    run_virtual(main())


def test_a_session_has_the_limits_of_its_own_connection():
    """The next one may agree to something else; the driver itself keeps nothing of either."""

    async def main() -> None:
        plant = Plant()
        driver = plant.sessions.driver
        assert isinstance(driver, Polled)
        for limits in (SessionLimits(in_flight=2, pdu=480), SessionLimits(in_flight=1, pdu=240)):
            await plant.end()
            plant.device.limits, plant.device.slow = limits, 0.4
            plant.session = asyncio.ensure_future(plant.sessions.run(None))  # type: ignore[arg-type]  # as above
            await asyncio.sleep(0.1)  # a reading is under way
            assert driver.planned_with == limits
            command = plant.command(limits.pdu)
            await asyncio.sleep(0.01)
            assert command.outcome.final is (limits.in_flight == 2)
            await asyncio.sleep(0.5)
            assert command.outcome is Outcome.CONFIRMED
        assert driver.limits == SessionLimits()
        await plant.end()

    run_virtual(main())
