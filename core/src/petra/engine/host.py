"""The host of all drivers of a running plant: one supervisor, one ledger of commands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from petra.drivers.commands.command import Act, Command, Origin, Outcome
from petra.drivers.commands.ledger import Ledger
from petra.drivers.commands.output import SURE
from petra.drivers.commands.outputs import Delivered, Outputs
from petra.drivers.contract.sessions import DriverSessions
from petra.engine.drivers import goes_on, placing, written
from petra.engine.farewell import MOST, Farewell, Running
from petra.engine.heirs import Heirs
from petra.errors import PetraError
from petra.scan.statistics import PREFIX
from petra.signals import Force, InboxFullError, LocalBus, NotWritableError, Quality, Status, Store
from petra.supervise import Activity, Backoff, Health, Supervisor

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.drivers.commands.lapses import Lapsed
    from petra.drivers.commands.queue import CommandQueue
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point
    from petra.signals import Layout, Value

log = logging.getLogger("petra.drivers")

T = TypeVar("T")

_TICK = 0.25
_SILENT_AFTER = 5.0
_CHANGED_WITHIN = 15.0
_ENDED_WITHIN = 5.0
_LOOK = 0.1
_TICKING = f"{PREFIX}drivers"


@frozen
class DriverStatus:
    """A driver at one moment."""

    health: Health
    detail: str
    points: int
    sessions: int
    requests: int
    refused: int
    unanswered: int
    missed: int
    writes: int
    waiting: int
    response_p50_ms: float
    response_p99_ms: float


class DriverHost:
    """Owns the supervisor's thread and all drivers. Its methods are called from other threads."""

    def __init__(self, bus: LocalBus, clock: Clock, *, backoff: Callable[[], Backoff] = Backoff) -> None:
        self.ledger = Ledger(clock)
        self._farewell = Farewell(self.ledger)
        self._parting: list[Command] = []
        """Last commands of points that a reload has given up, and that were not written."""
        self.supervisor = Supervisor()
        self._bus = bus
        self._clock = clock
        self._backoff = backoff
        self._running: dict[str, Running] = {}
        self._routes: dict[str, list[tuple[Running, Point]]] = {}
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
        self._refusing = ""
        """Why nobody's commands are taken any more."""
        bus.gate = self._let_force

    def start(self, drivers: Sequence[Driver]) -> None:
        """Start the thread and the drivers; nothing here waits for a device."""
        self.supervisor.start()
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
        """Make all that will begin anew on a bus that nobody uses: what cannot be made takes nothing away."""

        async def make() -> None:
            bus = LocalBus(Store(layout, self._clock))
            for driver in fresh:
                sessions = DriverSessions(driver, bus, self._clock.now_ns)
                Outputs(sessions, bus, self.ledger).close()

        names = {driver.name for driver in leaving}
        fresh = [driver for driver in drivers if driver.name not in self._running or driver.name in names]
        if self._started and fresh:
            self._wait(make(), _CHANGED_WITHIN)

    def give_up(self, leaving: Iterable[Driver], drivers: Sequence[Driver], layout: Layout) -> None:
        """Write safe values where nobody will be in charge any more when these drivers run on that layout."""
        heirs = Heirs(drivers, lambda name: layout.place(name) >= layout.split)
        gone = [
            (self._running[driver.name], point)
            for driver in leaving
            for point in written(driver)
            if driver.name in self._running and heirs.lost(driver, point)
        ]
        if gone:
            given_up = self._farewell.given_up(gone, lambda: bool(self._refusing))
            lost = self._wait(given_up, MOST + 1.0)
            if self._refusing:  # the end looks after what is on its way
                self._parting = lost
                return
            for command in lost:
                log.error("a safe value was not written where nobody will write any more: %s", command)

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
        self._close(gone, reason)
        for each in gone:
            del self._running[each.driver.name]
            known = each.driver.name, each.driver.place
            self._before[known] = each.outputs.delivered(), each.sessions.queue
            self._lapsed.update(each.outputs.lapsed())
        self._route()

    async def _add(self, drivers: Sequence[Driver]) -> None:
        for driver in drivers:
            if driver.name not in self._running and not self._stopped:
                await self._begin(driver)
        self._before.clear()
        self._lapsed.clear()
        self._route()

    def refuse(self, reason: str) -> None:
        """Take no more commands of anybody; what waits for the last commands of a reload does so no more."""
        self._refusing = reason

    def stop(self, within: float) -> list[Command]:
        """Let the last commands go out, then end all sessions and the thread; return those that failed.

        PetraError says that a driver blocks the loop of all: then nothing can be written, nor waited for.
        """
        self.refuse("the engine stops")
        try:
            lost = self._wait(self._stop(within), MOST + 2 * within + 1.0)
        except PetraError:
            self.supervisor.leave()
            raise
        for command in lost:
            log.error("a safe value was not written: %s", command)
        self.supervisor.stop(within)
        self.refuse("the engine has stopped")
        return lost

    async def _stop(self, within: float) -> list[Command]:
        async with self._turn:
            self._stopped = True
        running = list(self._running.values())
        await self._farewell.flushed(running)
        await self.supervisor.end([each.driver.name for each in running], within)
        self._close(running, "the engine has stopped")
        lost = [command for each in running for command in each.outputs.undelivered()]
        return lost + [command for command in self._parting if command.outcome not in SURE]

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
            raise PetraError("the drivers do not move: one of them blocks the others")
        return future.result()

    def command(self, signal: str, value: Value, actor: str, origin: Origin) -> Command:
        """Write a signal on behalf of somebody; the command says what became of it."""
        layout = self._bus.layout
        index = layout.place(signal)
        value = layout.converted(index, value)
        command = self.ledger.open(signal, value, actor, origin)
        if command.outcome.final:
            return command
        if reason := self._refusing or layout.outside(index, value):
            self._reject(command, reason)
            return command
        if index >= layout.split:
            self._reject(
                command, f"the block {layout.signals[index].written_by!r} writes it; force it instead"
            )
            return command
        if signal.startswith(PREFIX) or any(e.driver.online == signal for e in list(self._running.values())):
            self._reject(command, "the engine itself writes it")
            return command
        writers = self._routes.get(signal, [])
        able = [(each, point) for each, point in writers if point.direction.writes]
        if len(able) > 1:
            self._reject(command, f"{len(able)} points write it")
        elif able:
            each, command.point = able[0]
            try:
                self.supervisor.loop.call_soon_threadsafe(self._put, each, command)
            except RuntimeError:  # the loop is closed
                self._reject(command, "the engine has stopped")
        elif writers:
            self._reject(command, f"its point {writers[0][1].address} is only read")
        else:
            self._enter(command, lambda: self._bus.write(signal, value))
        return command

    def force(self, signal: str, value: Value | None, actor: str, origin: Origin) -> Command:
        """Hold a signal at a value on behalf of somebody, or let it go with None."""
        layout = self._bus.layout
        index = layout.place(signal)
        value = None if value is None else layout.converted(index, value)
        command = self.ledger.open(signal, value, actor, origin, Act.UNFORCE if value is None else Act.FORCE)
        if not command.outcome.final:
            outside = "" if value is None else layout.outside(index, value)
            if reason := self._refusing or outside:
                self._reject(command, reason)
        if not command.outcome.final:
            force = Force(self._clock.now_ns(), actor, signal, value)
            self._enter(command, lambda: self._bus.enqueue(force))
        return command

    def _enter(self, command: Command, write: Callable[[], None]) -> None:
        """Put what a command asks for into the inbox; the command ends by that."""
        try:
            write()
        except InboxFullError as error:
            self._reject(command, str(error))
        else:
            command.end(Outcome.CONFIRMED, self._clock.now_ns())

    def _let_force(self, force: Force) -> None:
        """Take a force that comes by the bus through the same gate; the bus is known to this machine only."""
        command = self.force(force.signal, force.value, force.actor, Origin.LOCAL)
        if command.outcome is not Outcome.CONFIRMED:
            raise NotWritableError(f"{force.signal!r} is not forced: {command.reason}")

    def look(self) -> None:
        """See that the loop of the drivers moves; called now and then, from another thread.

        A driver that blocks the loop stops all of them. Then nothing here can be asked of them, and what they
        read is shown as bad from outside.
        """
        silent = bool(self._running) and self._clock.monotonic() - self._beat > _SILENT_AFTER
        if silent and not self._silent:
            log.critical("the drivers have not moved for %g s: one of them blocks the others", _SILENT_AFTER)
            layout = self._bus.layout
            for signal, served in self._routes.items():
                if served[0][1].direction.reads and layout.place(signal) < layout.split:
                    status = Status(Quality.BAD, "the drivers do not move")
                    self._bus.serve(signal, self._bus.read(signal).value, status)
        elif self._silent and not silent:
            log.warning("the drivers move again")
        self._silent = silent

    def silent(self) -> list[str]:
        """Return the drivers that have not yet heard all their devices since they were started."""
        return [name for name, each in list(self._running.items()) if not each.sessions.answered]

    def status(self) -> dict[str, DriverStatus]:
        """Return how each driver is."""
        return {name: _status(each) for name, each in list(self._running.items()) if each.activity}

    def _put(self, each: Running, command: Command) -> None:
        if self._refusing:  # since it was asked for
            self._reject(command, self._refusing)
            return
        if command.point is not None and not each.outputs.writes(command.point):
            self._reject(command, "a reload takes this point away")  # its last word is on its way
            return
        each.outputs.foreign(command)
        each.sessions.queue.put(command, each.sessions.now())

    def _reject(self, command: Command, reason: str) -> None:
        command.end(Outcome.REJECTED, self._clock.now_ns(), reason)

    async def _begin(self, driver: Driver) -> None:
        each = self._make(driver)
        self._running[driver.name] = each
        each.activity = await self.supervisor.begin(
            driver.name,
            each.sessions.run,
            patience=driver.patience,
            backoff=self._backoff(),
            failed=_failed(each),
        )

    def _route(self) -> None:
        """Note which points each signal has."""
        routes: dict[str, list[tuple[Running, Point]]] = {}
        for each in self._running.values():
            for point in each.driver.points:
                routes.setdefault(point.signal, []).append((each, point))
        self._routes = routes

    def _make(self, driver: Driver) -> Running:
        sessions = DriverSessions(driver, self._bus, self._clock.now_ns)
        delivered, queue = self._before.get((driver.name, driver.place), (None, None))
        if queue is not None:
            sessions.queue.take_over(queue)
        outputs = Outputs(sessions, self._bus, self.ledger, delivered, self._lapsed)
        sessions.resume = outputs.resume
        sessions.noted = outputs.note
        return Running(driver, sessions, outputs)

    def _close(self, gone: Sequence[Running], reason: str) -> None:
        for each in gone:
            each.outputs.close()
            each.sessions.queue.close(reason)
            try:
                each.sessions.fail(reason)
            except Exception:  # the others are to be closed as well
                log.exception("%s: its signals cannot be marked", each.driver.name)

    async def _watch(self, activity: Activity) -> None:
        activity.serving()
        while True:
            for each in list(self._running.values()):
                each.sessions.tick()
                each.outputs.tick()
            activity.progress()
            self._beat = self._clock.monotonic()
            self._beats += 1
            await asyncio.sleep(_TICK)


def _failed(each: Running) -> Callable[[str], None]:
    def failed(reason: str) -> None:
        each.outputs.pause()
        each.sessions.fail(reason)

    return failed


def _status(each: Running) -> DriverStatus:
    assert each.activity is not None  # noqa: S101 - the caller has looked
    s = each.sessions.statistics
    times = sorted(s.response_s.copy())
    p50, p99 = (times[int(len(times) * q)] * 1e3 if times else 0.0 for q in (0.5, 0.99))
    return DriverStatus(
        health=each.activity.health(),
        detail=each.sessions.detail,
        points=len(each.driver.points),
        sessions=s.sessions,
        requests=s.requests,
        refused=s.refused,
        unanswered=s.unanswered,
        missed=s.missed,
        writes=s.writes,
        waiting=len(each.sessions.queue),
        response_p50_ms=p50,
        response_p99_ms=p99,
    )
