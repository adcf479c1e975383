"""The events of a plant: bounded, in order, each told once."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from petra.clock import SystemClock
from petra.plant import Actor, AuditEntry, EventKind, Guard, Origin
from petra.plant.events import KEPT, WAITING, EventBook, EventLog


@pytest.fixture
def book():
    return EventBook(SystemClock())


def taken(book, last):
    async def main():
        async with book.read(last) as events:
            return [await asyncio.wait_for(anext(events), 5) for _ in range(last)]

    return asyncio.run(main())


def test_an_act_is_told_once_and_a_line_of_the_log_as_well(book):
    handler = EventLog(book)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        guard = Guard(SystemClock(), book)
        guard.note(AuditEntry.of(Actor("ann"), 5, "write", "level", "confirmed", value=2.0))
        guard.note(AuditEntry.of(Actor("eve", Origin.NETWORK), 6, "write", "level", "refused", "no"))
        logging.getLogger("petra.engine").warning("as %s", "formatted")
        logging.getLogger("petra.engine").debug("not told")
    finally:
        root.removeHandler(handler)
    assert [(e.kind, e.level, e.text) for e in taken(book, 3)] == [
        (EventKind.ACT, "info", "write level = 2.0 by ann (local) confirmed"),
        (EventKind.ACT, "warning", "write level by eve (network) refused: no"),
        (EventKind.LOG, "warning", "as formatted"),
    ]


def test_what_is_kept_and_what_waits_is_bounded_and_gaps_can_be_seen(book):
    reader = book.read(0)
    for number in range(KEPT + WAITING):
        book.add(EventKind.LOG, "info", "test", f"line {number}" + "x" * 9_999)
    assert len(book._kept) == KEPT
    assert len(reader._waiting) == WAITING
    first = asyncio.run(anext(reader))
    assert first.number == KEPT + 1
    assert len(first.text) == 2_000


def test_readers_in_loops_of_their_own_get_everything_from_many_threads(book):
    async def read(count, ready):
        async with book.read(0) as events:
            ready.set()
            return [(await asyncio.wait_for(anext(events), 10)).number for _ in range(count)]

    def write():
        for _ in range(100):
            book.add(EventKind.LOG, "info", "test", "x")

    found, readers, writers = [], [], []
    for _ in range(3):
        ready = threading.Event()
        readers.append(threading.Thread(target=lambda r=ready: found.append(asyncio.run(read(400, r)))))
        readers[-1].start()
        assert ready.wait(5)
    for _ in range(4):
        writers.append(threading.Thread(target=write))
        writers[-1].start()
    for thread in [*writers, *readers]:
        thread.join(20)
    assert found == [list(range(1, 401))] * 3


def test_a_reader_that_was_closed_or_whose_loop_ended_costs_nothing(book):
    async def begin(reader):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(reader), 0.001)

    left = book.read(0)
    asyncio.run(begin(left))
    book.add(EventKind.LOG, "info", "test", "x")
    assert book._readers == ()
    closed = book.read(0)
    asyncio.run(closed.aclose())
    assert book._readers == ()
    with pytest.raises(StopAsyncIteration):
        asyncio.run(anext(closed))
