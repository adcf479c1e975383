"""What a review proved, each once: units that are only written, and outputs that nobody must lose."""

from __future__ import annotations

import asyncio
import threading

import pytest

from petra.drivers import Origin
from petra.drivers.commands.ledger import Ledger
from petra.drivers.commands.order import Outcome
from petra.drivers.commands.queue import CommandQueue
from petra.drivers.contract.point import Limits, Point
from petra.signals import SignalType
from petra.supervise import Backoff, Supervisor
from petra.testing import ManualClock


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_an_activity_that_ends_the_process_ends_only_itself(error):
    supervisor = Supervisor()
    supervisor.start()
    alive = threading.Event()

    async def lives(activity) -> None:
        activity.serving()
        while True:
            await asyncio.sleep(0.01)
            if bad.failures >= 3:
                alive.set()

    async def ends(_) -> None:
        raise error

    bad = supervisor.add("bad", ends, backoff=Backoff(first=0.001, longest=0.002, least=0.0))
    supervisor.add("good", lives)
    assert alive.wait(60)
    assert supervisor.stop() == []


def test_who_is_told_of_a_failure_does_not_end_the_tries():
    supervisor = Supervisor()
    supervisor.start()
    tried = threading.Event()

    async def fails(activity) -> None:
        if activity.starts > 3:
            tried.set()
        raise OSError("gone")

    def told(_: str) -> None:
        raise ValueError("a bug")

    supervisor.add("a", fails, backoff=Backoff(first=0.001, longest=0.002, least=0.0), failed=told)
    assert tried.wait(60)
    supervisor.stop()


def test_a_thousand_worn_commands_are_refused_one_by_one():
    box, ledger = CommandQueue(lambda: 0), Ledger(ManualClock())
    point = Point("a", SignalType.FLOAT, "1", limits=Limits(per_day=1))
    commands = [ledger.open("a", 1.0, "me", Origin.LOCAL, point=point) for _ in range(1_000)]
    for command in commands:
        box.put(command, 0.0)
    assert box.take(0.0) is commands[0]
    assert box.take(0.0) is None
    assert {c.outcome for c in commands[1:]} == {Outcome.REJECTED}
