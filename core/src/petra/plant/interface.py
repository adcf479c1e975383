"""The one way into a running plant. Every door works with a `Plant`, in the plant's process or another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, Self

from petra.signals.observation import OBSERVED
from petra.why.values import DEPTH

if TYPE_CHECKING:
    from types import TracebackType

    from petra.plant.actors import Actor
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus
    from petra.plant.values import ActResult, Event, ForceInfo, SignalInfo, Snapshot
    from petra.signals import Value
    from petra.signals.changes import Deadband
    from petra.signals.outgoing import Frame
    from petra.why.values import Why

Names = str | Iterable[str]
"""A name, a pattern such as `pump*`, or several of them."""


class Stream(Protocol):
    """What a reader of a plant closes in the end: `async with plant.watch(...) as stream`."""

    async def __aenter__(self) -> Self:
        """Begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""

    async def aclose(self) -> None:
        """End it; closing it twice does no harm."""


class Watch(Stream, Protocol):
    """The newest state, again and again: first all that is wanted, then what has changed.

    After a reload everything is told once more. What a slow reader misses is merged.
    """

    def __aiter__(self) -> Self:
        """Return itself."""

    async def __anext__(self) -> Snapshot:
        """Wait for the next change."""


class Follow(Stream, Protocol):
    """Every change of every scan, in order. What finds no room is counted in `lost`."""

    @property
    def lost(self) -> int:
        """Changes that were left out so far."""

    def __aiter__(self) -> Self:
        """Return itself."""

    async def __anext__(self) -> Frame:
        """Wait for the next frame."""


class Events(Stream, Protocol):
    """What happens in a plant, from now on or from a while ago."""

    def __aiter__(self) -> Self:
        """Return itself."""

    async def __anext__(self) -> Event:
        """Wait for the next event."""


class Plant(Protocol):
    """A running plant, as one actor sees it. Reading raises NotAllowedError where the policy says no.

    Acts never raise for what the plant answers: each returns an `ActResult` with its outcome and a reason.
    """

    @property
    def actor(self) -> Actor:
        """Who acts by this handle."""

    def acting(self, actor: Actor) -> Plant:
        """Return the same plant for another actor; a door does this for each of its users."""

    async def signals(self, names: Names = "*") -> Sequence[SignalInfo]:
        """Return what signals there are; a name that is no pattern must exist."""

    async def read(self, names: Names = "*") -> Snapshot:
        """Return values, qualities and times of one moment."""

    def watch(self, names: Names = "*", *, deadband: Deadband = 0.0, every: float = 0.0) -> Watch:
        """Follow the newest state; with `every`, at most once in so many seconds."""

    def follow(self, names: Names = "*", *, limit: int = OBSERVED) -> Follow:
        """Follow every change of every scan; at most `limit` changes wait for the reader."""

    async def command(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Write a signal: to its device where a point writes it. Returns when its end is known."""

    async def force(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Hold a signal at a value, whatever writes it."""

    async def unforce(self, signal: str, *, note: str = "") -> ActResult:
        """Release a signal that is held."""

    async def recent(self, names: Names = "*", *, seconds: float = 600.0) -> Recent:
        """Return how signals went in the last while, as far as that is kept in memory."""

    async def why(self, signal: str, *, depth: int = DEPTH) -> Why:
        """Return what decides a signal now: blocks with their decisive inputs, forces, devices, commands."""

    async def forces(self) -> Sequence[ForceInfo]:
        """Return the signals that are held."""

    async def tune(self, block: str, parameter: str, value: Value, *, note: str = "") -> ActResult:
        """Change a parameter of a block between two scans, until the next reload."""

    async def reload(self, *, note: str = "") -> ActResult:
        """Read the document again and change to it; one with problems is rejected, and names them."""

    async def stop(self, *, note: str = "") -> ActResult:
        """Stop the plant: safe values are written, and its process ends."""

    async def status(self) -> PlantStatus:
        """Return how tasks, drivers and services are."""

    def events(self, *, last: int = 0) -> Events:
        """Follow the log and all acts; `last` events of before come first."""
