"""What a running plant says of one moment, for `why`: taken between two scans, and read outside the scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from petra.drivers.commands.order import WELL, Act, Origin
from petra.engine.recent import EVERY
from petra.signals import GOOD
from petra.supervise import ActivityState
from petra.why.evidence import BlockEvidence, Change, SignalEvidence
from petra.why.values import HeldForce, LastCommand, PointState

if TYPE_CHECKING:
    from concurrent.futures import Future

    from petra.drivers.commands.command import Command
    from petra.drivers.contract.point import Point
    from petra.engine.engine import Engine
    from petra.engine.hosted import HostedDriver
    from petra.scan import Program, Task
    from petra.scan.compiler import Unit
    from petra.signals import Force, Image, QualityReason, Value

QUESTIONS = ThreadPoolExecutor(1, thread_name_prefix="why")
"""Answers one question at a time: many clients take no more of the interpreter than one."""
_LATE = EVERY // 5
"""What a look at all signals may come late."""
_WITHIN = 2.0
"""Seconds that a scan has to end; a plant whose scan hangs is explained all the same."""


class TaskMoment(NamedTuple):
    """A task after its last scan. A program is never modified but by a tune; its states are copied."""

    period: float
    program: Program
    states: Sequence[Any]
    faults: Mapping[str, QualityReason]


class Moment(NamedTuple):
    """All that is taken between two scans."""

    scan: int
    image: Image
    tasks: Sequence[TaskMoment]


def moment_of(scan: int, image: Image, tasks: Iterable[Task]) -> Moment:
    """Return what there is now; between two scans it fits together.

    Only states are copied: 11 µs for 10,000 blocks, of which a scan takes 400.
    """
    return Moment(
        scan,
        image,
        [TaskMoment(t.period, t.program, t.program.states.copy(), t.program.faults) for t in tasks],
    )


class ScanEvidence:
    """Signals and blocks of one moment: what a running plant and a recording have in common."""

    def __init__(self, moment: Moment, time: int, notes: Sequence[str] = ()) -> None:
        self.scan = moment.scan
        self.time = time
        self.notes = tuple(notes)
        self._moment = moment
        self._units: dict[str, tuple[TaskMoment, Unit]] | None = None

    def signal(self, name: str) -> SignalEvidence:
        """Return a signal; UnknownSignalError, with the closest name, for one that does not exist."""
        image = self._moment.image
        index = image.layout.place(name)
        force = None
        if index in image.forced:
            force = self.force(name, image.forced[index])
        status = image.flawed.get(index, GOOD)
        return SignalEvidence(
            image.layout.signals[index], image.value(index), status, self.shown(image.when(index)), force
        )

    def force(self, name: str, value: Value) -> HeldForce:
        """Return what is known of a force."""
        raise NotImplementedError

    def shown(self, time: int) -> int:
        """Return a time of the image in ns."""
        return time

    def block(self, name: str) -> BlockEvidence | None:
        """Return a block with its states."""
        if self._units is None:
            self._units = {
                unit.wired.name: (task, unit) for task in self._moment.tasks for unit in task.program.units
            }
        if name not in self._units:
            return None
        task, unit = self._units[name]
        states = {state: task.states[slot] for state, slot in unit.states.items()}
        fault = task.faults.get(name)
        return BlockEvidence(unit.wired, task.period, states, unit.floats, fault.reason if fault else "")


class EngineEvidence(ScanEvidence):
    """A running plant at one moment. Made and used in any thread but the one that scans."""

    def __init__(self, engine: Engine) -> None:
        moment, notes = _taken(engine)
        super().__init__(moment, engine.clock.now_ns(), notes)
        self._engine = engine
        self._commands = engine.host.ledger.commands()
        self._routes = engine.host.gate.routes

    def force(self, name: str, value: Value) -> HeldForce:
        """Return who holds a signal, since when and why."""
        record: list[Force] = list(self._engine.store.force_record)
        last = next((each for each in reversed(record) if each.signal == name), None)
        if last is None or last.value is None:
            return HeldForce(value)
        asked = self._last(name, Act.FORCE)
        if asked is None or asked.actor != last.actor:
            return HeldForce(value, last.actor, last.time)
        return HeldForce(value, last.actor, last.time, asked.order.door, asked.order.note)

    def points(self, signal: str) -> Sequence[PointState]:
        """Return the points of a signal, or the connection whose state it shows."""
        found = [self._point(each, point) for each, point in self._routes.get(signal, ())]
        if not found:
            drivers = {id(each): each for routes in self._routes.values() for each, _ in routes}
            found = [self._point(each) for each in drivers.values() if each.driver.online == signal]
        return found

    def command(self, signal: str) -> LastCommand | None:
        """Return the last command of an actor."""
        found = self._last(signal, Act.WRITE)
        return None if found is None else _command(found)

    def changed_at(self, names: Sequence[str], time: int) -> Sequence[tuple[str, Value]]:
        """Return what the first look at all signals after a change has found changed as well."""
        recent = self._engine.recent.read(names, time - EVERY, time + EVERY + _LATE)
        last: dict[int, Value] = {}
        found = []
        for at, place, value in zip(recent.times, recent.signals, recent.values, strict=True):
            if time <= at <= time + EVERY + _LATE and place in last and last[place] != value:
                found.append((recent.names[place], value))
            last[place] = value
        return found

    def changes(self, names: Iterable[str]) -> Mapping[str, Change]:
        """Return when signals changed: outputs to the scan, others to the second."""
        image, found = self._moment.image, dict[str, Change]()
        index = image.layout.index
        inputs = []
        for name in names:
            if image.layout.is_computed(index[name]):
                found[name] = Change(image.when(index[name]))
            else:
                inputs.append(name)
        if not inputs:
            return found
        recent = self._engine.recent.read(inputs, 0, self.time)
        kept: dict[str, tuple[Value, Change]] = {}
        for time, place, value in zip(recent.times, recent.signals, recent.values, strict=True):
            name = recent.names[place]
            if name not in kept:
                kept[name] = value, Change(time, time <= recent.since)
            elif kept[name][0] != value:
                kept[name] = value, Change(time)
        for name in inputs:
            seen, written = kept.get(name), image.when(index[name])
            if seen is not None and seen[0] == image.value(index[name]):
                time, longer = seen[1]
                # what was written once, shortly before it was looked at, has changed then
                found[name] = Change(written if time - EVERY < written < time else time, longer)
            elif written:  # it has changed since the last look at all signals
                found[name] = Change(written)
        return found

    def _point(self, hosted: HostedDriver, point: Point | None = None) -> PointState:
        health = None if hosted.activity is None else hosted.activity.health()
        state = ActivityState.TRYING if health is None else health.state
        failing = health is not None and state is not ActivityState.SERVING
        last = None
        if point is not None and point.direction.writes:
            last = next((c for c in reversed(self._commands) if c.order.point == point), None)
        return PointState(
            hosted.driver.name,
            "" if point is None else point.address,
            point is None or point.direction.reads,
            point is not None and point.direction.writes,
            state.value,
            health.failing_s if failing and health else 0.0,
            health.error if failing and health else "",
            health.retry_s if failing and health else 0.0,
            None if last is None else _command(last),
        )

    def _last(self, signal: str, act: Act) -> Command | None:
        """Return the last order of an actor: for a force one that was taken."""
        return next(
            (
                each
                for each in reversed(self._commands)
                if each.signal == signal
                and each.order.act is act
                and each.origin is not Origin.LOGIC
                and (act is Act.WRITE or each.outcome in WELL)
            ),
            None,
        )


def _command(command: Command) -> LastCommand:
    order, outcome = command.order, command.outcome
    ok = outcome in WELL or not outcome.final
    return LastCommand(
        order.value,
        order.actor,
        order.requested_at,
        outcome.value,
        ok,
        order.origin.value,
        order.door,
        command.reason,
        order.note,
    )


def _taken(engine: Engine) -> tuple[Moment, list[str]]:
    """Return a moment with what is to be said of it; one that the scan does not give is taken without it."""

    def take() -> Moment:
        scheduler = engine.scheduler
        return moment_of(scheduler.scans, engine.bus.image, scheduler.tasks)

    if engine.wait(0):
        return take(), ["the scan has ended"]
    asked: Future[Moment] = engine.scheduler.between(take)
    try:
        moment = asked.result(_WITHIN)
    except TimeoutError:
        if asked.cancel():
            return take(), [f"the scan has not answered for {_WITHIN:g} s"]
        moment = asked.result()
    return moment, ["the scan has stopped, safe values are shown"] if moment.image.stopped else []
