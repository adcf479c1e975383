"""Every change of every scan, for readers that must not miss one: recorders, alarms, histories."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.outgoing import Frame
    from petra.signals.store import Store

OBSERVED = 100_000
"""Changes that may wait for a reader, unless it says otherwise."""


class Observation:
    """Frames of some signals, or of all: one of each scan in which something changed. One reader uses it.

        with bus.observe(["level"]) as frames:
            async for frame in frames:
                keep(frame)

    What waits is bounded: a scan that finds no room leaves its frame out, which is counted in `lost`, and the
    next frame has the number of changes `missed` before it. With `idle`, scans without changes are told too.
    """

    def __init__(self, store: Store, names: Sequence[str] | None, limit: int, *, idle: bool = False) -> None:
        if limit.__class__ is not int or limit < 1:  # the scan compares with it, and would end
            raise ValueError(f"limit is a number of changes, not {limit!r}")
        for name in names or ():
            store.layout.place(name)
        self.idle = idle
        self.lost = 0
        """Changes left out so far."""
        self._outgoing = store.outgoing
        self._names = None if names is None else frozenset(names)
        self._limit = limit
        self._wanted: tuple[Layout | None, frozenset[int]] = (None, frozenset())
        self._frames: deque[Frame] = deque()
        self._put = 0  # counted by the scan alone, as `_taken` is by the reader: no lock between the two
        self._taken = 0
        self._missed = 0
        self._iterates = False
        self._look = asyncio.Event()
        self._look.set()  # there may be something already
        self._ready: deque[Frame] = deque()
        self._closed = False
        self._outgoing.add_sink(self)

    def append(self, frame: Frame) -> None:
        """Take a frame; the scan calls it."""
        if not frame.indices and not self.idle:
            return
        size = len(frame.indices) or 1
        if self._names is not None and self._put - self._taken + size > self._limit // 2:
            frame = self._only_wanted(frame)  # what others change takes no more room, and is not lost
            size = len(frame.indices) or 1
            if not frame.indices and not self.idle:
                return
        if self._put - self._taken + size > self._limit and self._frames:
            self.lost += size
            self._missed += size
            return
        if self._missed:
            frame, self._missed = frame._replace(missed=self._missed), 0
        self._frames.append(frame)
        self._put += size

    @property
    def waiting(self) -> int:
        """How many changes wait for the reader."""
        return self._put - self._taken

    def take(self) -> list[Frame]:
        """Return what has come since the last call, the oldest first."""
        found: list[Frame] = []
        while self._frames:
            frame = self._frames.popleft()
            self._taken += len(frame.indices) or 1
            wanted = self._only_wanted(frame)
            if wanted.indices or wanted.missed or self.idle:
                found.append(wanted)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        if not self._iterates:
            self._iterates = True
            self._outgoing.wake_in(asyncio.get_running_loop(), self)
        return self

    async def __anext__(self) -> Frame:
        while not self._ready:
            if self._closed:
                raise StopAsyncIteration
            await self._look.wait()
            self._look.clear()
            self._ready.extend(self.take())
        return self._ready.popleft()

    def woken(self) -> None:
        """Look whether there are frames; the event loop of the reader calls it."""
        self._look.set()

    def close(self) -> None:
        """End it; closing it twice does no harm."""
        self._closed = True
        self._outgoing.remove(self)
        self._look.set()

    def _only_wanted(self, frame: Frame) -> Frame:
        """Return the columns of the wanted signals."""
        if self._names is None or not frame.indices:
            return frame
        layout, wanted = self._wanted
        if layout is not frame.layout:
            index = frame.layout.index
            wanted = frozenset(index[name] for name in self._names if name in index)
            self._wanted = (frame.layout, wanted)
        return frame.only(wanted)
