"""A polling session: what it asks, shows and gives up, with a device in memory and in virtual time."""

from __future__ import annotations

from typing import Any

from petra.drivers import Direction, Point
from petra.signals import SignalType
from petra.testing import run_virtual


def point(address: str, direction: Direction = Direction.READ, **more: Any) -> Point:
    return Point(f"s.{address}", SignalType.FLOAT, address, direction, **more)


def test_a_part_that_fails_takes_no_point_of_the_other_part_along(polled):
    """Two ranges in one request, of which the device does not have one."""
    good, bad = [point(f"a{at}") for at in range(2)], [point(f"b{at}") for at in range(2)]

    async def main() -> None:
        stand = polled(*good, *bad)
        stand.device.refused.add("b0")
        await stand.run(0.5)
        assert [stand.seen(each) for each in good] == [(1.0, "")] * 2
        assert [stand.seen(each) for each in bad] == [(0.0, "no such address"), (1.0, "")]
        stand.device.reads.clear()
        stand.device.holds.update(dict.fromkeys(("a0", "a1", "b1"), 2.0))
        await stand.run(1.0)
        assert [stand.seen(each) for each in (*good, bad[1])] == [(2.0, "")] * 3
        assert stand.device.reads == [("a0", "a1", "b1")], "all else is read together, as before"

    run_virtual(main())


def test_what_was_refused_is_tried_again_and_then_read_as_if_it_had_never_been(polled):
    points = [point(f"a{at}") for at in range(4)]

    async def main() -> None:
        stand = polled(*points)
        stand.device.refused.add("a0")
        await stand.run(20.0)
        assert [reason for _, reason in map(stand.seen, points)] == ["no such address", "", "", ""]
        stand.device.refused.clear()
        await stand.run(15.0)
        assert [stand.seen(each) for each in points] == [(1.0, "")] * 4
        stand.device.reads.clear()
        await stand.run(3.0)
        assert set(stand.device.reads) == {("a0", "a1", "a2", "a3")}

    run_virtual(main())


def test_without_any_station_that_answers_the_session_ends(polled):
    async def main() -> None:
        stand = polled(point("a0", station="u1"), point("b0", station="u2"))
        await stand.run(0.5)
        stand.device.silent |= {"u1", "u2"}
        assert await stand.ends() == "no answer within 1 s"
        assert stand.device.open == 0

    run_virtual(main())


def test_a_request_that_is_ignored_now_and_then_is_never_bad(polled):
    """Only two silences in a row leave it in peace, however many there were before."""
    moody, other = point("a0", station="u"), point("b0", station="u", period=0.1)

    async def main() -> None:
        stand = polled(moody, other)
        await stand.run(0.5)
        for turn in range(10):
            stand.device.silent = {"a0"} if turn % 2 else set()
            await stand.run(1.0)
            assert stand.seen(moody) == (1.0, "")
        assert stand.sessions.statistics.unanswered == 5

    run_virtual(main())


def test_a_request_that_is_always_ignored_is_bad_though_its_station_answers(polled):
    ignored, other = point("a0", station="u"), point("b0", station="u", period=0.1)

    async def main() -> None:
        stand = polled(ignored, other)
        await stand.run(0.5)
        stand.device.silent = {"a0"}
        await stand.run(5.0)
        assert stand.seen(ignored) == (1.0, "u: no answer within 1 s")
        assert stand.seen(other) == (1.0, "")

    run_virtual(main())


def test_a_session_serves_with_the_first_answer_and_not_with_the_line(polled):
    async def main() -> None:
        stand = polled(point("a0"))
        stand.device.takes = 0.5
        await stand.run(0.4)
        assert (stand.sessions.serves, stand.sessions.detail) == (False, "")
        await stand.run(0.2)
        assert (stand.sessions.serves, stand.sessions.detail) == (True, "a device in memory")

    run_virtual(main())
