"""Commands in the hands of a session that is in no hurry, or does not wait for anything."""

from __future__ import annotations

import asyncio
from typing import Any

from petra.drivers import Direction, Outcome, Point
from petra.signals import Signal, SignalType

NAMES = [f"o{i}" for i in range(200)]


def outputs() -> list[Signal]:
    return [Signal(name, SignalType.FLOAT, written_by="block") for name in NAMES]


def test_a_session_that_waits_for_nothing_leaves_the_others_their_turn(plant):
    @plant(*outputs())
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(**dict.fromkeys(NAMES, 1.0))
        turns = []

        async def other() -> None:
            while True:
                turns.append(len(taken))
                await asyncio.sleep(0)

        taken: list[Any] = []
        beside = asyncio.ensure_future(other())
        async for request in it.requests:
            request.confirmed()
            taken.append(request)
            if len(taken) == len(NAMES):
                break
        beside.cancel()
        assert turns == [50, 100, 150]


def test_each_end_lets_the_session_look_at_one_command_however_many_are_held(plant):
    """All are under way to a slow device when the plant stops."""

    @plant(*(Signal(name, SignalType.FLOAT, written_by="block", safe=0.0) for name in NAMES))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(**dict.fromkeys(NAMES, 1.0))
        taken = [await anext(it.requests) for _ in NAMES]
        it.store.show_safe("the engine stops")
        await it.act()
        waiting = asyncio.ensure_future(anext(it.requests))
        await asyncio.sleep(0)
        before = it.sessions.queue.looked_at
        for request in taken:
            request.confirmed()
            last = await waiting
            assert (last.point, last.value, last.last_word) == (request.point, 0.0, True)
            waiting = asyncio.ensure_future(anext(it.requests))
            await asyncio.sleep(0)
        waiting.cancel()
        assert it.sessions.queue.looked_at - before <= 2 * len(NAMES)


def test_a_request_that_has_ended_does_not_leave_nor_end_once_more(plant):
    """A session may be slower than the time within which it has to end what it takes."""
    point = Point("out", SignalType.FLOAT, "1", Direction.BOTH)

    @plant(Signal("out", SignalType.FLOAT), points=[point])
    async def _(it: Any) -> None:
        it.deliveries.close()
        context = it.sessions.begin(None)
        command = it.put(point, 5.0)
        request = await anext(context.commands(within=2.0))
        await asyncio.sleep(3.0)
        assert command.outcome is Outcome.TIMED_OUT
        request.sent()
        request.confirmed()
        assert command.outcome is Outcome.TIMED_OUT
        assert it.ledger.counts == {Outcome.TIMED_OUT: 1}
