"""A session and the core: commands by iterator, points that come and go, and nothing kept over sessions."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from petra.drivers import (
    Command,
    Direction,
    Driver,
    Limits,
    Origin,
    Outcome,
    Point,
    PointError,
    PointUpdate,
    SessionContext,
    WriteRequest,
)
from petra.drivers.commands.ledger import Ledger
from petra.drivers.contract.sessions import DriverSessions
from petra.errors import PetraError
from petra.signals import LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock, run_virtual

A, B, C = (Point(name, SignalType.FLOAT, name, Direction.BOTH) for name in "abc")
POINTS = (A, B, C)


class Pushed(Driver):
    """A driver whose session is what the test says."""

    timeout = 2.0
    serve: Callable[[SessionContext], Awaitable[None]]

    async def session(self, context: SessionContext) -> None:
        """Serve as the test wants it."""
        await self.serve(context)


class Stand:
    """A driver's sessions on a bus of their own, without a host."""

    def __init__(self, points: tuple[Point, ...] = POINTS) -> None:
        self.clock = ManualClock()
        self.bus = LocalBus(Store([Signal(p.signal, SignalType.FLOAT) for p in points], self.clock))
        self.ledger = Ledger(self.clock)
        self.sessions = DriverSessions(Pushed("d", points), self.bus, self.clock.now_ns)

    def put(self, point: Point, value: float, origin: Origin = Origin.LOCAL) -> Command:
        """Put a command into the driver's queue."""
        command = self.ledger.open(point.signal, value, "ann", origin, point=point)
        self.sessions.queue.put(command, self.sessions.now())
        return command

    def seen(self) -> list[tuple[float, str]]:
        """Return the values with their reasons."""
        self.bus.store.latch()
        self.bus.store.publish(1, self.clock.now_ns())
        return [(self.bus.read(p.signal).value, self.bus.status(p.signal).reason) for p in POINTS]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def wrapped() -> None:
        run_virtual(test())

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


@run
async def test_commands_come_one_by_one_to_a_signal_and_beside_each_other_to_others():
    """Their order is that in which they were asked for."""
    stand = Stand()
    requests = stand.sessions.begin(None).commands()
    first, second, other = stand.put(A, 1.0), stand.put(A, 2.0), stand.put(B, 3.0)
    taken = [await anext(requests), await anext(requests)]
    assert [each.command for each in taken] == [first, other]
    assert {each.command.outcome for each in taken} == {Outcome.SENT}
    waiting = asyncio.ensure_future(anext(requests))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    taken[0].confirmed()
    assert (await waiting).command is second
    assert first.outcome is Outcome.CONFIRMED


@run
async def test_each_end_is_an_outcome_and_the_first_one_counts():
    stand = Stand()
    requests = stand.sessions.begin(None).commands()
    ends: list[tuple[Callable[[WriteRequest], None], Outcome, str]] = [
        (lambda r: r.confirmed(), Outcome.CONFIRMED, ""),
        (lambda r: r.unverified("QoS 0"), Outcome.UNVERIFIED, "QoS 0"),
        (lambda r: r.rejected("it is locked"), Outcome.REJECTED, "it is locked"),
        (lambda r: r.not_sent("it does not fit"), Outcome.REJECTED, "it does not fit"),
        (lambda r: r.timed_out("no acknowledgement"), Outcome.TIMED_OUT, "no acknowledgement"),
    ]
    for end, outcome, reason in ends:
        command = stand.put(A, 1.0)
        request = await anext(requests)
        end(request)
        request.rejected("too late")
        assert (command.outcome, command.reason) == (outcome, reason)
        assert (command.sent_at is None) is (reason == "it does not fit")
    assert stand.sessions.queue.under_way == 0


@pytest.mark.parametrize("report", ["announce", "withdraw"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["b"], "'b' is not a point of 'd', which has 'a', 'b', 'c'"),
        ([A, ["b"]], r"\['b'\] is not a point of 'd', which has 'a', 'b', 'c'"),
        (
            [Point("x", SignalType.FLOAT, "x9")],
            "the point 'x' is not a point of 'd', which has 'a', 'b', 'c'",
        ),
        (A, "points are given as a list, not as the point 'a'"),
        ("abc", "points are given as a list, not as 'abc'"),
    ],
)
def test_what_is_not_a_point_is_not_announced(report, given, said):
    """Nothing of the call is done."""

    async def test() -> None:
        stand = Stand()
        context = stand.sessions.begin(None)
        feed = context.feed(POINTS)
        with pytest.raises((TypeError, ValueError), match=said):
            getattr(context, report)(given, *(["gone"] if report == "withdraw" else []))
        assert all(feed.put(point, 1.0) for point in POINTS)

    run_virtual(test())


