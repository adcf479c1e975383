"""The engine: a configuration, running. It puts the parts together and owns their threads."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.clock import Clock, SystemClock
from petra.drivers.commands.order import Origin, Outcome
from petra.engine.audit import AuditTrail
from petra.engine.built import Built, moved
from petra.engine.deployment import Deployment, block_states, carry_over, deploy
from petra.engine.difference import Change, diff_deployments
from petra.engine.drivers import say_refused_safe_values
from petra.engine.engine_signals import EngineSignals
from petra.engine.forces import forces_changed, held
from petra.engine.hooks import announce
from petra.engine.host import DriverHost
from petra.engine.journal import CommandJournal
from petra.engine.keeper import Keeper
from petra.engine.plant import CommandAudit, EnginePlant
from petra.engine.recent import RecentChanges
from petra.engine.record import Snapshot
from petra.engine.reload import Reload
from petra.engine.retain import Kept, RetainFile
from petra.engine.services import ServiceHost
from petra.engine.site import Site
from petra.engine.watch import Watchdog
from petra.errors import PetraError
from petra.plant.actors import Actor, Capability
from petra.plant.audit import AuditEntry
from petra.plant.events import EventBook
from petra.plant.guard import Guard
from petra.plant.status import PlantStatus
from petra.plural import plural
from petra.scan import Scheduler, Task
from petra.scan.template import Templates
from petra.signals import GOOD, InboxFullError, LocalBus, Quality, QualityReason, ReasonCode, Store, Value
from petra.signals.rearrange import restored
from petra.supervise import Activities, Supervisor

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from petra.config import Configuration
    from petra.drivers.commands.command import Command
    from petra.engine.record import ReplayRecorder
    from petra.plugin import Catalog
    from petra.signals.rearrange import Arrangement

log = logging.getLogger("petra.engine")

STOP_WITHIN = 5.0
ANSWER_WITHIN = 10
_SLOWEST_PERIODS = 10
_LEAST_WATCHDOG = 1.0
_RELOAD_ENDS_WITHIN = 10.0
_LOOK = 0.02
_NOT_YET = QualityReason(Quality.BAD, "not computed yet", ReasonCode.NOT_YET)


class EngineError(PetraError):
    """The engine cannot do this now."""


class Engine:
    """A running plant.

        with Engine(configuration, catalog) as engine:
            engine.bus.write("tank.inlet_open", True)

    One thread scans, a second one watches it. `reload`, `tune` and `status` may be called from any other.
    """

    def __init__(
        self,
        configuration: Configuration,
        catalog: Catalog,
        *,
        clock: Clock | None = None,
        retain: Path | None = None,
        scan_time_ms: float = 0.0,
        journal: Path | None = None,
        recorder: ReplayRecorder | None = None,
        site: Site | None = None,
    ) -> None:
        self.catalog = catalog
        self.clock = clock or SystemClock()
        self.site = site or Site()
        self.events = EventBook(self.clock)
        trail = None if self.site.audit is None else AuditTrail(self.site.audit)
        self.guard = Guard(self.clock, self.events, *([trail] if trail else []))
        self._scan_time_ms = scan_time_ms
        self._templates = Templates()
        self._deployed = self._deploy(configuration)
        built = self._deployed.built
        self.store = Store(built.layout, self.clock)
        self.bus = LocalBus(self.store)
        # a slow task's zero was computed by nothing: outputs are bad until their blocks have run
        self.store.doubt(range(built.layout.split, len(built.layout)), _NOT_YET)
        self.store.publish(0, self.clock.now_ns())
        self.supervisor = Supervisor()
        self.activities = Activities(self.supervisor)
        """What plugins run beside the drivers: see `petra_engine_started`."""
        self.services = ServiceHost(self.supervisor, self.plant, self.site.data_dir)
        self.host = DriverHost(self.bus, self.clock, self.supervisor, guard=self.guard)
        self.host.ledger.tell(CommandAudit(self.guard.note))
        self.recent = RecentChanges(self.bus.image, self.clock.now_ns())
        self._engine_signals = EngineSignals(self.bus, [task.name for task in built.tasks])
        self.scheduler = Scheduler(
            self.store,
            self.clock,
            built.tasks,
            spin=configuration.plant.engine.spin_us / 1e6,
            failed=self._scan_failed,
        )
        self.scheduler.each_second = self._each_second
        kept = RetainFile(retain) if retain else None
        if kept is not None:
            states = kept.load(self._deployed.block_types)
            for task in built.tasks:
                task.program.restore(states)
        written = CommandJournal(journal, self.host.ledger) if journal else None
        files = [file for file in (written, trail) if file is not None]
        self._watchdog = Watchdog(self.scheduler, self.clock, self._limit)
        self._keeper = Keeper(
            self.scheduler,
            self.clock,
            self._kept,
            retain=kept,
            files=files,
            duties=(self.host.look, lambda: self.recent.look(self.bus.image, self.clock.now_ns())),
        )
        self._recorder = recorder
        if recorder is not None:
            recorder.begin(self.bus, self._state(built), self._ask_state)
            recorder.start()
        self._left: tuple[Deployment, Arrangement] | None = None
        """During a reload, the deployment that was left, with what its signals were."""
        self._reloads = 0
        self._began = self.clock.monotonic()
        self._changing = threading.Lock()
        """Held while a reload, a change of a parameter or the end is under way: one at a time."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = self._stopped = False
        self.failure: BaseException | None = None
        self.count_clients: Callable[[], int] = lambda: 0
        """Returns how many have connected from outside."""

    @property
    def configuration(self) -> Configuration:
        """The configuration that runs."""
        return self._deployed.configuration

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # its life

    def start(
        self,
        scans: int | None = None,
        *,
        answers_within: float = 0.0,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin to scan; with `scans`, end after so many scans of each task.

        With `answers_within` it waits for so many seconds at most until every device has been read once. Once
        `stopping` says so it waits for nothing, and does not begin to scan: `stop` has safe values to write.
        """
        if self._thread is not None:
            raise EngineError("an engine is started once")
        self._began = self.clock.monotonic()
        say_refused_safe_values(self._deployed.drivers, self.bus.layout)
        self._thread = threading.Thread(target=self._run, args=(scans,), name="petra-scan", daemon=True)
        try:
            scanning = self._begin(answers_within, stopping)
        except BaseException:
            self._ended.set()
            raise
        if not scanning:
            return
        self.services.start(self._deployed.services)
        announce("petra_engine_started", self, stopping)
        plant = self.configuration.plant
        log.info(
            "started: %s, %s, %s, tasks %s",
            plural(len(self.bus.signals), "signal"),
            plural(len(plant.blocks), "block"),
            plural(len(self._deployed.drivers), "driver"),
            ", ".join(f"{t.name} every {t.period * 1e3:g} ms" for t in self.scheduler.tasks),
        )

    def _begin(self, answers_within: float, stopping: Callable[[], bool]) -> bool:
        """Start all threads, and return whether one of them scans."""
        self.supervisor.start()
        self.host.start(self._deployed.drivers)
        self._await_devices(answers_within, stopping)
        self._engine_signals.write(
            self.clock.now_ns(), self.scheduler.tasks
        )  # the first scan knows what time it is
        self._watchdog.start()
        self._keeper.start()
        assert self._thread is not None  # noqa: S101 - the caller has made it
        if stopping():
            log.warning("told to stop before the first scan")
            self._ended.set()
            return False
        self._thread.start()
        return True

    def last(self, name: str) -> tuple[Value, QualityReason]:
        """Return a signal as the last scan left it, also after the engine has stopped."""
        index = self.bus.layout.place(name)
        return self.store.values[index], self.store.flawed.get(index, GOOD)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the scans have ended; say whether they have."""
        return self._ended.wait(seconds)

    def stop(self, *, hurried: Callable[[], bool] = lambda: False) -> None:
        """End the scans, write safe values, and keep what blocks retain; once a reload under way is over.

        Once `hurried` says so, it waits for no scan any more.
        """
        if not self._stopping:
            self.host.refuse("the engine stops")
        self._stopping = True
        changing = self._changing.acquire(timeout=_RELOAD_ENDS_WITHIN)
        if not changing:
            log.critical(
                "a reload has not ended within %g s; the engine stops without it", _RELOAD_ENDS_WITHIN
            )
        try:
            self._stop(hurried)
        finally:
            if changing:
                self._changing.release()

    def _stop(self, hurried: Callable[[], bool]) -> None:
        if self._stopped or self._thread is None:
            return
        self._stopped = True
        self.scheduler.stop()
        until = self.clock.monotonic() + STOP_WITHIN
        while not self._ended.wait(_LOOK) and self.clock.monotonic() < until and not hurried():
            pass
        if not self._ended.is_set():
            log.critical("a scan has not ended; the stop goes on without it")
            self.failure = EngineError("a scan has not ended")
        self.store.end("the engine has stopped")
        announce("petra_engine_stopping", self, hurried)
        try:
            if lost := self.host.stop(STOP_WITHIN):
                self.failure = self.failure or EngineError(f"{plural(len(lost), 'safe value')} not written")
        except Exception as error:  # whatever a driver does, what is retained is kept
            self.failure = self.failure or error
            log.critical("the drivers do not stop; the stop goes on without them", exc_info=True)
            self.supervisor.leave()
        else:  # no service and no activity of a plugin holds up a safe value
            self.services.stop(STOP_WITHIN)
            self.activities.stop(STOP_WITHIN)
            self.supervisor.stop(STOP_WITHIN)
        self._watchdog.stop(STOP_WITHIN)
        self._keeper.stop(STOP_WITHIN, self._kept() if self._ended.is_set() else None)
        if self._recorder is not None:
            self._recorder.close()
        log.info("stopped after %s", plural(self.scheduler.scans, "scan"))

    def _run(self, scans: int | None) -> None:
        try:
            self.scheduler.run(scans)
        except BaseException as error:
            self.failure = error
            log.critical("the scan has ended", exc_info=True)
            self.store.show_safe(f"the scan has ended: {error}")
        finally:
            self._ended.set()

    # while it runs

    def reload(self, configuration: Configuration) -> list[Change]:
        """Change to another configuration between two scans, and return what changed.

        Signals keep value, quality and forces; blocks keep their state, tasks their statistics. It waits for
        a reload that is under way, and is refused once the engine stops.
        """
        with self._changing:
            if self._stopping:
                raise EngineError("the engine stops")
            before, after = self._deployed, self._deploy(configuration)
            forced = self._do(lambda: held(self.store))
            changes = diff_deployments(before, after)
            reload = Reload(
                self.host,
                self.services,
                before,
                after,
                swap=lambda deployment: self._do(lambda: self._swap(deployment)),
                idle=lambda: self._do(lambda: None),
                is_over=lambda: self._stopping,
            )
            try:
                if not reload.run():
                    raise EngineError("the engine stops")
            finally:
                self._left = None
            ended = list(forces_changed(forced, self._do(lambda: held(self.store)), self.bus.layout))
            self._release(before.signals_read - after.signals_read)
            self._reloads += 1
        gc.collect()  # what has left refers to itself, and the scan collects all but once a minute
        for change in ended:
            log.warning("reload: %s", change)
        log.info("reloaded: %s", plural(len(changes), "change"))
        return [*changes, *ended]

    def _release(self, signals: Iterable[str]) -> None:
        """Let signals that no point reads any more begin again, at their safe value if they have one."""
        layout = self.bus.layout
        for name in signals:
            index = layout.index.get(name)
            if index is not None and not layout.is_computed(index):
                safe = layout.signals[index].safe
                with suppress(InboxFullError):
                    self.bus.serve(name, layout.initial()[index] if safe is None else safe)

    def tune(self, block: str, param: str, value: Value, *, actor: str = "program") -> None:
        """Change a parameter on behalf of somebody in this process; NotAllowedError if that is refused."""
        acts, target = Actor(actor), f"{block}.{param}"
        self.guard.check(acts, Capability.TUNE, "tune", target)
        outcome, reason = Outcome.REJECTED, ""
        try:
            self.retune(block, param, value)
            outcome = Outcome.ACCEPTED
        except PetraError as error:
            reason = str(error)
            raise
        finally:
            now = self.clock.now_ns()
            self.guard.note(AuditEntry.of(acts, now, "tune", target, outcome.value, reason, value=value))

    def retune(self, block: str, param: str, value: Value) -> None:
        """Change a parameter between two scans, once the guard has allowed it. It holds until a reload."""
        with self._changing:
            self._tune(block, param, value)
        log.info("tuned: %s.%s = %r", block, param, value)

    def _tune(self, block: str, param: str, value: Value) -> None:
        program = next(
            (
                t.program
                for t in self.scheduler.tasks
                if any(b.name == block for b in t.program.network.blocks)
            ),
            self.scheduler.tasks[0].program,
        )

        def between() -> None:
            name = program.tune(block, param, value)
            built = self._deployed.built
            blocks = [
                evolve(each, params={**each.params, name: value}) if each.name == block else each
                for each in built.plant.blocks
            ]
            built = evolve(built, plant=evolve(built.plant, blocks=tuple(blocks)))
            self._deployed = evolve(self._deployed, built=built)
            self._record_state()

        self._do(between)

    def command(self, signal: str, value: Value, *, actor: str, origin: Origin = Origin.LOCAL) -> Command:
        """Write a signal on behalf of somebody: to its device where a point writes it, and confirmed there.

        A command that comes over the network is given with `origin=Origin.NETWORK`.
        """
        return self.host.command(signal, value, Actor(actor, origin))

    def force(self, signal: str, value: Value, *, actor: str, origin: Origin = Origin.LOCAL) -> Command:
        """Hold a signal at a value on behalf of somebody, whatever writes it; it is in the journal."""
        return self.host.force(signal, value, Actor(actor, origin))

    def unforce(self, signal: str, *, actor: str, origin: Origin = Origin.LOCAL) -> Command:
        """Let a signal go that was forced."""
        return self.host.force(signal, None, Actor(actor, origin))

    def plant(self, actor: Actor) -> EnginePlant:
        """Return the plant for an actor: the way in for all that acts on it from outside."""
        return EnginePlant(self, actor)

    def status(self) -> PlantStatus:
        """Return how it goes."""
        tasks = self.scheduler.tasks
        image = self.bus.image
        published = [task.program.published for task in tasks]
        counts = {name: count for each in published for name, count in each.counts.items()}
        faults = {name: status.reason for each in published for name, status in each.now.items()}
        return PlantStatus(
            running=self._thread is not None and not self._ended.is_set(),
            uptime_s=self.clock.monotonic() - self._began,
            scans=self.scheduler.scans,
            reloads=self._reloads,
            watchdog_trips=self._watchdog.trips,
            tasks={task.name: task.statistics.figures(task.period) for task in tasks},
            faults=faults,
            fault_counts=counts,
            forced={image.layout.signals[i].name: value for i, value in image.forced.items()},
            drivers=self.host.status(),
            activities=self.activities.health(),
            services=self.services.status(),
            inbox_waiting=self.bus.waiting,
            inbox_refused=self.bus.refused,
            name=self.site.name,
            document=self.site.document,
            data_dir=self.site.data_dir,
            version=self.site.version,
            pid=self.site.pid,
            refused=self.guard.refused,
            clients=self.count_clients(),
            newest_event=self.events.newest,
            signals=len(image.layout),
            not_good=len(image.flawed),
        )

    def _do(self, action: Any) -> Any:
        """Have the scan thread do something between two scans, or do it here when nothing scans."""
        if self._thread is None or self._ended.is_set():
            return action()
        future = self.scheduler.between(action)
        try:
            return self._await_answer(future, action)
        except BaseException:
            future.cancel()  # what has not begun is never done
            raise

    def _await_answer(self, future: Future[Any], action: Callable[[], Any]) -> Any:
        for _ in range(ANSWER_WITHIN * 10):
            try:
                return future.result(timeout=0.1)
            except TimeoutError:
                if future.done():
                    raise
                if self._ended.is_set() and future.cancel():
                    return action()
                if self._stopping and future.cancel():
                    raise EngineError("the engine stops") from None
        if future.cancel():
            raise EngineError(f"the scan does not answer within {ANSWER_WITHIN} s")
        return future.result()

    def _deploy(self, configuration: Configuration) -> Deployment:
        return deploy(configuration, self.catalog, scan_time_ms=self._scan_time_ms, templates=self._templates)

    def _await_devices(self, seconds: float, over: Callable[[], bool]) -> None:
        """Wait until every device has been read, for a while at most; say who was not."""
        until = self.clock.monotonic() + seconds
        while (silent := self.host.silent()) and self.clock.monotonic() < until and not over():
            self.clock.sleep(_LOOK)
            self.store.latch()  # nothing scans yet: what is read now is what the first scan sees
        if seconds:
            self._record_state()
        if seconds and silent:
            log.warning("no answer within %g s: %s", seconds, ", ".join(silent))

    def _swap(self, deployment: Deployment) -> None:
        """Take over a deployment; the scan thread calls it.

        Everything that can fail is done before anything is assigned, and readers are told after all is.
        """
        store, scheduler, built = self.store, self.scheduler, deployment.built
        if deployment is self._deployed:  # a step back from what was never taken
            return
        carry_over(scheduler.tasks, deployment)
        moves = moved(store.layout, scheduler.tasks, built)
        arrangement = store.arrange(built.layout, _NOT_YET, moves)
        if self._left is not None and self._left[0] is deployment:
            arrangement = restored(arrangement, self._left[1], store.layout)
        tasks = scheduler.prepare(built.tasks)
        shown = EngineSignals(self.bus, [task.name for task in tasks])
        before = store.arrangement(), scheduler.tasks, self._deployed, self._engine_signals
        try:
            self._assign(arrangement, tasks, deployment, shown)
        except BaseException:
            self._assign(*before)
            raise
        self._left = before[2], before[0]
        self._record_state()
        store.announce()

    def _assign(
        self, arrangement: Arrangement, tasks: Sequence[Task], deployment: Deployment, shown: EngineSignals
    ) -> None:
        self.store.assume(arrangement)
        self.scheduler.tasks = tuple(tasks)
        self._deployed, self._engine_signals = deployment, shown

    def _state(self, built: Built, *, continues: bool = False) -> Snapshot:
        states = block_states(built.tasks)
        return Snapshot(self.scheduler.scans, built.plant, self.store.save(), states, continues)

    def _record_state(self, *, continues: bool = False) -> None:
        """Let the recording go on from what there is now."""
        if self._recorder is not None:
            try:
                self._recorder.add(self._state(self._deployed.built, continues=continues))
            except Exception:  # the plant goes on without its recording
                log.exception("the recording ends: the state of the plant cannot be written")
                self._recorder = None

    def _ask_state(self) -> None:
        self.scheduler.between(lambda: self._record_state(continues=True))

    def _each_second(self) -> None:
        self._keeper.note_forces()
        with suppress(InboxFullError):  # counted as refused; the next second brings other figures
            self._engine_signals.write(self.clock.now_ns(), self.scheduler.tasks)

    def _scan_failed(self, task: Task, error: BaseException) -> None:
        if task.statistics.faults <= 10:
            log.error("a scan of task %s failed: %r", task.name, error, exc_info=error)

    def _limit(self) -> float:
        given = self.configuration.plant.engine.watchdog_ms / 1e3
        slowest = max(task.period for task in self.scheduler.tasks)
        return given or max(_LEAST_WATCHDOG, _SLOWEST_PERIODS * slowest)

    def _kept(self) -> Kept:
        return Kept(block_states(self.scheduler.tasks, retained=True), self._deployed.block_types)
