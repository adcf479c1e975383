"""The newest state of signals, for readers that may be slow: what changed since they last asked, merged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from petra.signals.image import Image
    from petra.signals.layout import Layout
    from petra.signals.quality import QualityReason
    from petra.signals.store import Store
    from petra.signals.types import Value

Deadband = float | Mapping[str, float]
"""How far a number has to move until it counts as changed: for all signals, or by their names."""


class ChangeSet(NamedTuple):
    """An image, and which signals changed on the way to it."""

    image: Image
    indices: Sequence[int]


class _View:
    """What is wanted of one layout."""

    __slots__ = ("all", "deadbands", "layout", "wanted")

    def __init__(self, layout: Layout, names: Sequence[str] | None, deadband: Deadband) -> None:
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


class Changes:
    """The changes of some signals, merged until they are taken. One reader uses it, in one thread.

        with bus.changes(["level", "pump"]) as changes:
            async for change in changes:
                show(change.image, change.indices)

    After a reload every signal counts as changed once, and `change.image.layout` has the signals that there
    are. A number that changes and changes back between two calls of `take` may not be reported.
    """

    def __init__(
        self,
        store: Store,
        names: Sequence[str] | None,
        deadband: Deadband,
        woken: Callable[[], None] | None,
    ) -> None:
        for name in names or ():
            store.layout.place(name)
        self.conflated = 0
        """How many publications were merged into a later one."""
        self._outgoing = store.outgoing
        self._store = store
        self._names = names
        self._deadband = deadband
        self._on_wake = woken
        self._iterates = False
        self._look = asyncio.Event()
        self._look.set()  # there may be something already
        self._closed = False
        self._outgoing.add_reader(self)  # before the image is read: no change falls between the two
        self._last = image = store.image
        self._view = _View(image.layout, names, deadband)
        self._told: dict[str, tuple[Value, QualityReason]] = {
            image.layout.signals[i].name: (image.value(i), image.status(i)) for i in self._view.deadbands
        }
        if woken is not None:
            self._outgoing.wake_in(asyncio.get_running_loop(), self)

    def take(self) -> ChangeSet:
        """Return the newest image and what changed since the last call, which may be nothing."""
        image, last = self._store.image, self._last
        if image is last:
            return ChangeSet(image, [])
        self._last = image
        self.conflated += max(0, image.number - last.number - 1)
        view = self._view
        if image.layout is not view.layout:
            self._view = view = _View(image.layout, self._names, self._deadband)
            for i in view.deadbands:  # all are told once, whatever their deadband
                self._told.pop(image.layout.signals[i].name, None)
            changed: set[int] | frozenset[int] = view.wanted
        else:
            known = self._outgoing.between(last, image)
            found = set(image.differences(last)) if known is None else known
            changed = found if view.all else found & view.wanted
        if view.deadbands:
            changed = {i for i in changed if self._beyond_deadband(i, view, image)}
        return ChangeSet(image, sorted(changed))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        if not self._iterates:
            self._iterates = True
            self._outgoing.wake_in(asyncio.get_running_loop(), self)
        return self

    async def __anext__(self) -> ChangeSet:
        while not self._closed:
            await self._look.wait()
            self._look.clear()
            change = self.take()
            if change.indices:
                return change
        raise StopAsyncIteration

    def woken(self) -> None:
        """Look whether something changed; the event loop of the reader calls it."""
        if self._on_wake is not None and not self._closed:
            self._on_wake()
        self._look.set()

    def close(self) -> None:
        """End it; closing it twice does no harm."""
        self._closed = True
        self._outgoing.remove(self)
        self._look.set()

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