@run
async def test_what_was_written_and_what_was_told_is_counted():
    """Whatever the end of a command is, but for one that never left; also one that a session leaves open."""
    stand = Stand()

    async def serve(context: SessionContext) -> None:
        feed, requests = context.feed(POINTS), context.commands()
        feed.put(A, 1.0)
        feed.put_all([PointUpdate(A, 2.0), PointUpdate(B, 3.0)])
        context.withdraw([C], "gone")
        feed.put(C, 4.0)
        for end in ("confirmed", "unverified"):
            getattr(await anext(requests), end)()
        for end in ("rejected", "timed_out", "not_sent"):
            getattr(await anext(requests), end)("why")
        await anext(requests)

    stand.sessions.driver.serve = serve  # type: ignore[attr-defined]
    for value in range(6):
        stand.put(A, float(value))
    await stand.sessions.run(None)
    assert (stand.sessions.statistics.writes, stand.sessions.statistics.received) == (5, 3)


@run
async def test_what_a_device_has_taken_is_shown_as_it_holds_it():
    stand = Stand()
    context = stand.sessions.begin(None)
    feed, requests = context.feed(POINTS), context.commands()
    for point in POINTS:
        feed.put(point, 0.0)
    stand.put(A, 1.26)
    (await anext(requests)).confirmed(1.3)
    assert stand.seen()[0] == (1.3, "")


@pytest.mark.parametrize("end", ["confirmed", "unverified"])
@pytest.mark.parametrize(
    ("held", "said"),
    [
        (math.nan, "the driver gives nan, which is not a number that a signal holds"),
        (math.inf, "the driver gives inf, which is not a number that a signal holds"),
        (2**80, "the driver gives a number of 81 bits, and a signal holds 64"),
        ("banana", "the driver gives a value of type str, where a number is expected"),
        (PointError("its memory is broken"), "its memory is broken"),
    ],
)
def test_what_a_device_confirms_is_checked_as_what_is_read(end, held, said):
    """It never reaches the bus; the point is bad until its next value, and the session goes on."""

    async def test() -> None:
        stand = Stand()
        context = stand.sessions.begin(None)
        feed, requests = context.feed(POINTS), context.commands()
        for point in POINTS:
            feed.put(point, 2.0)
        command = stand.put(A, 7.0)
        getattr(await anext(requests), end)(value=held)
        assert (command.outcome, command.reason, command.held) == (Outcome.UNVERIFIED, said, None)
        assert stand.seen() == [(2.0, said), (2.0, ""), (2.0, "")]
        feed.put(A, 3.0)
        assert stand.seen()[0] == (3.0, "")
        again = stand.put(A, 8.0)
        (await anext(requests)).confirmed(8)
        assert (again.outcome, again.held) == (Outcome.CONFIRMED, 8.0)
        assert type(stand.bus.read("a").value) is float

    run_virtual(test())


@run
async def test_a_command_that_the_session_forgets_times_out():
    stand = Stand()
    requests = stand.sessions.begin(None).commands()
    command = stand.put(A, 1.0)
    await anext(requests)
    await asyncio.sleep(1.9)
    assert command.outcome is Outcome.SENT
    await asyncio.sleep(0.2)
    assert command.outcome is Outcome.TIMED_OUT
    assert command.reason == "no outcome within 2 s; it may have been carried out"


@run
async def test_what_the_session_does_not_take_expires():
    stand = Stand()
    command = stand.put(A, 1.0)
    await asyncio.sleep(6.0)
    stand.sessions.tick()
    assert (command.outcome, command.reason) == (Outcome.TIMED_OUT, "not sent within 5 s")


@run
async def test_what_the_program_wants_is_conflated_and_waits_for_its_interval():
    point = Point("a", SignalType.FLOAT, "a", Direction.WRITE, limits=Limits(interval=3.0))
    stand = Stand((point,))
    requests = stand.sessions.begin(None).commands()
    began = stand.sessions.now()
    stand.put(point, 1.0, Origin.LOGIC)
    (await anext(requests)).confirmed()
    older, newest = stand.put(point, 2.0, Origin.LOGIC), stand.put(point, 3.0, Origin.LOGIC)
    assert (await anext(requests)).value == 3.0
    assert stand.sessions.now() - began == pytest.approx(3.0)
    assert (older.outcome, newest.outcome) == (Outcome.SUPERSEDED, Outcome.SENT)


@run
async def test_the_end_of_a_session_ends_its_commands_and_the_iterator():
    """Cancelled in the middle of a write; another write waits its turn for the next session."""
    stand = Stand()
    taken = asyncio.Event()

    async def serve(context: SessionContext) -> None:
        async for _ in context.commands(within=60.0):
            taken.set()

    stand.sessions.driver.serve = serve  # type: ignore[attr-defined]  # it is Pushed
    session = asyncio.ensure_future(stand.sessions.run(None))  # type: ignore[arg-type]  # nobody asks it
    under_way, waiting = stand.put(A, 1.0), stand.put(A, 2.0)
    await taken.wait()
    await asyncio.sleep(0.1)
    session.cancel()
    await asyncio.wait({session})
    assert session.cancelled()
    assert under_way.reason == "the session ended; it may have been carried out"
    assert waiting.outcome is Outcome.REQUESTED
    assert (await anext(stand.sessions.begin(None).commands())).command is waiting


