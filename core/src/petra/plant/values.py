"""What a plant hands out: signals, snapshots, results of acts, events. It is the same in any process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from attrs import field, frozen

from petra.drivers.commands.order import WELL, Outcome
from petra.signals.layout import Layout, Signal
from petra.signals.quality import GOOD, Quality, QualityReason
from petra.signals.types import Value

if TYPE_CHECKING:
    from petra.signals.image import Image

_FLATTEN = 16
"""All values are laid out in one list when more than one in so many is wanted: 10 ns each, 200 alone."""


class PlantAct(Enum):
    """What can be done to a plant."""

    WRITE = "write"
    FORCE = "force"
    UNFORCE = "unforce"
    TUNE = "tune"
    RELOAD = "reload"
    STOP = "stop"


@frozen
class ActResult:
    """How an act ended. Every act has one, also one that was refused."""

    act: PlantAct
    target: str
    outcome: Outcome
    reason: str = ""
    """Why it ended so; empty when it went well."""
    value: Value | None = None
    actor: str = ""
    refused: bool = False
    """Whether the policy does not allow it."""
    requested_at: int = 0
    ended_at: int = 0
    details: tuple[str, ...] = ()
    """What a reload has changed, or the problems that it was refused for."""

    @property
    def ok(self) -> bool:
        """Whether it went well: done, or taken by a device that cannot be asked."""
        return self.outcome in WELL

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        value = "" if self.value is None else f" = {self.value!r}"
        because = f": {self.reason}" if self.reason else ""
        return f"{self.act.value} {self.target}{value} {self.outcome.value}{because}"


@frozen
class SignalInfo:
    """A signal, who writes it and who reads it."""

    signal: Signal
    writer: str
    """The block, the point or the kind of actor that writes it."""
    readers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.signal.name


@frozen
class ForceInfo:
    """A signal that is held at a value, by whom and since when."""

    signal: str
    value: Value
    actor: str = ""
    since: int = 0


class SignalValue(NamedTuple):
    """A signal at one moment."""

    value: Value
    quality: Quality
    reason: str
    time: int


@frozen(eq=False)
class Snapshot(Mapping[str, SignalValue]):
    """Some signals at one moment, by name: of one image, as columns that all follow `indices`."""

    scan: int
    time: int
    layout: Layout = field(repr=False)
    indices: Sequence[int] = field(repr=False)
    data: Sequence[Value] = field(repr=False)
    """The values."""
    times: Sequence[int] = field(repr=False)
    flawed: Mapping[int, QualityReason] = field(repr=False)
    """The status of every one of these signals that is not good, by index."""
    forced: frozenset[int] = field(default=frozenset(), repr=False)
    """The indices of those that are held at a value."""
    _places: dict[int, int] = field(factory=dict, init=False, repr=False)

    @property
    def names(self) -> list[str]:
        """The names of the signals, in order."""
        signals = self.layout.signals
        return [signals[i].name for i in self.indices]

    def __getitem__(self, name: str) -> SignalValue:
        if len(self._places) != len(self.indices):
            self._places.update({index: place for place, index in enumerate(self.indices)})
        index = self.layout.index.get(name, -1)
        place = self._places.get(index)
        if place is None:
            raise KeyError(name)
        return self._at(place)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.indices)

    def is_forced(self, name: str) -> bool:
        """Return whether a signal is held at a value."""
        return self.layout.index.get(name, -1) in self.forced

    def _at(self, place: int) -> SignalValue:
        status = self.flawed.get(self.indices[place], GOOD)
        return SignalValue(self.data[place], status.quality, status.reason, self.times[place])


def snapshot_of(image: Image, indices: Sequence[int]) -> Snapshot:
    """Return these signals of an image."""
    if len(indices) * _FLATTEN > len(image.layout):
        values: list[Value] = list(map(image.values().__getitem__, indices))
        flat = [time for part in image.times for time in part]
        times = list(map(flat.__getitem__, indices))
    else:
        values, times = list(map(image.value, indices)), list(map(image.when, indices))
    wanted = indices if len(indices) < len(image.flawed) else None
    if wanted is not None:
        flawed = {i: image.flawed[i] for i in wanted if i in image.flawed}
    elif image.flawed:
        among = frozenset(indices)
        flawed = {i: status for i, status in image.flawed.items() if i in among}
    else:
        flawed = {}
    forced = frozenset(image.forced.keys() & frozenset(indices)) if image.forced else frozenset()
    return Snapshot(image.scan, image.time, image.layout, indices, values, times, flawed, forced)


class EventKind(Enum):
    """What an event tells of."""

    LOG = "log"
    """A line of the plant's log."""
    ACT = "act"
    """Something that an actor did, or was refused."""


@frozen
class Event:
    """Something that happened in a plant."""

    number: int
    """Counts the events of a run: a gap means that some were left out."""
    time: int
    kind: EventKind
    level: str
    source: str
    text: str
