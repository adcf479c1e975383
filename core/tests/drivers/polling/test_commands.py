"""Commands in a polling session: sent once, looked for until they are seen, and ended for what they are."""

from __future__ import annotations

from typing import Any

import pytest

from petra.drivers import (
    BusyError,
    Direction,
    NoAnswerError,
    Outcome,
    Point,
    PointError,
    SessionError,
    SessionLimits,
)
from petra.signals import SignalType
from petra.testing import run_virtual


def point(address: str, direction: Direction = Direction.READ, **more: Any) -> Point:
    return Point(f"s.{address}", SignalType.FLOAT, address, direction, **more)


def test_a_reading_that_begins_after_the_write_is_shown(polled):
    """The device may have made something else of it."""
    set_point = point("a0", Direction.BOTH, verify=False)

    async def main() -> None:
        stand = polled(set_point)
        stand.device.ignores.add("a0")
        await stand.run(0.5)
        stand.put(set_point, 5.0)
        await stand.run(0.1)
        assert stand.seen(set_point) == (5.0, "")
        await stand.run(0.5)
        assert stand.seen(set_point) == (1.0, "")

    run_virtual(main())


def test_what_is_written_is_read_back_before_it_counts_as_confirmed(polled):
    set_point = point("a0", Direction.BOTH, settle=0.3)

    async def main() -> None:
        stand = polled(set_point, point("b0"))
        await stand.run(0.1)
        stand.device.reads.clear()
        command = stand.put(set_point, 5.0)
        await stand.run(0.2)
        assert command.outcome is Outcome.SENT, "the device takes its time"
        await stand.run(0.2)
        assert (command.outcome, command.reason) == (Outcome.CONFIRMED, "")
        assert stand.device.reads == [("a0",)]
        assert stand.seen(set_point) == (5.0, "")

    run_virtual(main())


def test_a_device_that_holds_something_else_confirms_nothing(polled):
    """It is looked at for two seconds, since many take a moment; then the command says what is there."""
    set_point = point("a0", Direction.BOTH)

    async def main() -> None:
        stand = polled(set_point)
        stand.device.ignores.add("a0")
        await stand.run(0.1)
        late = stand.put(set_point, 5.0)
        await stand.run(1.0)
        assert late.outcome is Outcome.SENT
        stand.device.holds["a0"] = 5.0
        await stand.run(0.1)
        assert late.outcome is Outcome.CONFIRMED
        never = stand.put(set_point, 6.0)
        await stand.run(1.9)
        assert never.outcome is Outcome.SENT
        await stand.run(0.2)
        assert (never.outcome, never.reason) == (Outcome.TIMED_OUT, "the device holds 5.0")
        assert [value for _, value in stand.device.writes] == [5.0, 6.0], "each is sent once"

    run_virtual(main())


def test_what_cannot_be_read_back_says_so(polled):
    set_point = point("a0", Direction.BOTH)

    async def main() -> None:
        stand = polled(set_point)
        await stand.run(0.1)
        stand.device.refused.add("a0")
        command = stand.put(set_point, 5.0)
        await stand.run(3.0)
        assert (command.outcome, command.reason) == (
            Outcome.TIMED_OUT,
            "it cannot be read back: no such address",
        )

    run_virtual(main())


def test_a_value_that_is_overwritten_before_it_is_read_back_is_not_confirmed(polled):
    set_point = point("a0", Direction.BOTH, settle=1.0)

    async def main() -> None:
        stand = polled(set_point)
        await stand.run(0.1)
        first = stand.put(set_point, 5.0)
        await stand.run(0.1)
        second = stand.put(set_point, 6.0)
        await stand.run(0.1)
        assert first.outcome is Outcome.UNVERIFIED
        assert first.reason == "another value was written before it could be read back"
        await stand.run(1.5)
        assert second.outcome is Outcome.CONFIRMED

    run_virtual(main())


@pytest.mark.parametrize(
    ("error", "outcome", "temporary"),
    [
        (PointError("it is locked"), Outcome.REJECTED, False),
        (BusyError("it starts up"), Outcome.REJECTED, True),
        (NoAnswerError("no answer"), Outcome.TIMED_OUT, True),
    ],
)
def test_what_a_device_says_to_a_write_is_the_outcome(polled, error, outcome, temporary):
    set_point, other = point("a0", Direction.BOTH), point("b0", Direction.BOTH)

    async def main() -> None:
        stand = polled(set_point, other)
        await stand.run(0.1)
        stand.device.locked["a0"] = error
        command, good = stand.put(set_point, 5.0), stand.put(other, 6.0)
        await stand.run(0.5)
        assert (command.outcome, command.temporary) == (outcome, temporary)
        assert str(error) in command.reason
        assert good.outcome is Outcome.CONFIRMED
        assert stand.seen(set_point) == (1.0, "")
        assert stand.sessions.statistics.writes == 2

    run_virtual(main())


