"""The events of a plant: its log lines and all acts, kept for a while and handed to readers."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from itertools import count, islice
from typing import TYPE_CHECKING

from petra.plant.streams import ClosedByAsyncWith
from petra.plant.values import Event, EventKind

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.plant.audit import AuditEntry

KEPT = 1_000
WAITING = 1_000
_LONGEST = 2_000
_ACTS = "petra.audit"


class EventBook:
    """Takes events from any thread; each reader has a bounded queue of its own, the oldest give way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._readers: tuple[EventReader, ...] = ()
        self._lock = threading.RLock()  # a reader whose loop has ended leaves while it is held

    @property
    def newest(self) -> int:
        """The number of the newest event; 0 before the first."""
        kept = self._kept
        return kept[-1].number if kept else 0

    def add(self, kind: EventKind, level: str, source: str, text: str, time: int | None = None) -> None:
        """Take an event."""
        with self._lock:
            at = self._clock.now_ns() if time is None else time
            event = Event(next(self._numbers), at, kind, level, source, text[:_LONGEST])
            self._kept.append(event)
            for reader in self._readers:  # in the lock: every reader has them in order
                reader.put(event)

    def note(self, entry: AuditEntry) -> None:
        """Take what was done or refused."""
        level = "info" if entry.ended_well else "warning"
        self.add(EventKind.ACT, level, "audit", str(entry), entry.time)

    def read(self, last: int) -> EventReader:
        """Return a reader, which is given the last events first."""
        with self._lock:
            before = self._newest(last)
            reader = EventReader(self, before)
            self._readers = (*self._readers, reader)
        return reader

    def last(self, number: int) -> list[Event]:
        """Return the last events, the oldest first."""
        with self._lock:
            return self._newest(number)

    def remove(self, reader: EventReader) -> None:
        """Hand nothing more to a reader."""
        with self._lock:
            self._readers = tuple(each for each in self._readers if each is not reader)

    def _newest(self, number: int) -> list[Event]:
        return list(islice(self._kept, max(0, len(self._kept) - max(0, number)), None))


class EventReader(ClosedByAsyncWith):
    """The events for one reader, in its loop."""

    def __init__(self, book: EventBook, before: list[Event]) -> None:
        self._book = book
        self._waiting: deque[Event] = deque(before, maxlen=WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look = asyncio.Event()
        self._closed = False

    def put(self, event: Event) -> None:
        """Take an event, in any thread."""
        self._waiting.append(event)
        loop = self._loop
        if loop is not None and not self._look.is_set():  # the reader clears it before it looks
            try:
                loop.call_soon_threadsafe(self._look.set)
            except RuntimeError:  # the loop is closed, and with it the reader
                self._book.remove(self)

    def __aiter__(self) -> EventReader:
        return self

    async def __anext__(self) -> Event:
        self._loop = asyncio.get_running_loop()
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._look.clear()
            if not self._waiting:
                await self._look.wait()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """End it."""
        self._closed = True
        self._book.remove(self)
        self._look.set()


class EventLog(logging.Handler):
    """Puts log lines into the book of events."""

    def __init__(self, book: EventBook) -> None:
        super().__init__(logging.INFO)
        self._book = book

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; acts are told as such already."""
        if record.name == _ACTS and record.exc_info is None:
            return
        try:
            time = int(record.created * 1e9)
            self._book.add(EventKind.LOG, record.levelname.lower(), record.name, record.getMessage(), time)
        except Exception:  # noqa: BLE001 - a caller that logs must not get an exception
            self.handleError(record)
