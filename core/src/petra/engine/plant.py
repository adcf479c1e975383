"""The plant of an engine: every act of every door, checked, done and audited."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import evolve

from petra.drivers.commands.order import Outcome
from petra.engine.evidence import QUESTIONS, EngineEvidence
from petra.engine.naming import readers_of, writer_of
from petra.engine.streams import PlantFollow, PlantWatch
from petra.errors import PetraError
from petra.plant.actors import Actor, Capability
from petra.plant.audit import AuditEntry
from petra.plant.names import Selection
from petra.plant.values import ActResult, ForceInfo, PlantAct, SignalInfo, Snapshot, snapshot_of
from petra.plural import plural
from petra.signals.observation import OBSERVED
from petra.why.reasoning import explain
from petra.why.values import DEPTH

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.engine.engine import Engine
    from petra.plant.events import EventReader
    from petra.plant.interface import Names
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus
    from petra.signals import Value
    from petra.signals.changes import Deadband
    from petra.why.values import Why

log = logging.getLogger("petra.engine")

PLANT = "plant"
"""The target of acts on the plant as a whole."""
_SEEN_WITHIN = 2.0
"""Seconds until an act is answered that a slow scan has not yet done."""


class EnginePlant:
    """An engine as one actor sees it; any thread and any loop may use it."""

    def __init__(self, engine: Engine, actor: Actor) -> None:
        self.actor = actor
        self._engine = engine
        self._guard = engine.guard

    def acting(self, actor: Actor) -> EnginePlant:
        """Return the same plant for another actor."""
        return EnginePlant(self._engine, actor)

    async def signals(self, names: Names = "*") -> Sequence[SignalInfo]:
        """Return what signals there are."""
        selection = self._selected(names, "list")
        engine = self._engine
        layout = engine.bus.layout
        readers, gate = readers_of(engine), engine.host.gate
        return [
            SignalInfo(
                signal, writer_of(signal, gate.routes, gate.online), tuple(readers.get(signal.name, ()))
            )
            for signal in map(layout.signals.__getitem__, selection.indices(layout))
        ]

    async def read(self, names: Names = "*") -> Snapshot:
        """Return values, qualities and times of one image."""
        selection = self._selected(names, "read")
        image = self._engine.bus.image
        return snapshot_of(image, selection.indices(image.layout))

    def watch(self, names: Names = "*", *, deadband: Deadband = 0.0, every: float = 0.0) -> PlantWatch:
        """Follow the newest state."""
        return PlantWatch(self._engine.bus, self._selected(names, "watch"), deadband, every)

    def follow(self, names: Names = "*", *, limit: int = OBSERVED) -> PlantFollow:
        """Follow every change of every scan."""
        return PlantFollow(self._engine.bus, self._selected(names, "follow"), limit)

    async def command(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Write a signal, and wait until it is known how that ended."""
        command = self._engine.host.command(signal, value, self.actor, note)
        return _result(PlantAct.WRITE, await command.ended())

    async def force(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Hold a signal at a value."""
        return await self._hold(PlantAct.FORCE, signal, value, note)

    async def unforce(self, signal: str, *, note: str = "") -> ActResult:
        """Release a signal."""
        return await self._hold(PlantAct.UNFORCE, signal, None, note)

    async def recent(self, names: Names = "*", *, seconds: float = 600.0) -> Recent:
        """Return how signals went in the last while."""
        engine = self._engine
        selection, layout, now = self._selected(names, "read"), engine.bus.layout, engine.clock.now_ns()
        wanted = [layout.signals[i].name for i in selection.indices(layout)]
        return engine.recent.read(wanted, now - int(seconds * 1e9), now)

    async def why(self, signal: str, *, depth: int = DEPTH) -> Why:
        """Return what decides a signal now; found in a thread, the scan only tells what there is."""
        self._guard.check(self.actor, Capability.VIEW, "explain", str(signal)[:100])
        engine, steps = self._engine, int(depth)
        engine.bus.layout.place(signal)
        return await asyncio.get_running_loop().run_in_executor(
            QUESTIONS, lambda: explain(EngineEvidence(engine), signal, depth=steps)
        )

    async def forces(self) -> Sequence[ForceInfo]:
        """Return the signals that are held."""
        self._guard.check(self.actor, Capability.VIEW, "list", "forces")
        image, record = self._engine.bus.image, self._engine.store.force_record
        last = {force.signal: force for force in list(record) if force.value is not None}
        found = []
        for index, value in image.forced.items():
            name = image.layout.signals[index].name
            force = last.get(name)
            found.append(ForceInfo(name, value, force.actor if force else "", force.time if force else 0))
        return found

    async def tune(self, block: str, parameter: str, value: Value, *, note: str = "") -> ActResult:
        """Change a parameter between two scans."""
        target = f"{block}.{parameter}"

        def tuned() -> tuple[str, ...]:
            self._engine.retune(block, parameter, value)
            return ()

        return await self._done(PlantAct.TUNE, Capability.TUNE, target, tuned, note, value)

    async def reload(self, *, note: str = "") -> ActResult:
        """Read the document again, and change to it."""
        return await self._done(PlantAct.RELOAD, Capability.CONFIGURE, PLANT, self._reloaded, note)

    async def stop(self, *, note: str = "") -> ActResult:
        """Ask the process to stop the plant."""

        def stopped() -> tuple[str, ...]:
            stop = self._engine.site.stop
            if stop is None:
                raise PetraError("this plant is stopped by the program that runs it")
            stop()
            return ()

        return await self._done(PlantAct.STOP, Capability.ADMINISTER, PLANT, stopped, note)

    async def status(self) -> PlantStatus:
        """Return how it goes."""
        self._guard.check(self.actor, Capability.VIEW, "view", "status")
        return self._engine.status()

    def events(self, *, last: int = 0) -> EventReader:
        """Follow log lines and acts."""
        self._guard.check(self.actor, Capability.VIEW, "view", "events")
        return self._engine.events.read(last)

    async def _hold(self, act: PlantAct, signal: str, value: Value | None, note: str) -> ActResult:
        """Force or release a signal, and wait for the scan that does it: who looks then sees it."""
        command = self._engine.host.force(signal, value, self.actor, note)
        result = _result(act, await command.ended())
        if result.ok:
            with suppress(TimeoutError, StopAsyncIteration):
                async with asyncio.timeout(_SEEN_WITHIN):
                    await self._seen(signal, result.value)
        return result

    async def _seen(self, signal: str, value: Value | None) -> None:
        """Wait until the image shows a signal held at a value, or with None not held."""
        changes = self._engine.bus.changes((signal,))
        try:
            image = self._engine.bus.image
            while not _is_same(image.forced.get(image.layout.index.get(signal, -1)), value):
                image = (await anext(aiter(changes))).image
        finally:
            changes.close()

    def _reloaded(self) -> tuple[str, ...]:
        engine = self._engine
        if engine.site.read is None:
            raise PetraError("this plant has no document that could be read again")
        loaded = engine.site.read()
        if loaded.configuration is None:
            problems = tuple(map(str, loaded.serious))
            reason = f"everything goes on as it was: {plural(loaded.errors, 'problem')}"
            log.error("the reload is refused: %s", reason)
            for problem in problems:
                log.error("%s", problem)
            raise RejectedError(reason, problems)
        changes = (*map(str, engine.reload(loaded.configuration)), *map(str, loaded.serious))
        for change in changes:
            log.info("reload: %s", change)
        return changes

    def _selected(self, names: Names, act: str) -> Selection:
        """Return a selection of existing signals that this actor may look at."""
        selection = Selection(names)
        self._guard.check(self.actor, Capability.VIEW, act, " ".join(selection.names)[:100])
        selection.check(self._engine.bus.layout)
        return selection

    async def _done(
        self,
        act: PlantAct,
        capability: Capability,
        target: str,
        do: Callable[[], tuple[str, ...]],
        note: str,
        value: Value | None = None,
    ) -> ActResult:
        """Do something that may wait for the scan, in a thread; whatever it raises is the result's reason."""
        now = self._engine.clock.now_ns
        name = self.actor.name
        result = ActResult(act, target, Outcome.REJECTED, value=value, actor=name, requested_at=now())
        if reason := self._guard.refusal(self.actor, capability, act.value, target, note):
            return evolve(result, reason=reason, refused=True, ended_at=now())
        # who has asked may leave: a thread goes on, with what it has begun and with the audit of it
        return await asyncio.to_thread(self._do, result, do, note)

    def _do(self, result: ActResult, do: Callable[[], tuple[str, ...]], note: str) -> ActResult:
        """Do something that may wait, and tell the audit how that has ended."""
        now = self._engine.clock.now_ns
        try:
            result = evolve(result, outcome=Outcome.ACCEPTED, details=do(), ended_at=now())
        except RejectedError as error:
            result = evolve(result, reason=str(error), details=error.details, ended_at=now())
        except Exception as error:  # noqa: BLE001 - an act is answered, whatever becomes of it
            said = str(error) if isinstance(error, PetraError) else repr(error)
            result = evolve(result, reason=said, ended_at=now())
        self._guard.note(
            AuditEntry.of(
                self.actor,
                result.ended_at,
                result.act.value,
                result.target,
                result.outcome.value,
                result.reason,
                note=note,
                value=result.value,
            )
        )
        return result


def _is_same(one: Value | None, two: Value | None) -> bool:
    return one == two or (one != one and two != two)  # noqa: PLR0124 - not a number


class RejectedError(PetraError):
    """An act cannot be done, for several reasons."""

    def __init__(self, message: str, details: tuple[str, ...]) -> None:
        super().__init__(message)
        self.details = details


class CommandAudit:
    """Tells the audit of commands and forces that have ended, whichever way they came in."""

    def __init__(self, note: Callable[[AuditEntry], None]) -> None:
        self._note = note

    def note(self, command: Command) -> None:
        """Take a command that has ended; the guard itself tells of one that was refused."""
        order = command.order
        if order.origin.value == "logic" or command.refused:
            return
        self._note(
            AuditEntry(
                command.ended_at or order.requested_at,
                order.actor,
                order.origin.value,
                order.door,
                order.act.value,
                order.signal,
                command.outcome.value,
                command.reason,
                order.note,
                order.value,
            )
        )


def _result(act: PlantAct, command: Command) -> ActResult:
    order = command.order
    return ActResult(
        act,
        order.signal,
        command.outcome,
        command.reason,
        order.value,
        order.actor,
        command.refused,
        order.requested_at,
        command.ended_at or 0,
    )
