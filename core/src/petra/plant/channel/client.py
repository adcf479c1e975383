"""A plant of another process, by its channel: the same acts and streams as those of the plant's own process.

A connection that is lost is made again when something is asked for. What was asked is never repeated by
itself: an act whose answer is lost ends as timed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from petra.drivers.commands.order import Outcome
from petra.plant.channel.columns import snapshot_from
from petra.plant.channel.link import Link, PlantGoneError
from petra.plant.channel.methods import result_from
from petra.plant.channel.remote import RemoteEvents, RemoteFollow, RemoteWatch
from petra.plant.values import ActResult, PlantAct, Snapshot
from petra.signals.observation import OBSERVED
from petra.why.values import DEPTH

if TYPE_CHECKING:
    from petra.plant.actors import Actor
    from petra.plant.interface import Names
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus
    from petra.plant.values import ForceInfo, SignalInfo
    from petra.signals import Value
    from petra.signals.changes import Deadband
    from petra.why.values import Why

ANSWERED_WITHIN = 30.0


class ChannelPlant:
    """A plant of another process."""

    def __init__(self, link: Link, actor: Actor | None = None) -> None:
        self._link = link
        self._actor = actor

    @property
    def actor(self) -> Actor:
        """Who acts by this handle."""
        return self._actor or self._link.actor

    def acting(self, actor: Actor) -> ChannelPlant:
        """Return the same plant for another actor; without the plant's trust, one of less rights."""
        return ChannelPlant(self._link, actor)

    async def aclose(self) -> None:
        """End the connection."""
        await self._link.close()

    async def signals(self, names: Names = "*") -> Sequence[SignalInfo]:
        """Return what signals there are."""
        found: Sequence[SignalInfo] = await self._view("signals", names=_listed(names))
        return found

    async def read(self, names: Names = "*") -> Snapshot:
        """Return values, qualities and times of one moment."""
        data = await self._link.call("read", self._actor, ANSWERED_WITHIN, {"names": _listed(names)})
        return snapshot_from(data, self._link.layouts)

    def watch(self, names: Names = "*", *, deadband: Deadband = 0.0, every: float = 0.0) -> RemoteWatch:
        """Follow the newest state."""
        arguments = {"names": _listed(names), "deadband": deadband, "every": every}
        return RemoteWatch(self._link, self._actor, "watch", arguments)

    def follow(self, names: Names = "*", *, limit: int = OBSERVED) -> RemoteFollow:
        """Follow every change of every scan."""
        return RemoteFollow(self._link, self._actor, "follow", {"names": _listed(names), "limit": limit})

    def events(self, *, last: int = 0) -> RemoteEvents:
        """Follow log lines and acts."""
        return RemoteEvents(self._link, self._actor, "events", {"last": last})

    async def command(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Write a signal, and wait for the outcome."""
        return await self._act(
            PlantAct.WRITE, "command", signal, value, signal=signal, value=value, note=note
        )

    async def force(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Hold a signal at a value."""
        return await self._act(PlantAct.FORCE, "force", signal, value, signal=signal, value=value, note=note)

    async def unforce(self, signal: str, *, note: str = "") -> ActResult:
        """Release a signal."""
        return await self._act(PlantAct.UNFORCE, "unforce", signal, signal=signal, note=note)

    async def tune(self, block: str, parameter: str, value: Value, *, note: str = "") -> ActResult:
        """Change a parameter of a block."""
        target, asked = f"{block}.{parameter}", {"block": block, "parameter": parameter}
        return await self._act(PlantAct.TUNE, "tune", target, value, **asked, value=value, note=note)

    async def reload(self, *, note: str = "") -> ActResult:
        """Read the document again and change to it."""
        return await self._act(PlantAct.RELOAD, "reload", "plant", note=note)

    async def stop(self, *, note: str = "") -> ActResult:
        """Stop the plant."""
        return await self._act(PlantAct.STOP, "stop", "plant", note=note)

    async def forces(self) -> Sequence[ForceInfo]:
        """Return the signals that are held."""
        found: Sequence[ForceInfo] = await self._view("forces")
        return found

    async def why(self, signal: str, *, depth: int = DEPTH) -> Why:
        """Return what decides a signal now."""
        found: Why = await self._view("why", signal=signal, depth=depth)
        return found

    async def recent(self, names: Names = "*", *, seconds: float = 600.0) -> Recent:
        """Return how signals went in the last while."""
        found: Recent = await self._view("recent", names=_listed(names), seconds=seconds)
        return found

    async def status(self) -> PlantStatus:
        """Return how tasks, drivers and services are."""
        found: PlantStatus = await self._view("status")
        return found

    async def _view(self, method: str, **arguments: Any) -> Any:
        data = await self._link.call(method, self._actor, ANSWERED_WITHIN, arguments)
        return result_from(method, data)

    async def _act(
        self, act: PlantAct, method: str, target: str, held: Value | None = None, /, **arguments: Any
    ) -> ActResult:
        """Do something once; without an answer it is not known whether it was done."""
        await self._link.connect()  # before that, nothing is open
        try:
            found: ActResult = await self._view(method, **arguments)
        except PlantGoneError as error:
            reason = f"{error}: it is not known whether this was done"
            return ActResult(act, target, Outcome.TIMED_OUT, reason, held, self.actor.name)
        return found


def _listed(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
