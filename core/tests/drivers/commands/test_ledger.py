"""The ledger and who follows it: every end once, in order, bounded; and one event for several waiters."""

from __future__ import annotations

import asyncio
import math

import pytest

from petra.drivers import Act, Command, Direction, Origin, Outcome, Point
from petra.drivers.commands.ledger import FOLLOWED, Ledger
from petra.drivers.commands.order import SURE, WELL
from petra.drivers.commands.wakeup import Wakeup
from petra.signals import SignalType
from petra.testing import ManualClock, run_virtual

POINT = Point("a", SignalType.FLOAT, "1", Direction.WRITE)


@pytest.fixture
def ledger():
    return Ledger(ManualClock())


def opened(ledger: Ledger, origin: Origin = Origin.LOCAL) -> Command:
    return ledger.open("a", 1.0, "ann", origin, point=POINT)


def test_who_follows_is_given_every_command_that_ends_from_then_on_in_order(ledger):
    early = opened(ledger)
    early.end(Outcome.CONFIRMED, 1)
    first, second = ledger.follow(), ledger.follow()
    commands = [opened(ledger) for _ in range(3)]
    for command in reversed(commands):
        command.end(Outcome.CONFIRMED, 1)
        command.end(Outcome.REJECTED, 2)
    assert first.take() == commands[::-1]
    assert first.take() == []
    assert second.take() == commands[::-1]


def test_what_the_program_passed_over_is_not_told_and_what_it_sent_is(ledger):
    """Nothing was sent: it says nothing of the device."""
    follower = ledger.follow()
    passed_over, sent, mine = opened(ledger, Origin.LOGIC), opened(ledger, Origin.LOGIC), opened(ledger)
    passed_over.end(Outcome.SUPERSEDED, 1)
    sent.end(Outcome.CONFIRMED, 1)
    mine.end(Outcome.SUPERSEDED, 1)
    assert follower.take() == [sent, mine]
    assert ledger.counts == {Outcome.SUPERSEDED: 2, Outcome.CONFIRMED: 1}


def test_what_is_not_taken_is_bounded_and_counted_and_what_was_taken_can_be_given_back(ledger):
    follower = ledger.follow()
    commands = [opened(ledger) for _ in range(FOLLOWED + 3)]
    for command in commands:
        command.end(Outcome.CONFIRMED, 1)
    assert follower.lost == 3
    taken = follower.take()
    assert taken == commands[:FOLLOWED]
    follower.give_back(taken[5:])
    commands[0] = opened(ledger)
    commands[0].end(Outcome.CONFIRMED, 1)
    assert follower.take() == [*taken[5:], commands[0]], "in the order in which they ended"


def test_a_command_as_data_has_all_that_is_known_of_it(ledger):
    command = ledger.open("a", 2.5, "ann", Origin.NETWORK, Act.FORCE, door="web", note="a test")
    command.end(Outcome.REJECTED, command.order.requested_at, "without a policy, the network may not write")
    assert command.as_dict() == {
        "id": 1,
        "act": "force",
        "signal": "a",
        "value": 2.5,
        "actor": "ann",
        "origin": "network",
        "door": "web",
        "note": "a test",
        "outcome": "rejected",
        "reason": "without a policy, the network may not write",
        "requested_at": command.order.requested_at,
        "sent_at": None,
        "ended_at": command.order.requested_at,
    }
    sent = opened(ledger)
    sent.sent(7)
    assert (sent.as_dict()["sent_at"], sent.as_dict()["ended_at"], sent.as_dict()["outcome"]) == (
        7,
        None,
        "sent",
    )


def test_a_command_in_one_line(ledger):
    written, freed = opened(ledger), ledger.open("a", None, "ann", Origin.LOCAL, Act.UNFORCE)
    forced = ledger.open("a", True, "ann", Origin.LOCAL, Act.FORCE)
    written.end(Outcome.REJECTED, 1, "it is locked")
    assert str(written) == "#1 a = 1.0 by ann (local) rejected: it is locked"
    assert str(freed) == "#2 unforce a by ann (local) requested"
    assert str(forced) == "#3 force a = True by ann (local) requested"


def test_only_requested_and_sent_are_not_the_end():
    assert {each for each in Outcome if not each.final} == {Outcome.REQUESTED, Outcome.SENT}
    assert set(SURE) < set(WELL) < set(Outcome)
    assert Outcome.REJECTED not in WELL
    assert Outcome.TIMED_OUT not in WELL


def test_the_end_of_a_command_can_be_waited_for_in_a_loop():
    async def main() -> None:
        ledger, wakeup = Ledger(ManualClock()), Wakeup()
        command = opened(ledger)
        command.on_end = wakeup.ring
        first, second = (asyncio.ensure_future(command.ended()) for _ in range(2))
        await asyncio.sleep(1.0)
        first.cancel()
        await asyncio.sleep(0)
        assert wakeup.count == 0
        command.end(Outcome.CONFIRMED, 1)
        assert await second is command
        assert await command.ended() is command
        assert wakeup.count == 1

    run_virtual(main())


def test_all_who_wait_look_again_and_nothing_that_happens_meanwhile_is_missed():
    async def main() -> None:
        wakeup, loop = Wakeup(), asyncio.get_running_loop()
        seen: list[float] = []

        async def waits(count: int, until: float) -> None:
            await wakeup.after(count, until)
            seen.append(loop.time())

        began = loop.time()
        tasks = [asyncio.ensure_future(waits(0, until)) for until in (math.inf, began + 9.0, began + 2.0)]
        await asyncio.sleep(5.0)
        assert seen == [began + 2.0]
        tasks[0].cancel()
        await asyncio.sleep(0)
        wakeup.ring()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen == [began + 2.0, began + 5.0]
        await wakeup.after(0, math.inf)  # it has rung since
        wakeup.ring()
        assert wakeup.count == 2
        await wakeup.after(1, math.inf)
        assert loop.time() == began + 5.0

    run_virtual(main())
