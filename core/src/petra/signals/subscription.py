"""Hearing of changes: all that changed since one last asked, as one set, however slow one is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from petra.signals.bus import Bus
    from petra.signals.image import Image
    from petra.signals.types import Value

_WAITING = 64


class Changes(NamedTuple):
    """An image, and which signals changed on the way to it."""

    image: Image
    indices: Sequence[int]


class Subscription:
    """The changes of some signals. The scan offers, one consumer takes.

    The queue between the two is bounded: when the consumer is slow, what waits is merged into one entry. No
    change is lost by that, only how often a signal changed meanwhile; `conflated` counts the merges.
    """

    def __init__(self, bus: Bus, wanted: frozenset[int], deadbands: Mapping[int, float]) -> None:
        self._bus = bus
        self._wanted = wanted
        self._all = len(wanted) == len(bus.signals)
        self._deadbands = deadbands
        self._told: dict[int, Value] = {i: bus.image.value(i) for i in deadbands}
        self._waiting: deque[Sequence[int]] = deque()
        self.conflated = 0
        self.wake: Callable[[], None] | None = None
        """Called by the scan after a change; it must return at once (`loop.call_soon_threadsafe`)."""

    def offer(self, changed: Sequence[int]) -> None:
        """Take note of what changed; the scan calls it."""
        if not self._all and self._wanted.isdisjoint(changed):
            return
        if len(self._waiting) >= _WAITING:
            self.conflated += 1
            changed = sorted({*changed, *self._drain()})
        self._waiting.append(changed)
        if self.wake is not None:
            self.wake()

    def take(self) -> Changes:
        """Return the newest image and what changed since the last call; it may be nothing."""
        # in this order, a change that comes in between is told again next time and never forgotten
        changed = self._drain()
        image = self._bus.image
        if not self._all:
            changed &= self._wanted
        return Changes(image, sorted(i for i in changed if self._beyond_deadband(i, image)))

    def close(self) -> None:
        """End the subscription."""
        self._bus.unsubscribe(self)

    def _drain(self) -> set[int]:
        found: set[int] = set()
        try:
            while True:
                found.update(self._waiting.popleft())
        except IndexError:
            return found

    def _beyond_deadband(self, index: int, image: Image) -> bool:
        band = self._deadbands.get(index)
        if band is None:
            return True
        value, told = image.value(index), self._told[index]
        # written so that a value that is not a number counts as a change
        if index not in image.flawed and isinstance(told, int | float) and abs(value - told) < band:  # type: ignore[operator]
            return False
        self._told[index] = value
        return True
