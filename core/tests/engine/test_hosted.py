"""One driver in its host: what it shows of itself, how long it is waited for, and that no defect spreads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from petra.clock import SystemClock
from petra.drivers import Direction, Driver, DriverStatus, Origin, Point, SessionContext
from petra.drivers.commands.deliveries import Deliveries
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.sessions import DriverSessions
from petra.engine.hosted import HostedDriver
from petra.signals import LocalBus, Quality, Signal, SignalType, Store
from petra.supervise import Activity, Backoff
from petra.testing import run_virtual

READ = Point("level", SignalType.FLOAT, "r1")
WRITTEN = Point("out", SignalType.FLOAT, "w1", Direction.WRITE)


class Nowhere(Driver):
    """A driver that is where its tests are."""

    timeout = 3.0

    async def session(self, context: SessionContext) -> None:
        """Be nowhere."""


def hosted(*points: Point) -> HostedDriver:
    """Return a driver with these points, in a host's hands."""
    signals = [Signal(point.signal, point.type, commanded=point.direction.writes) for point in points]
    bus, clock = LocalBus(Store([*signals, Signal("on", SignalType.BOOL)], SystemClock())), SystemClock()
    sessions = DriverSessions(Nowhere("d", points, online="on"), bus, clock.now_ns)
    return HostedDriver(sessions.driver, sessions, Deliveries(sessions, bus, Ledger(clock)))


def scanned(made: HostedDriver) -> LocalBus:
    bus = made.sessions.bus
    assert isinstance(bus, LocalBus)
    bus.store.latch()
    bus.store.publish(bus.image.scan + 1, 1)
    return bus


def command(made: HostedDriver, value: float = 1.0) -> Any:
    made_command = Ledger(SystemClock()).open("out", value, "ann", Origin.LOCAL, point=WRITTEN)
    made.deliveries.expect(made_command)
    made.sessions.queue.put(made_command, made.sessions.now())
    return made_command


def test_its_status_is_what_it_has_done():
    async def main() -> None:
        made = hosted(READ, WRITTEN)

        async def run(_: Activity) -> None:
            await asyncio.Event().wait()

        made.activity = Activity(
            "d", run, patience=1.0, stable_after=1.0, backoff=Backoff(), failed=made.failed
        )
        made.sessions.begin(None).connected("model 7")
        counted = made.sessions.statistics
        counted.requests, counted.refused, counted.unanswered, counted.missed = 11, 12, 13, 14
        counted.writes, counted.received = 15, 16
        counted.response_s.extend(n / 1e3 for n in range(101, 0, -1))
        command(made)
        assert made.status() == DriverStatus(
            health=made.activity.health(),
            detail="model 7",
            points=2,
            sessions=1,
            requests=11,
            refused=12,
            unanswered=13,
            missed=14,
            writes=15,
            waiting=1,
            response_p50_ms=51.0,
            response_p99_ms=100.0,
            received=16,
        )
        counted.response_s.clear()
        assert (made.status().response_p50_ms, made.status().response_p99_ms) == (0.0, 0.0)
        made.close("the end")

    run_virtual(main())


def test_it_is_waited_for_as_long_as_its_device_has_to_answer():
    """Another request may be under way before the command; nobody is waited for less than two seconds."""

    async def main() -> None:
        made = hosted(READ, WRITTEN)
        assert made.patience == 4.0
        made.sessions.begin(None).connected()
        assert made.patience == 7.0
        made.driver.timeout = 0.1
        assert made.patience == 2.0
        made.close("the end")

    run_virtual(main())


def test_it_has_to_write_while_a_command_waits_or_is_under_way():
    async def main() -> None:
        made = hosted(READ, WRITTEN)
        command(made)
        assert not made.has_to_write, "there is no session to write it in"
        context = made.sessions.begin(None)
        requests = context.commands()
        context.connected()
        assert made.has_to_write
        request = requests.take(made.sessions.now())
        assert request is not None
        assert made.has_to_write
        request.confirmed()
        assert not made.has_to_write
        made.close("the end")

    run_virtual(main())


def test_its_end_makes_everything_bad_and_ends_what_waits():
    async def main() -> None:
        made = hosted(READ, WRITTEN)
        context = made.sessions.begin(None)
        context.connected("model 7")
        context.feed([READ]).put(READ, 5.0)
        assert scanned(made).read("level")[:2] == (5.0, Quality.GOOD)
        assert scanned(made).read("on").value is True
        waiting = command(made)
        made.close("the plant stops")
        bus = scanned(made)
        assert bus.read("level")[:2] == (5.0, Quality.BAD)
        assert (bus.status("level").reason, bus.read("on").value) == ("the plant stops", False)
        assert waiting.reason == "the plant stops"
        assert made.sessions.detail == ""
        assert not bus.store.outgoing.has_readers

    run_virtual(main())


@pytest.mark.parametrize("act", ["step", "tick", "look"])
def test_a_defect_in_what_follows_is_logged_and_stops_no_other_driver(act, monkeypatch, caplog):
    def fails(*_: object) -> None:
        raise KeyError("a defect")

    async def main() -> None:
        made = hosted(READ, WRITTEN)
        monkeypatch.setattr(made.deliveries, act, fails)
        getattr(made, act)()
        made.close("the end")

    run_virtual(main())
    assert "d: what follows from its signals and commands has failed" in caplog.text


def test_what_waits_expires_though_its_signals_fail(monkeypatch):
    """Two things are looked at; a defect of the one does not keep the other from being looked at."""

    def fails() -> None:
        raise KeyError("a defect")

    async def main() -> None:
        made = hosted(READ, WRITTEN)
        monkeypatch.setattr(made.sessions, "tick", fails)
        ticked: list[bool] = []
        monkeypatch.setattr(made.deliveries, "tick", lambda: ticked.append(True))
        made.tick()
        assert ticked == [True]
        made.close("the end")

    run_virtual(main())
