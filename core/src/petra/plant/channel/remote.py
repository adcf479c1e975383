"""Streams over a channel: watches, follows and events, begun again after a lost connection."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import msgspec

from petra.plant.channel.address import NoPlantError
from petra.plant.channel.columns import frame_from, snapshot_from
from petra.plant.channel.link import PlantGoneError
from petra.plant.streams import ClosedByAsyncWith
from petra.plant.values import Event, Snapshot

if TYPE_CHECKING:
    from petra.errors import PetraError
    from petra.plant.actors import Actor
    from petra.plant.channel.link import Link
    from petra.signals.layout import Layout
    from petra.signals.outgoing import Frame

_AGAIN = 0.2
_AGAIN_AT_MOST = 5.0
_TELL_AFTER = 50_000
"""Changes of a stream that are taken until the plant is told."""


class RemoteStream(ClosedByAsyncWith):
    """A stream over a channel. When the connection is lost, it is begun again until the plant is there."""

    def __init__(self, link: Link, actor: Actor | None, kind: str, arguments: Mapping[str, Any]) -> None:
        self.kind = kind
        self.actor = actor
        self.arguments = arguments
        self.reconnects = 0
        """How many times the connection was lost and made again: what happened in between was not seen."""
        self._link = link
        self._number: int | None = None
        self._look = asyncio.Event()
        self._error: PetraError | None = None
        self._closed = self._broken = False

    @property
    def is_lost(self) -> bool:
        """Whether the connection is lost, and tried again until the plant is there."""
        return self._broken and not self._closed

    def take(self, value: Any) -> None:
        """Take an item."""
        raise NotImplementedError

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        raise NotImplementedError

    def ended(self, error: PetraError) -> None:
        """Take note that the plant has ended it."""
        self._number, self._error = None, error
        self._look.set()

    def lost_connection(self, error: PetraError) -> None:
        """Take note that the connection is lost."""
        self._number = None
        if isinstance(error, NoPlantError):  # it was closed here
            self._closed = True
        self._broken = True
        self._look.set()

    async def aclose(self) -> None:
        """End it."""
        self._closed = True
        if self._number is not None:
            self._link.forget(self._number)
            self._number = None
        self._look.set()

    async def _await_item(self) -> None:
        """Wait until something is there; StopAsyncIteration at the end."""
        while not self.has_item():
            if self._closed:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error
            if self._number is None:
                await self._begin()
                continue
            self._look.clear()
            if not self.has_item():
                await self._look.wait()

    async def _begin(self) -> None:
        """Open it; after a lost connection again and again, until the plant is there."""
        pause = _AGAIN
        while not self._closed:
            try:
                self._number = await self._link.open(self)
            except (NoPlantError, PlantGoneError):
                if not self._broken:
                    raise
                await asyncio.sleep(pause)
                pause = min(_AGAIN_AT_MOST, 2 * pause)
            else:
                self.reconnects += self._broken
                self._broken = False
                return


class RemoteWatch(RemoteStream):
    """The newest state; what is not taken is merged here, so that it never grows."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: Snapshot | None = None

    def take(self, value: Any) -> None:
        """Take what has changed."""
        snapshot = snapshot_from(value, self._link.layouts)
        before = self._waiting
        merge = before is not None and before.layout is snapshot.layout
        self._waiting = _merged(before, snapshot) if merge and before is not None else snapshot
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return self._waiting is not None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Snapshot:
        await self._await_item()
        found, self._waiting = self._waiting, None
        assert found is not None  # noqa: S101 - it was waited for
        return found


class RemoteFollow(RemoteStream):
    """Every change. The plant sends no more than was taken, so that what waits is bounded there and here."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.lost = 0
        """Changes that were left out so far."""
        self._lost_before = 0
        self._waiting: deque[Frame] = deque()
        self._untold = 0

    def take(self, value: Any) -> None:
        """Take a frame."""
        *columns, lost = value
        self.lost = self._lost_before + lost
        self._waiting.append(frame_from(columns, self._link.layouts))
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return bool(self._waiting)

    def lost_connection(self, error: PetraError) -> None:
        """Take note that the connection is lost."""
        self._lost_before, self._untold = self.lost, 0
        super().lost_connection(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        await self._await_item()
        frame = self._waiting.popleft()
        self._untold += len(frame.indices) or 1
        if self._untold >= _TELL_AFTER and self._number is not None:
            self._link.taken(self._number, self._untold)
            self._untold = 0
        return frame


class RemoteEvents(RemoteStream):
    """Log lines and acts."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: deque[Event] = deque()
        self._untold = 0

    def take(self, value: Any) -> None:
        """Take an event."""
        self._waiting.append(msgspec.convert(value, Event))
        self._look.set()

    def has_item(self) -> bool:
        """Return whether something waits for the reader."""
        return bool(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        await self._await_item()
        self._untold += 1
        if self._untold >= _TELL_AFTER and self._number is not None:
            self._link.taken(self._number, self._untold)
            self._untold = 0
        return self._waiting.popleft()


def _merged(before: Snapshot, now: Snapshot) -> Snapshot:
    """Return the newer state of two snapshots of the same layout."""
    values = dict(zip(before.indices, zip(before.data, before.times, strict=True), strict=True))
    values.update(zip(now.indices, zip(now.data, now.times, strict=True), strict=True))
    fresh = frozenset(now.indices)
    flawed = {i: status for i, status in before.flawed.items() if i not in fresh} | dict(now.flawed)
    forced = (before.forced - fresh) | now.forced
    indices = sorted(values)
    data, times = zip(*map(values.__getitem__, indices), strict=True)
    layout: Layout = now.layout
    return Snapshot(now.scan, now.time, layout, indices, data, times, flawed, forced)
