"""The host of all drivers of a running plant: one supervisor, one ledger of commands."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from petra.drivers.commands.deliveries import Delivered, Deliveries
from petra.drivers.commands.ledger import Ledger
from petra.drivers.commands.wakeup import Wakeup
from petra.drivers.contract.sessions import DriverSessions
from petra.engine.drivers import goes_on, placing, written
from petra.engine.farewell import MOST, Farewell
from petra.engine.gate import CommandGate
from petra.engine.heirs import Heirs
from petra.engine.hosted import HostedDriver
from petra.errors import PetraError
from petra.plant.guard import Guard
from petra.scan.engine_signals import PREFIX
from petra.signals import LocalBus, Quality, QualityReason, ReasonCode, Store
from petra.supervise import Activity, Backoff

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.drivers.commands.command import Command
    from petra.drivers.commands.lapses import Lapsed
    from petra.drivers.commands.queue import CommandQueue
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.statistics import DriverStatus
    from petra.plant.actors import Actor
    from petra.signals import Layout, Value
    from petra.supervise import Supervisor

log = logging.getLogger("petra.drivers")

T = TypeVar("T")

_TICK = 0.25
_SILENT_AFTER = 5.0
_CHANGED_WITHIN = 15.0
_ENDED_WITHIN = 5.0
_LOOK = 0.1
_TICKING = f"{PREFIX}drivers"


class DriverHost:
    """Owns all drivers, in the loop of a supervisor. Its methods are called from other threads."""

    def __init__(
        self,
        bus: LocalBus,
        clock: Clock,
        supervisor: Supervisor,
        *,
        guard: Guard | None = None,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.ledger = Ledger(clock)
        self.supervisor = supervisor
        self.gate = CommandGate(bus, clock, self.ledger, supervisor, guard or Guard(clock))
        self._wakeup = Wakeup()
        self._farewell = Farewell(self._wakeup)
        self._bus = bus
        self._clock = clock
        self._backoff = backoff
        self._running: dict[str, HostedDriver] = {}
        self._before: dict[tuple[str, str], tuple[Delivered, CommandQueue]] = {}
        """What devices were given before a reload, by the name and the place of their drivers."""
        self._lapsed: dict[str, Lapsed] = {}
        """Since when signals are bad whose drivers a reload has taken away."""
        self._beat = clock.monotonic()
        self._beats = 0
        self._silent = False
        self._started = self._stopped = False
        self._turn = asyncio.Lock()
        """Held in the loop while drivers are added or removed: one change after the other."""

    def start(self, drivers: Sequence[Driver]) -> None:
        """Start the drivers in the loop, which runs; nothing here waits for a device."""
        self._started = True
        self.supervisor.add(_TICKING, self._watch)
        self.add(drivers)

    def leaving(self, drivers: Sequence[Driver], layout: Layout) -> list[Driver]:
        """Return the drivers that do not go on as they are, when these are to run on that layout."""
        wanted = {driver.name: driver for driver in drivers}
        return [
            each.driver
            for name, each in list(self._running.items())
            if name not in wanted
            or not goes_on(each.driver, wanted[name], placing(self._bus.layout), placing(layout))
        ]

    def rehearse(self, drivers: Sequence[Driver], leaving: Sequence[Driver], layout: Layout) -> None:
        """Make all that will begin on a bus that nothing uses: what cannot be made takes nothing away."""

        async def make() -> None:
            bus = LocalBus(Store(layout, self._clock))
            for driver in fresh:
                sessions = DriverSessions(driver, bus, self._clock.now_ns)
                Deliveries(sessions, bus, self.ledger).close()

        names = {driver.name for driver in leaving}
        fresh = [driver for driver in drivers if driver.name not in self._running or driver.name in names]
        if self._started and fresh:
            self._wait(make(), _CHANGED_WITHIN)

    def give_up(self, leaving: Iterable[Driver], drivers: Sequence[Driver], layout: Layout) -> None:
        """Write safe values where nothing will write any more when these drivers run on that layout."""
        heirs = Heirs(drivers, lambda name: layout.is_computed(layout.place(name)))
        gone = [
            (self._running[driver.name], point)
            for driver in leaving
            for point in written(driver)
            if driver.name in self._running and heirs.lost(driver, point)
        ]
        if gone:
            given_up = self._farewell.given_up(gone, lambda: bool(self.gate.refusing))
            lost = self._wait(given_up, MOST + 1.0)
            if self.gate.refusing:  # the end looks after what is on its way
                return
            away = {point for each, point in gone if not each.sessions.serves}
            for command in lost:
                why = " (its device is away)" if command.target in away else ""
                log.error(
                    "a safe value was not written where nothing will write any more: %s%s", command, why
                )

    def remove(self, drivers: Iterable[Driver]) -> None:
        """Stop drivers; what they read is bad from then on."""
        if names := dict.fromkeys(driver.name for driver in drivers):
            self._change(self._remove(list(names)))

    def add(self, drivers: Sequence[Driver]) -> None:
        """Start those that do not run yet; they know what their devices were given before."""
        self._change(self._add(drivers))

    def lacks(self, drivers: Iterable[Driver]) -> bool:
        """Return whether one of them does not run."""
        return any(driver.name not in self._running for driver in drivers)

    def _change(self, change: Coroutine[Any, Any, None]) -> None:
        """Have a change done after those before it.

        When the loop does not answer in time that is an error; the change is done once it does.
        """
        if not self._started:
            change.close()
            return

        async def in_turn() -> None:
            async with self._turn:
                await change

        try:
            self.supervisor.post(in_turn()).result(_CHANGED_WITHIN)
        except TimeoutError:
            raise PetraError(f"the drivers do not answer within {_CHANGED_WITHIN:g} s") from None

    async def _remove(self, names: Sequence[str]) -> None:
        gone = [self._running[name] for name in names if name in self._running]
        reason = "the driver was stopped"
        for each in gone:
            each.sessions.queue.close(reason)
        await self.supervisor.end([each.driver.name for each in gone], _ENDED_WITHIN)
        for each in gone:
            each.close(reason)
            del self._running[each.driver.name]
            known = each.driver.name, each.driver.place
            self._before[known] = each.deliveries.delivered(), each.sessions.queue
            self._lapsed.update(each.deliveries.lapsed())
        self.gate.route(self._running.values())

    async def _add(self, drivers: Sequence[Driver]) -> None:
        for driver in drivers:
            if driver.name not in self._running and not self._stopped:
                await self._begin(driver)
        self._before.clear()
        self._lapsed.clear()
        self.gate.route(self._running.values())

    def refuse(self, reason: str) -> None:
        """Take no more commands; what waits for the last commands of a reload does so no more."""
        self.gate.refusing = reason

    def stop(self, within: float) -> list[Command]:
        """Let the last commands go out, then end all sessions; return the commands that failed.

        PetraError says that a driver blocks the loop of all: then nothing can be written, nor waited for.
        """
        self.refuse("the engine stops")
        lost = self._wait(self._stop(within), MOST + 2 * within + 1.0)
        for command in lost:
            log.error("a safe value was not written: %s", command)
        self.refuse("the engine has stopped")
        return lost

    async def _stop(self, within: float) -> list[Command]:
        async with self._turn:
            self._stopped = True
        running = list(self._running.values())
        await self._farewell.flushed(running)
        await self.supervisor.end([each.driver.name for each in running], within)
        for each in running:
            each.close("the engine has stopped")
        await self.supervisor.end([_TICKING], within)
        return [command for each in running for command in each.deliveries.undelivered()]

    def _wait(self, coroutine: Coroutine[Any, Any, T], within: float) -> T:
        """Return what comes of it, for as long as the loop of the drivers moves.

        Looks are counted, and no clock is asked: a process that was suspended has waited for nothing.
        """
        future = self.supervisor.post(coroutine)
        beats = still = 0
        for _ in range(int(within / _LOOK)):
            with suppress(TimeoutError):
                future.result(_LOOK)
            beats, still = self._beats, still + 1 if self._beats == beats else 0
            if future.done() or still >= _SILENT_AFTER / _LOOK:
                break
        if not future.done():
            raise PetraError(
                "the drivers do not move: a driver, a service or an activity of a plugin blocks the I/O loop"
            )
        return future.result()

    def command(self, signal: str, value: Value, actor: Actor, note: str = "") -> Command:
        """Write a signal on behalf of an actor; the command says what became of it, also a mistake."""
        return self.gate.command(signal, value, actor, note)

    def force(self, signal: str, value: Value | None, actor: Actor, note: str = "") -> Command:
        """Hold a signal at a value on behalf of an actor, or release it with None."""
        return self.gate.force(signal, value, actor, note)

    def look(self) -> None:
        """See that the loop of the drivers moves; called now and then, from another thread.

        A driver or an activity that blocks the loop stops all of them. Then nothing here can be asked of
        them, and what they read is shown as bad from outside.
        """
        silent = self._started and not self._stopped and self._clock.monotonic() - self._beat > _SILENT_AFTER
        if silent and not self._silent:
            message = (
                "the I/O loop has been blocked for %g s by a driver, a service or an activity of a plugin%s"
            )
            at_work = self.supervisor.at_work()
            log.critical(message, _SILENT_AFTER, f": {at_work} runs now" if at_work else "")
            layout = self._bus.layout
            for signal, served in self.gate.routes.items():
                if served[0][1].direction.reads and not layout.is_computed(layout.place(signal)):
                    status = QualityReason(Quality.BAD, "the drivers do not move", ReasonCode.NOT_CONNECTED)
                    self._bus.serve(signal, self._bus.read(signal).value, status)
        elif self._silent and not silent:
            log.warning("the I/O loop moves again")
        self._silent = silent

    def silent(self) -> list[str]:
        """Return the drivers that have not yet heard all their devices since they were started."""
        return [name for name, each in list(self._running.items()) if not each.sessions.answered]

    def status(self) -> dict[str, DriverStatus]:
        """Return how each driver is."""
        return {name: each.status() for name, each in list(self._running.items()) if each.activity}

    async def _begin(self, driver: Driver) -> None:
        each = self._make(driver)
        self._running[driver.name] = each
        each.activity = await self.supervisor.begin(
            driver.name,
            each.sessions.run,
            patience=driver.patience,
            backoff=self._backoff(),
            failed=each.failed,
        )

    def _make(self, driver: Driver) -> HostedDriver:
        sessions = DriverSessions(driver, self._bus, self._clock.now_ns, self._wakeup)
        delivered, queue = self._before.get((driver.name, driver.place), (None, None))
        if queue is not None:
            sessions.queue.take_over(queue)
        deliveries = Deliveries(sessions, self._bus, self.ledger, delivered, self._lapsed)
        return HostedDriver(driver, sessions, deliveries)

    async def _watch(self, activity: Activity) -> None:
        """Let drivers act on what happens, at once; and now and then on what does not happen."""
        activity.serving()
        loop = asyncio.get_running_loop()
        next_tick = loop.time()
        while True:
            seen = self._wakeup.count
            running = list(self._running.values())
            for each in running:
                each.step()
            due = min((each.deliveries.next_at() for each in running), default=math.inf)
            if min(next_tick, due) <= loop.time():
                next_tick = loop.time() + _TICK
                for each in running:
                    each.tick()
                due = min((each.deliveries.next_at() for each in running), default=math.inf)
            activity.progress()
            self._beat = self._clock.monotonic()
            self._beats += 1
            await self._wakeup.after(seen, min(next_tick, due))