@run
async def test_a_session_that_was_left_behind_takes_no_commands():
    """It did not end when it was cancelled; the next session has its points and its commands."""
    stand = Stand()
    left = stand.sessions.begin(None)
    old = left.commands()
    new = stand.sessions.begin(None)
    command = stand.put(A, 1.0)
    assert [request async for request in old] == []
    left.connected("a ghost")
    assert (stand.sessions.detail, stand.sessions.serves) == ("", False)
    assert left.feed(POINTS).put(A, 5.0) is False
    assert (await anext(new.commands())).command is command


@run
async def test_commands_are_taken_in_one_place():
    context = Stand().sessions.begin(None)
    context.commands()
    with pytest.raises(PetraError, match="in one place"):
        context.commands()


@run
async def test_points_come_and_go_in_a_session():
    stand = Stand()
    context = stand.sessions.begin(None)
    context.connected()
    feed = context.feed(POINTS)
    for point in POINTS:
        feed.put(point, 1.0)
    context.announce([A, B])
    awaited = "the peer has announced it, and has not sent a value yet"
    assert stand.seen() == [(1.0, ""), (1.0, ""), (1.0, "the peer has not announced it")]
    assert not feed.put(C, 2.0)
    context.withdraw([B], "the node died")
    assert not feed.put(B, 2.0)
    assert stand.seen()[1] == (1.0, "the node died")
    context.announce([B, C])
    assert stand.seen() == [(1.0, ""), (1.0, awaited), (1.0, awaited)]
    assert feed.put(B, 4.0)
    assert stand.seen()[1] == (4.0, "")


@run
async def test_a_feed_that_is_made_later_knows_what_was_announced():
    stand = Stand()
    context = stand.sessions.begin(None)
    context.connected()
    context.announce([A])
    feed = context.feed(POINTS)
    assert [feed.put(point, 2.0) for point in POINTS] == [True, False, False]
    feed.update([3.0, 3.0, 3.0], 7, context.now())
    unannounced = "the peer has not announced it"
    assert stand.seen() == [(3.0, ""), (0.0, unannounced), (0.0, unannounced)]


@run
async def test_nothing_that_was_announced_outlives_its_session():
    stand = Stand()
    first = stand.sessions.begin(None)
    first.connected()
    first.feed(POINTS)
    first.withdraw([A], "off")
    stand.sessions.fail("gone")
    assert [reason for _, reason in stand.seen()] == ["gone"] * 3
    second = stand.sessions.begin(None)
    second.connected()
    feed = second.feed(POINTS)
    assert all(feed.put(point, 1.0) for point in POINTS)
    assert second.why_gone(A) == ""


@run
async def test_a_command_to_a_point_that_the_peer_does_not_have_is_refused_and_the_program_waits():
    stand = Stand()
    context = stand.sessions.begin(None)
    context.connected()
    requests = context.commands()
    context.announce([B])
    context.withdraw([B], "the node died")
    mine, logic, unknown = stand.put(B, 1.0), stand.put(B, 2.0, Origin.LOGIC), stand.put(C, 3.0)
    waiting = asyncio.ensure_future(anext(requests))
    await asyncio.sleep(1.0)
    assert (mine.outcome, mine.reason) == (Outcome.REJECTED, "the node died")
    assert (unknown.outcome, unknown.reason) == (Outcome.REJECTED, "the peer has not announced it")
    assert not waiting.done()
    context.announce([B])
    assert (await waiting).command is logic


@run
async def test_what_comes_back_is_written_once_more():
    stand = Stand()
    context, returned = stand.sessions.begin(None), stand.sessions.take_returned
    context.connected()
    assert returned() == {A, B, C}
    context.announce([A])
    assert returned() == {A}
    stand.put(B, 1.0, Origin.LOGIC)
    context.announce([B, C])
    assert returned() == {C}, "what the program wants of B is on its way"
    assert returned() == set()


@run
async def test_what_comes_after_the_end_of_a_request_shows_nothing():
    """The answer is late: the command has timed out, and the signal is not told of its value."""
    stand = Stand()
    context = stand.sessions.begin(None)
    feed, requests = context.feed(POINTS), context.commands()
    feed.put(A, 1.0)
    command = stand.put(A, 7.0)
    request = await anext(requests)
    request.timed_out("no acknowledgement")
    request.confirmed()
    assert command.outcome is Outcome.TIMED_OUT
    assert command.held is None
    assert stand.seen()[0] == (1.0, "")


@run
async def test_what_never_left_counts_for_no_limit():
    point = Point("a", SignalType.FLOAT, "a", Direction.WRITE, limits=Limits(per_day=1))
    stand = Stand((point,))
    requests = stand.sessions.begin(None).commands()
    stand.put(point, 1.0)
    (await anext(requests)).not_sent("it does not fit")
    second = stand.put(point, 2.0)
    (await anext(requests)).confirmed()
    assert second.outcome is Outcome.CONFIRMED
    third = stand.put(point, 3.0)
    assert requests.take(stand.sessions.now()) is None
    assert third.reason == "it is written at most 1 times a day"
