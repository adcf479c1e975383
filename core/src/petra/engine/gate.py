"""The gate for commands: every order from outside enters the ledger, and finds its way or an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define

from petra.drivers.commands.order import Act, Outcome
from petra.errors import PetraError
from petra.plant.actors import Actor, Capability
from petra.scan.engine_signals import PREFIX
from petra.signals import Force, InboxFullError, NotWritableError
from petra.signals.types import LONGEST_NAME

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.drivers.commands.command import Command
    from petra.drivers.commands.ledger import Ledger
    from petra.drivers.contract.point import Point
    from petra.engine.hosted import HostedDriver
    from petra.plant.guard import Guard
    from petra.signals import LocalBus, Value
    from petra.supervise import Supervisor

_LONGEST = 100
"""Characters that the ledger keeps of a text that was refused."""

_LONGEST_REASON = 300


@define
class _Way:
    """Where an order goes: to the driver of a point, to the bus, or nowhere, with the reason."""

    value: Value | None
    refusal: str = ""
    driver: HostedDriver | None = None
    point: Point | None = None


class CommandGate:
    """Takes orders from any thread. Each is a command in the ledger, whatever is wrong with it."""

    def __init__(
        self, bus: LocalBus, clock: Clock, ledger: Ledger, supervisor: Supervisor, guard: Guard
    ) -> None:
        self._guard = guard
        self._bus = bus
        self._clock = clock
        self._ledger = ledger
        self._supervisor = supervisor
        self._routes: dict[str, list[tuple[HostedDriver, Point]]] = {}
        self._online: dict[str, str] = {}
        self.refusing = ""
        """Why no commands are taken any more."""
        bus.gate = self._let_force

    @property
    def routes(self) -> dict[str, list[tuple[HostedDriver, Point]]]:
        """The points of each signal, with their drivers."""
        return self._routes

    @property
    def online(self) -> Mapping[str, str]:
        """The signals that say whether a device answers, each with its driver."""
        return self._online

    def route(self, running: Iterable[HostedDriver]) -> None:
        """Note which points each signal has, and which signals drivers themselves write."""
        routes: dict[str, list[tuple[HostedDriver, Point]]] = {}
        online = {}
        for each in running:
            for point in each.driver.points:
                routes.setdefault(point.signal, []).append((each, point))
            if each.driver.online is not None:
                online[each.driver.online] = each.driver.name
        self._routes, self._online = routes, online

    def command(self, signal: str, value: Value | None, actor: Actor, note: str = "") -> Command:
        """Write a signal: at its device where a point writes it, and otherwise on the bus."""
        way = self._way(signal, value)
        command = self._open(_short(signal), Act.WRITE, way, actor, note)
        if self._is_refused(command, actor, Capability.WRITE):
            return command
        if reason := self.refusing or way.refusal:
            self._reject(command, reason)
        elif way.driver is None:
            fitting: Any = way.value
            self._enter(command, lambda: self._bus.write(signal, fitting))
        else:
            try:
                self._supervisor.loop.call_soon_threadsafe(self._put, way.driver, command)
            except RuntimeError:  # the loop is closed
                self._reject(command, "the engine has stopped")
        return command

    def force(self, signal: str, value: Value | None, actor: Actor, note: str = "") -> Command:
        """Hold a signal at a value, or release it with None."""
        act = Act.UNFORCE if value is None else Act.FORCE
        way = self._fitting(signal, value)
        command = self._open(_short(signal), act, way, actor, note)
        if self._is_refused(command, actor, Capability.FORCE):
            return command
        if reason := self.refusing or way.refusal:
            self._reject(command, reason)
        else:
            force = Force(self._clock.now_ns(), actor.name, signal, way.value)
            self._enter(command, lambda: self._bus.enqueue(force))
        return command

    def _open(self, signal: str, act: Act, way: _Way, actor: Actor, note: str) -> Command:
        return self._ledger.open(
            signal,
            way.value,
            actor.name,
            actor.origin,
            act,
            point=way.point,
            door=actor.door,
            note=note[:_LONGEST_REASON],
        )

    def _is_refused(self, command: Command, actor: Actor, capability: Capability) -> bool:
        """Ask the policy, and end a command that it refuses."""
        order = command.order
        reason = self._guard.refusal(actor, capability, order.act.value, order.signal, order.note)
        if reason:
            command.refused = True
            self._reject(command, reason)
        return bool(reason)

    def _fitting(self, signal: str, value: Value | None) -> _Way:
        """Return a value as the signal holds it, or why it cannot."""
        layout = self._bus.layout
        if type(signal) is not str or len(signal) > LONGEST_NAME:
            return _Way(_kept(value), f"{_short(signal)!r} is not a name of a signal")
        try:
            index = layout.place(signal)
            fitting = None if value is None else layout.converted(index, value)
        except Exception as error:  # noqa: BLE001 - a door hands in whatever it was given
            return _Way(_kept(value), str(error)[:_LONGEST_REASON])
        return _Way(fitting, "" if fitting is None else layout.outside(index, fitting))

    def _way(self, signal: str, value: Value | None) -> _Way:
        way = (
            _Way(_kept(value), "a command writes a value") if value is None else self._fitting(signal, value)
        )
        if way.refusal:
            return way
        layout = self._bus.layout
        index = layout.place(signal)
        if layout.is_computed(index):
            way.refusal = f"the block {layout.signals[index].written_by!r} writes it; force it instead"
        elif signal.startswith(PREFIX) or signal in self._online:
            way.refusal = "the engine itself writes it"
        elif writers := self._routes.get(signal):
            able = [(each, point) for each, point in writers if point.direction.writes]
            if len(able) > 1:
                way.refusal = f"{len(able)} points write it"
            elif able:
                way.driver, way.point = able[0]
            else:
                way.refusal = f"its point {writers[0][1].address} is only read"
        return way

    def _put(self, driver: HostedDriver, command: Command) -> None:
        """Hand a command to its driver; in the drivers' loop."""
        if self.refusing:  # since it was asked for
            self._reject(command, self.refusing)
        elif not driver.deliveries.writes(command.target):
            self._reject(command, "a reload takes this point away")  # its last word is on its way
        else:
            driver.deliveries.expect(command)
            driver.sessions.queue.put(command, driver.sessions.now())

    def _enter(self, command: Command, write: Callable[[], None]) -> None:
        """Put what a command asks for into the inbox; the command ends by that."""
        try:
            write()
        except (InboxFullError, PetraError) as error:
            self._reject(command, str(error))
        else:
            command.end(Outcome.ACCEPTED, self._clock.now_ns())

    def _let_force(self, force: Force) -> None:
        """Take a force that comes by the bus through the same gate; the bus is known to this machine only."""
        command = self.force(force.signal, force.value, Actor(force.actor))
        if command.outcome is not Outcome.ACCEPTED:
            raise NotWritableError(f"{force.signal!r} is not forced: {command.reason}")

    def _reject(self, command: Command, reason: str) -> None:
        command.end(Outcome.REJECTED, self._clock.now_ns(), reason)


def _short(name: object) -> str:
    return name[:LONGEST_NAME] if isinstance(name, str) else f"<{type(name).__name__}>"


def _kept(value: object) -> Value | None:
    """Return what the ledger keeps of what was refused: it may be anything, of any size."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and value.bit_length() < 64:
        return value
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    return f"<{type(value).__name__}>"
