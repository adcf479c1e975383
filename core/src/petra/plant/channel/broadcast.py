"""Watches that several clients share: computed once and encoded once, for all that keep up.

A client that does not read is left out. What it misses is merged into the newest state of those signals,
which it is sent when it reads again: its memory here is one set of numbers.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from petra.plant.channel.columns import snapshot_as_data
from petra.plant.channel.wire import packed
from petra.plant.values import snapshot_of

if TYPE_CHECKING:
    from petra.plant.values import Snapshot
    from petra.signals import Image, Layout

log = logging.getLogger("petra.channel")

AT_ONCE = os.cpu_count() or 1
"""Clients that are told at once: twenty that wake together take all processors from the scan (0010)."""
PAUSE = 0.001
"""Seconds until the next ones are told."""

_UNKNOWN: set[int] = set()


class Watching(Protocol):
    """A watch of the plant's own process."""

    image: Image
    """The image that was told last."""

    def everything(self) -> Snapshot:
        """Return all that is watched, of that image."""

    def __aiter__(self) -> Watching:
        """Return itself."""

    async def __anext__(self) -> Snapshot:
        """Wait for the next change."""

    async def aclose(self) -> None:
        """End it."""


class Listener(Protocol):
    """A client's stream of a shared watch."""

    @property
    def is_slow(self) -> bool:
        """Whether the client does not read what it was sent."""

    def layout(self, layout: Layout) -> int:
        """Return the number of a layout, which the client is told first."""

    def send(self, item: msgspec.Raw) -> None:
        """Send an item of the stream."""

    def left_out(self) -> None:
        """Take note that it misses something: it catches up when the client reads again."""

    def end(self, error: BaseException) -> None:
        """End the stream."""


class Broadcast:
    """One watch and those who listen to it; in the loop of the channel."""

    def __init__(self, watch: Watching, over: Callable[[], None]) -> None:
        self._watch = watch
        self._over = over
        self._behind: dict[Listener, set[int] | None] = {}
        """What each listener is behind with, of the layout that was told last; None when it is up to date."""
        self._layout: Layout | None = None
        self._sent: tuple[Snapshot, msgspec.Raw] | None = None
        """What was encoded last."""
        self._task: asyncio.Task[None] | None = None

    def add(self, listener: Listener) -> None:
        """Send everything to a new listener, and from then on what changes."""
        self._behind[listener] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="broadcast")
        elif self._layout is not None:
            self._send(self._watch.everything(), [listener])

    async def remove(self, listener: Listener) -> None:
        """Send nothing more to a listener; the last one to leave ends the watch."""
        known = self._behind.pop(listener, _UNKNOWN)
        if known is not _UNKNOWN and not self._behind and self._task is not None:
            self._over()
            self._task.cancel()
            await self._watch.aclose()

    def catch_up(self, listener: Listener) -> None:
        """Send a listener that reads again what it has missed."""
        missed = self._behind.get(listener)
        if missed:
            self._behind[listener] = None
            self._send(snapshot_of(self._watch.image, sorted(missed)), [listener])

    async def _run(self) -> None:
        try:
            async for snapshot in self._watch:
                await self._tell(snapshot)
        except Exception as error:
            log.exception("a watch has failed")
            self._over()  # the next one that watches the same begins a new one
            listeners, self._behind = self._behind, {}
            for listener in listeners:
                listener.end(error)
            await self._watch.aclose()

    async def _tell(self, snapshot: Snapshot) -> None:
        if snapshot.layout is not self._layout:
            self._layout = snapshot.layout  # all is told again: who was behind is so with everything
            self._behind = {each: None if missed is None else set() for each, missed in self._behind.items()}
        ready = []
        for listener, missed in self._behind.items():
            if missed is None and not listener.is_slow:
                ready.append(listener)
            else:
                self._behind[listener] = (missed or set()) | set(snapshot.indices)
                listener.left_out()
        for begin in range(0, len(ready), AT_ONCE):
            if begin:
                await asyncio.sleep(PAUSE)
            self._send(snapshot, [each for each in ready[begin : begin + AT_ONCE] if each in self._behind])

    def _send(self, snapshot: Snapshot, listeners: Sequence[Listener]) -> None:
        if not listeners:
            return
        numbers = {listener.layout(snapshot.layout) for listener in listeners}
        (number,) = numbers  # all clients of a channel have the same numbers
        if self._sent is None or self._sent[0] is not snapshot:
            self._sent = snapshot, msgspec.Raw(packed(snapshot_as_data(snapshot, number)))
        item = self._sent[1]
        for listener in listeners:
            listener.send(item)


class Broadcasts:
    """The watches that are shared now, by what they watch."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Broadcast] = {}

    def of(self, what: Hashable, begin: Callable[[], Any]) -> Broadcast:
        """Return the broadcast of a watch; it begins with its first listener."""
        found = self._known.get(what)
        if found is None:
            found = self._known[what] = Broadcast(begin(), lambda: self._forget(what))
        return found

    def _forget(self, what: Hashable) -> None:
        self._known.pop(what, None)