def test_the_end_of_a_session_leaves_nothing_confirmed_and_nothing_open(polled):
    settling, under_way = point("a0", Direction.BOTH, settle=5.0), point("b0", Direction.BOTH)

    async def main() -> None:
        stand = polled(settling, under_way)
        await stand.run(0.1)
        first = stand.put(settling, 5.0)
        await stand.run(0.1)
        stand.device.takes_to_write = 9.0
        second = stand.put(under_way, 5.0)
        await stand.run(0.1)
        stand.device.lost.set_exception(SessionError("the cable was cut"))
        assert await stand.ends() == "the cable was cut"
        assert (first.outcome, first.reason) == (
            Outcome.UNVERIFIED,
            "the session ended before it could be read back",
        )
        assert second.outcome is Outcome.TIMED_OUT
        assert second.reason == "the session ended; it may have been carried out"
        assert stand.device.open == 0

    run_virtual(main())


def test_a_command_goes_out_before_further_readings(polled):
    """One request at a time: the command overtakes what is due, and its reading back as well."""
    points = [point(f"{area}0", Direction.BOTH, period=0.01) for area in "abcdef"]

    async def main() -> None:
        stand = polled(*points)
        stand.device.limits = SessionLimits(in_flight=1)
        stand.device.takes = 0.1
        await stand.run(2.05)
        stand.device.reads.clear()
        command = stand.put(points[5], 5.0)
        await stand.run(0.2)
        assert command.outcome is Outcome.CONFIRMED
        assert stand.device.reads[0] == ("f0",)

    run_virtual(main())


def test_a_station_that_is_silent_is_bad_alone_and_written_once_more_when_it_is_back(polled):
    dead, alive = point("a0", Direction.BOTH, station="u1"), point("b0", station="u2")

    async def main() -> None:
        stand = polled(dead, alive)
        await stand.run(0.5)
        stand.sessions.take_returned()
        stand.device.silent.add("u1")
        await stand.run(10.0)
        assert stand.seen(dead) == (1.0, "u1: no answer within 1 s")
        assert stand.seen(alive) == (1.0, "")
        command = stand.put(dead, 5.0)
        await stand.run(0.1)
        assert (command.outcome, command.reason) == (Outcome.REJECTED, "u1 does not answer")
        assert command.sent_at is None
        stand.device.silent.clear()
        stand.device.holds["a0"] = 2.0
        await stand.run(31.0)
        assert stand.seen(dead) == (2.0, "")
        assert stand.sessions.take_returned() == {dead}

    run_virtual(main())


def test_a_driver_that_only_writes_serves_at_once(polled):
    output = point("a0", Direction.WRITE, verify=False)

    async def main() -> None:
        stand = polled(output)
        await stand.run(0.1)
        assert stand.sessions.serves
        command = stand.put(output, 5.0)
        await stand.run(0.1)
        assert command.outcome is Outcome.UNVERIFIED
        assert stand.device.reads == []

    run_virtual(main())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PointError("it does not fit"), "it does not fit"),
        (KeyError("x"), "its driver has failed: KeyError('x')"),
    ],
)
def test_what_its_driver_cannot_write_never_leaves_for_the_device(polled, monkeypatch, error, said):
    set_point = point("a0", Direction.BOTH)

    def fails(*_: object) -> None:
        raise error

    async def main() -> None:
        stand = polled(set_point)
        await stand.run(0.1)
        monkeypatch.setattr(stand.driver, "as_written", fails)
        command = stand.put(set_point, 5.0)
        await stand.run(0.1)
        assert (command.outcome, command.reason, command.sent_at) == (Outcome.REJECTED, said, None)
        assert stand.device.writes == []
        monkeypatch.undo()
        assert stand.put(set_point, 6.0).outcome is Outcome.REQUESTED
        await stand.run(0.1)
        assert stand.device.writes == [("a0", 6.0)], "those that follow are sent"

    run_virtual(main())
