"""The bus: what everybody outside the scan sees of the signals.

`Bus` is a protocol. `LocalBus` is the bus of the process that scans; a bus that shows the signals of another
process offers the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from petra.signals.changes import Changes, Deadband
from petra.signals.group import Group
from petra.signals.inbox import Force, Write
from petra.signals.layout import PART_SHIFT, Layout
from petra.signals.observation import OBSERVED, Observation
from petra.signals.quality import GOOD, QualityReason

if TYPE_CHECKING:
    from petra.signals.image import Image
    from petra.signals.layout import Signal
    from petra.signals.store import Store
    from petra.signals.table import Reading
    from petra.signals.types import Value

GROUPS_KEPT = 64


class Bus(Protocol):
    """All signals, to be read, written and followed from any thread."""

    @property
    def image(self) -> Image:
        """All signals at one moment: what was published last."""

    @property
    def layout(self) -> Layout:
        """Which signals there are."""

    @property
    def signals(self) -> Sequence[Signal]:
        """All signals, in the order in which they are kept."""

    @property
    def read(self) -> Callable[[str], Reading]:
        """Return a signal's value, quality and time, by its name."""

    def status(self, name: str) -> QualityReason:
        """Return a signal's quality with its reason."""

    def write(self, name: str, value: Value, status: QualityReason = GOOD, time: int | None = None) -> None:
        """Write one signal; it is visible after the next scan."""

    def write_many(
        self, values: Mapping[str, Value], status: QualityReason = GOOD, time: int | None = None
    ) -> None:
        """Write several signals: all become visible in the same scan, or the whole call is refused."""

    def group(self, names: Iterable[str]) -> Group:
        """Resolve names and types once, for reading and writing the same signals again and again."""

    def changes(
        self,
        names: Iterable[str] | None = None,
        deadband: Deadband = 0.0,
        *,
        woken: Callable[[], None] | None = None,
    ) -> Changes:
        """Follow the newest state of these signals, or of all; what a slow reader misses is merged.

        `woken` is called in the event loop that runs now, when something may have changed.
        """

    def observe(
        self, names: Iterable[str] | None = None, limit: int = OBSERVED, *, idle: bool = False
    ) -> Observation:
        """Follow every change of every scan; at most `limit` changes wait, and what is lost is counted."""

    def force(self, name: str, value: Value, actor: str) -> None:
        """Hold a signal at a value, whatever writes it, until `unforce`; recorded with the actor."""

    def unforce(self, name: str, actor: str) -> None:
        """Let a signal go: it takes the value written last, or the next one that its block computes."""


class ServedBus(Bus, Protocol):
    """The bus as the host of drivers uses it: it writes also what a device serves."""

    @property
    def publishes(self) -> int:
        """How many scans have published, also those in which nothing had changed."""

    def serve(self, name: str, value: Value, status: QualityReason = GOOD, time: int | None = None) -> None:
        """Write one signal as its device holds it: for the driver that serves it."""

    def served(self, names: Iterable[str]) -> Group:
        """Return a group for the driver that serves these signals: it may write what goes to a device."""

    def enqueue(self, entry: Write | Force) -> None:
        """Put a checked entry into the inbox, or refuse it when the scan does not keep up."""


class LocalBus:
    """The bus of the process that scans."""

    def __init__(self, store: Store) -> None:
        self.store = store
        """The scan's side; for the scheduler and the engine alone."""
        self.gate: Callable[[Force], None] | None = None
        """Takes every force in place of the inbox, and raises for an actor that may not."""
        self.read = store.table.read  # the method itself: a call in between would cost as much as the look-up
        self.enqueue = store.enqueue
        self._groups: dict[tuple[str, ...], Group] = {}

    @property
    def image(self) -> Image:
        """All signals at one moment: what was published last."""
        return self.store.image

    @property
    def layout(self) -> Layout:
        """Which signals there are."""
        return self.store.layout

    @property
    def signals(self) -> Sequence[Signal]:
        """All signals, in the order in which they are kept."""
        return self.store.layout.signals

    @property
    def waiting(self) -> int:
        """How many values wait for the next scan."""
        return self.store.inbox.waiting

    @property
    def refused(self) -> int:
        """How many writes were refused because too many values waited."""
        return self.store.inbox.refused

    @property
    def publishes(self) -> int:
        """How many scans have published, also those in which nothing had changed."""
        return self.store.publishes

    def status(self, name: str) -> QualityReason:
        """Return a signal's quality with its reason."""
        image = self.store.image
        return image.status(image.layout.place(name))

    def write(self, name: str, value: Value, status: QualityReason = GOOD, time: int | None = None) -> None:
        """Write one signal; it is visible after the next scan."""
        layout = self.store.layout
        index = layout.place(name)
        layout.check_writable(index)
        value = layout.converted(index, value)
        layout.check_limits(index, value)
        self.enqueue(Write((index,), (value,), status, time, None, layout, (index >> PART_SHIFT,)))

    def serve(self, name: str, value: Value, status: QualityReason = GOOD, time: int | None = None) -> None:
        """Write one signal as its device holds it: for the driver that serves it."""
        layout = self.store.layout
        index = layout.place(name)
        layout.check_served(index)
        value = layout.converted(index, value)
        self.enqueue(Write((index,), (value,), status, time, None, layout, (index >> PART_SHIFT,)))

    def write_many(
        self, values: Mapping[str, Value], status: QualityReason = GOOD, time: int | None = None
    ) -> None:
        """Write several signals: all become visible in the same scan, or the whole call is refused."""
        names = tuple(values)
        group = self._groups.get(names)
        if group is None:  # the same names are written again and again
            group = self.group(names)
            if len(self._groups) >= GROUPS_KEPT:
                self._groups.clear()
            self._groups[names] = group
        group.write(list(values.values()), status, time)

    def group(self, names: Iterable[str]) -> Group:
        """Resolve names and types once, for reading and writing the same signals again and again."""
        return Group(self.store, names)

    def served(self, names: Iterable[str]) -> Group:
        """Return a group for the driver that serves these signals: it may write what goes to a device."""
        return Group(self.store, names, Layout.check_served)

    def changes(
        self,
        names: Iterable[str] | None = None,
        deadband: Deadband = 0.0,
        *,
        woken: Callable[[], None] | None = None,
    ) -> Changes:
        """Follow the newest state of these signals, or of all; what a slow reader misses is merged."""
        return Changes(self.store, None if names is None else tuple(names), deadband, woken)

    def observe(
        self, names: Iterable[str] | None = None, limit: int = OBSERVED, *, idle: bool = False
    ) -> Observation:
        """Follow every change of every scan; at most `limit` changes wait, and what is lost is counted."""
        return Observation(self.store, None if names is None else tuple(names), limit, idle=idle)

    def force(self, name: str, value: Value, actor: str) -> None:
        """Hold a signal at a value, whatever writes it, until `unforce`; recorded with the actor."""
        layout = self.store.layout
        index = layout.place(name)
        value = layout.converted(index, value)
        layout.check_limits(index, value)
        self._force(Force(self.store.clock.now_ns(), actor, name, value))

    def unforce(self, name: str, actor: str) -> None:
        """Let a signal go: it takes the value written last, or the next one that its block computes."""
        self.store.layout.place(name)
        self._force(Force(self.store.clock.now_ns(), actor, name, None))

    def _force(self, force: Force) -> None:
        if self.gate is None:
            self.enqueue(force)
        else:
            self.gate(force)
