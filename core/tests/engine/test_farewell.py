"""How long the last commands of drivers are waited for: as long as they get on, whatever their timeouts."""

from __future__ import annotations

import asyncio

import pytest

from petra.drivers import BusyError, Direction, Driver, NoAnswerError, Point, SessionContext, SessionError
from petra.drivers.commands.deliveries import Deliveries
from petra.drivers.commands.ledger import Ledger
from petra.drivers.commands.order import SURE
from petra.drivers.contract.sessions import DriverSessions
from petra.engine.farewell import Farewell
from petra.engine.hosted import HostedDriver
from petra.signals import Layout, LocalBus, Signal, SignalType, Store
from petra.supervise import Activity, Backoff
from petra.testing import ManualClock, run_virtual


class Slow(Driver):
    """A device that takes its time, and serves one command after the other."""

    def __init__(self, outputs: int, delay: float, timeout: float) -> None:
        points = [
            Point(f"o{n}", SignalType.FLOAT, f"{n}", Direction.WRITE, station=f"{n}") for n in range(outputs)
        ]
        super().__init__("slow", points)
        self.delay = delay
        self.timeout = timeout
        self.dead: set[str] = set()
        self.down_until = 0.0
        self.busy = 0
        self.written: list[str] = []

    async def session(self, context: SessionContext) -> None:
        if context.now() < self.down_until:
            raise SessionError("nobody there")
        context.connected()
        async for request in context.commands(within=60.0):
            try:
                await self.write(request.point)
                request.confirmed()
            except (NoAnswerError, BusyError) as error:
                request.timed_out(str(error), temporary=True)

    async def write(self, point: Point) -> None:
        if point.station in self.dead:
            await asyncio.sleep(self.timeout)
            raise NoAnswerError("no answer")
        await asyncio.sleep(self.delay)
        if self.busy:
            self.busy -= 1
            raise BusyError("busy")
        self.written.append(point.signal)


def ended(driver: Slow, *, over=lambda: False, stopped: bool = False, away: bool = False):
    """Say farewell to a driver; return the safe values that were not written, and how long that took."""

    async def main():
        loop = asyncio.get_running_loop()
        signals = [Signal(p.signal, SignalType.FLOAT, written_by="b", safe=-1.0) for p in driver.points]
        bus, ledger = LocalBus(Store(Layout(signals), clock)), Ledger(clock)
        sessions = DriverSessions(driver, bus, clock.now_ns)
        farewell = Farewell(sessions.wakeup)
        deliveries = Deliveries(sessions, bus, ledger)
        running = HostedDriver(driver, sessions, deliveries)
        backoff = Backoff(first=20.0, least=20.0) if away else Backoff()
        activity = running.activity = Activity(
            driver.name, sessions.run, patience=60.0, stable_after=10.0, backoff=backoff, failed=None
        )
        task = loop.create_task(activity.keep())
        await asyncio.sleep(0.1)
        began = loop.time()
        if stopped:
            bus.store.latch()
            bus.store.values[:] = [2.0] * len(signals)
            bus.store.publish(1, clock.now_ns())
            bus.store.show_safe("the engine has stopped")
            await farewell.flushed([running])
            lost = deliveries.undelivered()
        else:
            lost = await farewell.given_up([(running, point) for point in driver.points], over)
        took = loop.time() - began
        task.cancel()
        await asyncio.wait({task})
        deliveries.close()
        return [command for command in lost if command.outcome not in SURE], took

    clock = ManualClock()
    return run_virtual(main(), clock)


@pytest.mark.parametrize("stopped", [True, False], ids=["the stop", "a reload"])
@pytest.mark.parametrize(
    ("outputs", "delay", "timeout"), [(4, 1.2, 5.0), (1, 4.5, 5.0), (60, 0.4, 1.0), (1, 9.0, 10.0)]
)
def test_a_slow_device_is_given_all_its_safe_values(outputs, delay, timeout, stopped):
    driver = Slow(outputs, delay, timeout)
    lost, took = ended(driver, stopped=stopped)
    assert not lost
    assert len(driver.written) == outputs
    assert took == pytest.approx(outputs * delay, abs=0.2)


@pytest.mark.parametrize("stopped", [True, False], ids=["the stop", "a reload"])
def test_a_healthy_station_has_its_turn_behind_dead_ones(stopped):
    driver = Slow(4, 0.1, 2.5)
    driver.dead = {"0", "1", "2"}
    lost, took = ended(driver, stopped=stopped)
    assert "o3" in driver.written
    assert {command.signal for command in lost} == {"o0", "o1", "o2"}
    assert took < 30.0


def test_it_ends_soon_when_nothing_succeeds_and_at_last_in_any_case():
    driver = Slow(1, 0.1, 1.0)
    driver.dead = {"0"}
    assert ended(driver)[1] < 5.0
    assert ended(Slow(100, 1.0, 1.0))[1] == pytest.approx(30.0, abs=0.2)


def test_a_device_that_is_away_for_a_moment_is_tried_without_a_long_pause():
    driver = Slow(3, 0.1, 0.5)
    driver.down_until = ManualClock().monotonic() + 1.0
    lost, took = ended(driver, stopped=True, away=True)
    assert not lost
    assert took < 2.0


def test_what_a_reload_gives_up_is_tried_again_where_the_device_was_busy():
    driver = Slow(1, 0.1, 1.0)
    driver.busy = 3
    lost, _ = ended(driver)
    assert (lost, driver.written) == ([], ["o0"])


def test_what_was_passed_over_counts_as_not_written():
    driver = Slow(1, 0.1, 1.0)
    driver.down_until = ManualClock().monotonic() + 3600.0
    (lost,), _ = ended(driver, away=True)
    assert lost.outcome not in SURE


def test_the_stop_waits_for_no_reload():
    driver = Slow(1, 1e9, 1.0)
    assert ended(driver, over=lambda: True)[1] < 0.1
