"""Following the signals of an engine: the newest state, or every change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from petra.plant.streams import ClosedByAsyncWith
from petra.plant.values import Snapshot, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from petra.plant.names import Selection
    from petra.signals import Bus, Image, Layout
    from petra.signals.changes import Deadband
    from petra.signals.outgoing import Frame


class PlantWatch(ClosedByAsyncWith):
    """All that is selected first, then what has changed; a selection by pattern follows a reload."""

    def __init__(self, bus: Bus, selection: Selection, deadband: Deadband, every: float) -> None:
        self._bus = bus
        self._selection = selection
        self._every = every
        self._changes = bus.changes(selection.exact, deadband)
        self.image = bus.image
        """The image that was told last."""
        self._layout: Layout | None = None
        self._wanted: frozenset[int] = frozenset()
        self._next = 0.0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Snapshot:
        if self._layout is None:
            image = self._bus.image  # newer than what the changes begin from, or the same
            return self._told(image, self._of(image))
        while True:
            if self._every and (early := self._next - asyncio.get_running_loop().time()) > 0:
                await asyncio.sleep(early)
            change = await anext(aiter(self._changes))
            if indices := self._selected(change.image, change.indices):
                return self._told(change.image, indices)

    def everything(self) -> Snapshot:
        """Return all that is selected, of the image that was told last."""
        return snapshot_of(self.image, self._selection.indices(self.image.layout))

    async def aclose(self) -> None:
        """End it."""
        self._changes.close()

    def _selected(self, image: Image, changed: Sequence[int]) -> Sequence[int]:
        """Return what of this is wanted; of another layout, all that is."""
        if image.layout is not self._layout:
            return self._of(image)
        if self._selection.is_all or self._selection.exact is not None:
            return changed
        return [index for index in changed if index in self._wanted]

    def _of(self, image: Image) -> Sequence[int]:
        found = self._selection.indices(image.layout)
        self._layout, self._wanted = image.layout, frozenset(found)
        return found

    def _told(self, image: Image, indices: Sequence[int]) -> Snapshot:
        self._next = asyncio.get_running_loop().time() + self._every
        self.image = image
        return snapshot_of(image, indices)


class PlantFollow(ClosedByAsyncWith):
    """Every change of every scan. A selection by pattern is resolved anew for each layout."""

    def __init__(self, bus: Bus, selection: Selection, limit: int) -> None:
        self._selection = selection
        self._frames = bus.observe(selection.exact, limit)
        self._layout: Layout | None = None
        self._wanted: frozenset[int] = frozenset()

    @property
    def lost(self) -> int:
        """Changes that were left out so far."""
        return self._frames.lost

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        while True:
            frame = self._selected(await anext(aiter(self._frames)))
            if frame.indices or frame.missed:
                return frame

    async def aclose(self) -> None:
        """End it."""
        self._frames.close()

    def _selected(self, frame: Frame) -> Frame:
        if self._selection.is_all or self._selection.exact is not None:
            return frame
        if frame.layout is not self._layout:
            self._layout = frame.layout
            self._wanted = frozenset(self._selection.indices(frame.layout))
        return frame.only(self._wanted)
