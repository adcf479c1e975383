"""Signals, points and what makes commands of them, without a host; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from petra.drivers import Command, Direction, Driver, Origin, Point, SessionContext, WriteRequest
from petra.drivers.commands.deliveries import Deliveries
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.sessions import DriverSessions
from petra.signals import LocalBus, Quality, QualityReason, Signal, SignalType, Store, Value
from petra.testing import ManualClock, run_virtual


class Nowhere(Driver):
    """A driver that is where its tests are."""

    async def session(self, context: SessionContext) -> None:
        """Be nowhere."""


class Plant:
    """Signals, points, and what makes commands of them; scans and sessions are made by hand."""

    def __init__(self, signals: list[Signal], points: list[Point], **before: Any) -> None:
        self.clock = ManualClock()
        self.store = Store(signals, self.clock)
        split = self.store.layout.split
        self.store.doubt(range(split, len(signals)), QualityReason(Quality.BAD, "not computed yet"))
        self.store.publish(0, 0)
        self.bus = LocalBus(self.store)
        self.ledger = Ledger(self.clock)
        self.sessions = DriverSessions(Nowhere("d", points), self.bus, self.clock.now_ns)
        self.deliveries = Deliveries(self.sessions, self.bus, self.ledger, **before)
        self.requests: Any = None
        self.scans = 0

    async def connect(self) -> None:
        """Begin a session that serves."""
        context = self.sessions.begin(None)
        self.requests = context.commands()
        context.connected()
        await self.act()

    async def scan(self, status: QualityReason | None = None, **outputs: float) -> None:
        """Compute, publish, and act on it."""
        if not self.scans:
            self.store.flawed.clear()
        self.scans += 1
        self.store.latch()
        for name, value in outputs.items():
            index = self.store.layout.index[name]
            self.store.values[index] = value
            self.store.flawed.pop(index, None)
            if status is not None:
                self.store.flawed[index] = status
            self.store.flaws += 1
        self.store.publish(self.scans, self.clock.now_ns(), "main", 0.1)
        await self.act()

    async def act(self, after: float = 0.0) -> None:
        """Let the host look, some seconds later."""
        await asyncio.sleep(after)
        await asyncio.sleep(0)
        self.deliveries.step()
        self.deliveries.tick()

    def take(self) -> list[WriteRequest]:
        """Return what may be sent now."""
        found: list[WriteRequest] = []
        while (request := self.requests.take(self.sessions.now())) is not None:
            request.sent()
            found.append(request)
        return found

    def sent(self) -> list[Value]:
        """Return the values that may be sent now; the device takes them."""
        taken = self.take()
        for request in taken:
            request.confirmed()
        return [request.value for request in taken]

    def put(self, point: Point, value: Value) -> Command:
        """Let a person write."""
        command = self.ledger.open(point.signal, value, "ann", Origin.LOCAL, point=point)
        self.deliveries.expect(command)
        self.sessions.queue.put(command, self.sessions.now())
        return command


def with_plant(
    *signals: Signal, points: list[Point] | None = None, **before: Any
) -> Callable[[Callable[[Plant], Awaitable[None]]], None]:
    """Return a decorator that runs a test in virtual time with a plant of these signals."""

    def run(test: Callable[[Plant], Awaitable[None]]) -> None:
        async def main() -> None:
            made = Plant(
                list(signals),
                points or [Point(each.name, SignalType.FLOAT, "1", Direction.WRITE) for each in signals],
                **before,
            )
            await test(made)
            made.deliveries.close()

        run_virtual(main())

    return run


@pytest.fixture
def plant() -> Any:
    """Return what makes a decorator that runs a test with a plant of some signals."""
    return with_plant
