"""Hearing of changes: all that changed since one last asked, as one set, however slow one is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from petra.signals.bus import Bus
    from petra.signals.image import Image
    from petra.signals.layout import Layout
    from petra.signals.quality import Status
    from petra.signals.types import Value

_WAITING = 64


class Changes(NamedTuple):
    """An image, and which signals changed on the way to it."""

    image: Image
    indices: Sequence[int]


class _View:
    """What is wanted of one layout, and what has changed of it and was not taken yet."""

    __slots__ = ("all", "deadbands", "layout", "waiting", "wanted")

    def __init__(
        self, layout: Layout, names: Sequence[str] | None, deadband: float | Mapping[str, float]
    ) -> None:
        self.layout = layout
        known = layout.index
        indices = range(len(layout)) if names is None else [known[name] for name in names if name in known]
        self.wanted = frozenset(indices)
        self.all = len(self.wanted) == len(layout)
        bands = deadband if isinstance(deadband, Mapping) else {}
        every = 0.0 if isinstance(deadband, Mapping) else deadband
        wide = {
            i: bands.get(layout.signals[i].name, every) for i in indices if layout.types[i] in (int, float)
        }
        self.deadbands = {i: band for i, band in wide.items() if band > 0}
        self.waiting: deque[Sequence[int]] = deque()

    def drain(self) -> set[int]:
        found: set[int] = set()
        try:
            while True:
                found.update(self.waiting.popleft())
        except IndexError:
            return found


class Subscription:
    """The changes of some signals. The scan offers, one consumer takes.

    The queue between the two is bounded: when the consumer is slow, what waits is merged into one entry. No
    change is lost by that, only how often a signal changed meanwhile; `conflated` counts the merges. After a
    reload every signal counts as changed once, and `Changes.image.layout` says which signals there are.
    """

    def __init__(self, bus: Bus, names: Sequence[str] | None, deadband: float | Mapping[str, float]) -> None:
        for name in names or ():
            bus.layout.place(name)
        self._bus = bus
        self._names = names
        self._deadband = deadband
        self._view = _View(bus.layout, names, deadband)
        image = bus.image
        self._told: dict[str, tuple[Value, Status]] = {
            image.layout.signals[i].name: (image.value(i), image.status(i)) for i in self._view.deadbands
        }
        self.conflated = 0
        self.wake: Callable[[], None] | None = None
        """Called by the scan after a change; it must return at once (`loop.call_soon_threadsafe`)."""

    def offer(self, changed: Sequence[int]) -> None:
        """Take note of what changed; the scan calls it, after it has published."""
        view = self._view
        if view.layout is not self._bus.image.layout:
            self._view = view = _View(self._bus.image.layout, self._names, self._deadband)
        if not view.all and view.wanted.isdisjoint(changed):
            return
        if len(view.waiting) >= _WAITING:
            self.conflated += 1
            changed = sorted({*changed, *view.drain()})
        view.waiting.append(changed)
        if self.wake is not None:
            self.wake()

    def take(self) -> Changes:
        """Return the newest image and what changed since the last call; it may be nothing."""
        # in this order, a change that comes in between is told again next time and never forgotten
        view = self._view
        changed = view.drain()
        image = self._bus.image
        if image.layout is not view.layout:  # in the middle of a reload: all of it is offered in a moment
            return Changes(image, ())
        if not view.all:
            changed &= view.wanted
        return Changes(image, sorted(i for i in changed if self._beyond_deadband(i, view, image)))

    def close(self) -> None:
        """End the subscription."""
        self._bus.unsubscribe(self)

    def _beyond_deadband(self, index: int, view: _View, image: Image) -> bool:
        band = view.deadbands.get(index)
        if band is None:
            return True
        name = view.layout.signals[index].name
        value, status = image.value(index), image.status(index)
        told, told_status = self._told.get(name, ("", status))
        # written so that a value that is not a number counts as a change
        if status == told_status and isinstance(told, int | float) and abs(value - told) < band:  # type: ignore[operator]
            return False
        self._told[name] = value, status
        return True
