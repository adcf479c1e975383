"""From readings to signals: quality with reason, values held, nothing green while dead."""

from __future__ import annotations

import asyncio
import math

import pytest

from petra.drivers import Driver, Point, PointError, PointUpdate
from petra.drivers.contract.feed import Feed
from petra.drivers.contract.sessions import DriverSessions
from petra.errors import PetraError
from petra.signals import (
    GOOD,
    Layout,
    LocalBus,
    Quality,
    QualityReason,
    ReasonCode,
    Signal,
    SignalType,
    Store,
)
from petra.testing import ManualClock, run_virtual

POINTS = [Point(name, SignalType.FLOAT, name, period=1.0) for name in ("a", "b", "c")]


@pytest.fixture
def bus():
    return LocalBus(
        Store([Signal(p.signal, SignalType.FLOAT) for p in POINTS], ManualClock(), inbox_limit=20)
    )


def seen(bus: LocalBus) -> list[tuple[float, str]]:
    bus.store.latch()
    bus.store.publish(1, 1)
    return [(bus.read(p.signal).value, bus.status(p.signal).reason) for p in POINTS]


def test_a_point_that_fails_is_bad_alone_and_holds_its_value(bus):
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([4.0, PointError("no such address"), 6.0], 20, 1.0)
    assert seen(bus) == [(4.0, ""), (2.0, "no such address"), (6.0, "")]
    feed.update([7.0, 8.0, 9.0], 30, 2.0)
    assert seen(bus) == [(7.0, ""), (8.0, ""), (9.0, "")]
    assert bus.read("b").time == 30


def test_what_was_written_meanwhile_is_left_alone(bus):
    """A reading that began before a command is older than what the command wrote."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([4.0, 5.0, 6.0], 20, 1.0, frozenset({1}))
    assert seen(bus) == [(4.0, ""), (2.0, ""), (6.0, "")]


def test_the_end_of_a_session_makes_all_bad_and_holds_what_was_read_last(bus):
    """Also what the scan has not yet taken from the inbox."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.fail("gone")
    assert seen(bus) == [(1.0, "gone"), (2.0, "gone"), (3.0, "gone")]
    assert bus.read("a").quality is Quality.BAD
    feed.update([1.0, 2.0, 3.0], 20, 1.0)
    assert seen(bus) == [(1.0, ""), (2.0, ""), (3.0, "")]


def test_what_is_not_updated_turns_stale(bus):
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.age(3.9)
    assert seen(bus)[0] == (1.0, "")
    feed.age(4.1)
    assert seen(bus)[0] == (1.0, "stale: not updated for 4 s")
    assert bus.read("a").quality is Quality.UNCERTAIN
    feed.update([1.0, 2.0, 3.0], 20, 5.0)
    assert seen(bus)[0] == (1.0, "")


def test_a_scan_that_does_not_keep_up_loses_no_quality(bus):
    """What the inbox refuses is counted, and the bad news are told as soon as there is room."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    for number in range(30):
        feed.update([float(number)] * 3, number, 0.0)
    feed.fail("gone")
    assert feed.refused
    seen(bus)
    feed.age(0.1)
    assert seen(bus) == [(29.0, "gone")] * 3


def test_a_signal_that_a_block_writes_is_not_fed():
    bus = LocalBus(
        Store(
            [
                Signal("a", SignalType.FLOAT),
                Signal("b", SignalType.FLOAT, written_by="block"),
                Signal("c", SignalType.FLOAT),
            ],
            ManualClock(),
        )
    )
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([1.0, PointError("x"), 3.0], 10, 0.0)
    feed.fail("gone")
    assert [value for value, _ in seen(bus)] == [1.0, 0.0, 3.0]


def test_a_session_that_was_left_behind_shows_nothing_any_more(bus):
    """It did not end when it was told to, and still holds its feed; others read the points now."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.retired = True
    feed.update([7.0, 8.0, 9.0], 20, 1.0)
    assert seen(bus) == [(1.0, ""), (2.0, ""), (3.0, "")]
    feed.fail("of an old session")
    feed.end("gone")
    assert seen(bus) == [(1.0, "gone"), (2.0, "gone"), (3.0, "gone")]


def test_a_flawed_point_does_not_keep_the_others_from_going_stale(bus):
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, PointError("nan"), 3.0], 10, 0.0)
    feed.age(100.0)
    assert seen(bus) == [
        (1.0, "stale: not updated for 4 s"),
        (0.0, "nan"),
        (3.0, "stale: not updated for 4 s"),
    ]
    feed.update([4.0, 5.0, 6.0], 20, 101.0)
    assert seen(bus) == [(4.0, ""), (5.0, ""), (6.0, "")]


def test_what_a_device_has_taken_is_as_good_as_it_can_be_read(bus):
    """A point that is refused stays bad, though a command to it has been carried out."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, PointError("refused"), 3.0], 10, 0.0)
    assert feed.show("a", 7.0, 20)
    assert feed.show("b", 8.0, 20)
    assert not feed.show("other", 9.0, 20)
    assert seen(bus) == [(7.0, ""), (8.0, "refused"), (3.0, "")]


def test_a_plan_that_changes_makes_no_value_younger(bus):
    """Nor better: whoever reads the points from now on goes on from what is known of them."""
    before = Feed(bus, POINTS, 0.0, max_age=4.0)
    before.update([1.0, PointError("refused"), 3.0], 10, 0.0)
    after = Feed(bus, POINTS, 50.0, max_age=4.0)
    after.take_over(dict(before.state()))
    after.age(50.0)
    assert [reason for _, reason in seen(bus)] == [
        "stale: not updated for 4 s",
        "refused",
        "stale: not updated for 4 s",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (SignalType.FLOAT, None, "a value of type NoneType, where a number is expected"),
        (SignalType.FLOAT, "12", "a value of type str, where a number is expected"),
        (SignalType.FLOAT, True, "a value of type bool, where a number is expected"),
        (SignalType.FLOAT, math.nan, "nan, which is not a number that a signal holds"),
        (SignalType.FLOAT, -math.inf, "-inf, which is not a number that a signal holds"),
        (SignalType.FLOAT, 2**70, "a number of 71 bits, and a signal holds 64"),
        (SignalType.FLOAT, 10**5000, "a number of 16610 bits, and a signal holds 64"),
        (SignalType.INT, 2**63, "a number of 64 bits, and a signal holds 64"),
        (SignalType.INT, math.nan, "a value of type float, where a whole number is expected"),
        (SignalType.INT, 3.0, "a value of type float, where a whole number is expected"),
        (SignalType.BOOL, 1, "a value of type int, where true or false is expected"),
        (SignalType.STRING, b"x", "a value of type bytes, where a text is expected"),
        (SignalType.STRING, "x" * 70_000, "70000 characters, and a signal holds 65536"),
        (SignalType.FLOAT, ValueError("x"), "a value of type ValueError, where a number is expected"),
    ],
    ids=lambda value: repr(value)[:12] if type(value) is not int or value < 2**64 else "huge",
)
def test_what_a_signal_cannot_hold_makes_its_point_bad_alone(kind, value, said):
    """Its type is named; the others are good, and all of them turn bad when the session ends."""
    points = [Point("a", kind, "a"), Point("b", SignalType.FLOAT, "b")]
    bus = LocalBus(Store([Signal(point.signal, point.type) for point in points], ManualClock()))
    feed = Feed(bus, points, 0.0)
    feed.update([kind.python(), 1.0], 5, 0.0)
    feed.update([value, 2.0], 10, 1.0)
    bus.store.latch()
    bus.store.publish(1, 1)
    found = bus.status("a")
    assert (found.quality, found.reason) == (Quality.BAD, f"the driver gives {said}")
    assert found.code is ReasonCode.UNUSABLE
    assert bus.read("a").value == kind.python()
    assert bus.read("b")[:2] == (2.0, Quality.GOOD)
    feed.fail("gone")
    bus.store.latch()
    bus.store.publish(2, 2)
    assert [bus.status(point.signal) for point in points] == [bad("gone")] * 2


def bad(reason: str) -> QualityReason:
    return QualityReason(Quality.BAD, reason, ReasonCode.NOT_CONNECTED)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, 2.0], "the driver gives 2 values for 3 points"),
        ([1.0] * 4, "the driver gives 4 values for 3 points"),
        (None, "the driver gives a NoneType in place of values"),
        ("abc", "the driver gives a str in place of values"),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "the driver gives a dict in place of values"),
    ],
)
def test_values_of_nobody_knows_which_points_make_all_of_them_bad(bus, values, said):
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update(values, 20, 1.0)
    assert seen(bus) == [(1.0, said), (2.0, said), (3.0, said)]
    feed.update([4.0, 5.0, 6.0], 30, 2.0)
    assert seen(bus) == [(4.0, ""), (5.0, ""), (6.0, "")]


def test_whole_numbers_are_taken_for_numbers(bus):
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1, 2, 3], 10, 0.0)
    assert [(type(value), reason) for value, reason in seen(bus)] == [(float, "")] * 3


def test_a_driver_that_knows_another_time_has_values_that_turn_stale(bus):
    """Seconds since 1970 in place of those of the loop would keep a value young for ever."""
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 1.8e9)
    feed.age(1.0)
    feed.age(5.1)
    assert seen(bus)[0] == (1.0, "stale: not updated for 4 s")
    with pytest.raises(TypeError, match="nanoseconds since 1970"):
        feed.update([1.0, 2.0, 3.0], 1.8e9, 6.0)


class Full(LocalBus):
    """A bus that takes nothing while it is told to, as long as something waits in its inbox."""

    @property
    def full(self) -> bool:
        """Whether it takes nothing."""
        return self.store.inbox._limit == 0

    @full.setter
    def full(self, full: bool) -> None:
        self.store.inbox._limit = 0 if full else 100


def full_bus() -> Full:
    return Full(Store([Signal(p.signal, SignalType.FLOAT) for p in POINTS], ManualClock()))


def test_a_point_that_turns_bad_while_the_bus_is_full_is_told_later():
    """A point that is refused is asked for again after half a minute only."""
    bus = full_bus()
    feed = Feed(bus, POINTS, 0.0, max_age=4.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    bus.full = True
    feed.update([4.0, PointError("refused"), 6.0], 20, 1.0)
    feed.age(1.1)
    assert seen(bus)[1] == (2.0, "")
    bus.full = False
    feed.age(1.2)
    assert seen(bus)[1] == (2.0, "refused")


class Silent(Driver):
    """A driver that hands over nothing by itself."""

    async def session(self, context):
        """Be nowhere."""


def test_what_ends_while_the_bus_is_full_is_told_by_whoever_reads_it_next():
    """A new session has planned its points anew before the bus has taken the bad news of the last one."""
    bus = full_bus()

    async def main() -> None:
        sessions = DriverSessions(Silent("d", POINTS), bus, lambda: 7)
        context = sessions.begin(None)
        first = context.feed(POINTS[:2])
        context.connected()
        first.update([1.0, 2.0], 10, context.now())
        context.feed(POINTS[2:]).update([3.0], 10, context.now())
        bus.full = True
        sessions.fail("gone")
        context = sessions.begin(None)
        context.feed(POINTS[1:])
        context.connected()
        bus.full = False
        sessions.tick()
        assert seen(bus) == [(1.0, "gone"), (2.0, "gone"), (3.0, "gone")]
        sessions.fail("gone again")

    asyncio.run(main())
    assert seen(bus) == [(1.0, "gone again"), (2.0, "gone again"), (3.0, "gone again")]


def test_every_signal_is_bad_in_the_end_whatever_the_driver_has_handed_over():
    """One feed has been given what its signal cannot hold; the others and `online` are told all the same."""
    signals = [Signal(p.signal, SignalType.FLOAT) for p in POINTS]
    bus = LocalBus(Store([*signals, Signal("online", SignalType.BOOL)], ManualClock()))

    async def main() -> None:
        sessions = DriverSessions(Silent("d", POINTS, online="online"), bus, lambda: 7)
        context = sessions.begin(None)
        feeds = [context.feed([point]) for point in POINTS]
        context.connected()
        for feed, value in zip(feeds, (None, 2.0, "x"), strict=True):
            feed.update([value], 10, context.now())
        sessions.fail("gone")

    asyncio.run(main())
    assert [reason for _, reason in seen(bus)] == ["gone"] * 3
    assert bus.read("online").value is False


def pushed(bus: LocalBus) -> Feed:
    feed = Feed(bus, POINTS, 0.0)
    for point, value in zip(POINTS, (1.0, 2.0, 3.0), strict=True):
        assert feed.put(point, value, source_time=5)
    return feed


def test_a_value_that_is_pushed_has_its_own_quality_and_time(bus):
    feed = pushed(bus)
    doubtful = QualityReason(Quality.UNCERTAIN, "the sensor warms up")
    assert feed.put(POINTS[1], 7.0, doubtful, source_time=11)
    seen(bus)
    assert bus.read("a") == (1.0, Quality.GOOD, 5)
    assert bus.read("b") == (7.0, Quality.UNCERTAIN, 11)
    assert bus.status("b") == doubtful
    feed.put(POINTS[1], 8.0, doubtful, source_time=12)
    seen(bus)
    assert bus.read("b") == (8.0, Quality.UNCERTAIN, 12), "another value of the same quality"
    feed.put(POINTS[1], 8.0, source_time=13)
    assert seen(bus)[1] == (8.0, "")


def test_a_value_that_is_bad_is_shown_and_none_holds_the_last_one(bus):
    feed = pushed(bus)
    feed.put(POINTS[0], 9.0, bad("out of range"))
    feed.put(POINTS[1], None, bad("the wire is broken"))
    feed.put(POINTS[2], PointError("no such channel"))
    assert seen(bus) == [(9.0, "out of range"), (2.0, "the wire is broken"), (3.0, "no such channel")]
    feed.put(POINTS[1], "2", source_time=9)
    assert seen(bus)[1] == (2.0, "the driver gives a value of type str, where a number is expected")


def test_no_value_is_never_a_good_one(bus):
    """A peer that has a point and no value of it has not answered for it."""
    said = "the driver gives a value of type NoneType, where a number is expected"
    feed = Feed(bus, POINTS, 0.0)
    feed.put(POINTS[0], None)
    feed.put_all([PointUpdate(POINTS[1], None), PointUpdate(POINTS[2], None, bad("it warms up"))])
    assert seen(bus) == [(0.0, said), (0.0, said), (0.0, "it warms up")]
    assert bus.status("a") == QualityReason(Quality.BAD, said, ReasonCode.UNUSABLE)
    assert not feed.answered
    for point in POINTS:
        feed.put(point, 4.0)
    assert feed.answered
    feed.put(POINTS[0], None)
    assert seen(bus) == [(4.0, said), (4.0, ""), (4.0, "")]


def test_a_point_without_a_first_value_is_bad_also_when_its_peer_only_doubts_it(bus):
    doubtful = QualityReason(Quality.UNCERTAIN, "it warms up")
    feed = Feed(bus, POINTS, 0.0)
    feed.put(POINTS[0], None, doubtful)
    feed.put(POINTS[1], 2.0)
    feed.put(POINTS[1], None, doubtful)
    assert seen(bus)[:2] == [(0.0, "there is no first value: it warms up"), (2.0, "it warms up")]
    assert [bus.status(name).quality for name in "ab"] == [Quality.BAD, Quality.UNCERTAIN]
    after = Feed(bus, POINTS, 1.0)
    after.take_over(dict(feed.state()))
    for point in POINTS[:2]:
        after.put(point, None, doubtful)
    seen(bus)
    assert [bus.status(name).quality for name in "ab"] == [Quality.BAD, Quality.UNCERTAIN]


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.UNCERTAIN])
def test_what_a_driver_gives_no_reason_for_has_one_all_the_same(bus, quality):
    feed = pushed(bus)
    feed.put(POINTS[0], 9.0, QualityReason(quality, code=ReasonCode.STALE))
    feed.put(POINTS[1], 9.0, QualityReason(Quality.GOOD, code=ReasonCode.NONE))
    assert seen(bus)[:2] == [(9.0, "the driver gives no reason"), (9.0, "")]
    assert bus.status("a").code is ReasonCode.STALE


def test_several_are_pushed_each_as_it_is(bus):
    feed = pushed(bus)
    taken = feed.put_all(
        [
            PointUpdate(POINTS[2], 6.0, GOOD, 20),
            PointUpdate(POINTS[0], None, bad("gone")),
            PointUpdate(POINTS[1], 4.0, source_time=21),
        ]
    )
    assert taken == 3
    assert bus.store.inbox.waiting == 6, "three before, and three together"
    assert len(bus.store.inbox) == 4
    assert seen(bus) == [(1.0, "gone"), (4.0, ""), (6.0, "")]
    assert (bus.read("c").time, bus.read("b").time) == (20, 21)


def test_what_is_pushed_on_change_does_not_go_stale_by_itself(bus):
    """A tank that stands still is as good after a day as after a second."""
    feed = pushed(bus)
    feed.age(86_400.0)
    assert seen(bus) == [(1.0, ""), (2.0, ""), (3.0, "")]


def test_a_driver_may_say_how_old_what_it_pushes_may_be(bus):
    """Each point has its own age."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        feed = Feed(bus, POINTS, loop.time(), max_age=10.0)
        feed.update([1.0, 2.0, 3.0], 5, loop.time())
        await asyncio.sleep(8.0)
        feed.put(POINTS[1], 4.0)
        await asyncio.sleep(4.0)
        feed.age(loop.time())
        stale = "stale: not updated for 10 s"
        assert seen(bus) == [(1.0, stale), (4.0, ""), (3.0, stale)]
        await asyncio.sleep(8.0)
        feed.age(loop.time())
        assert seen(bus) == [(1.0, stale), (4.0, stale), (3.0, stale)]

    run_virtual(main())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (Point("x", SignalType.FLOAT, "x9"), 1.0),
            "'x' is not a point of this feed, which has 'a', 'b', 'c'",
        ),
        (("b", 1.0), "'b' is not a point of this feed, which has 'a', 'b', 'c'"),
        ((POINTS[0], 1.0, "good"), "the status of 'a' is a QualityReason, not 'good'"),
        ((POINTS[0], 1.0, GOOD, 1.5), "the time of 'a' is an int, nanoseconds since 1970, not 1.5"),
        ((POINTS[0], 1.0, GOOD, True), "the time of 'a' is an int, nanoseconds since 1970, not True"),
    ],
)
def test_a_defect_of_the_driver_is_an_error(bus, arguments, said):
    with pytest.raises((TypeError, ValueError), match=said):
        pushed(bus).put(*arguments)


@pytest.mark.parametrize(
    ("time", "shown"), [(-5, "-5"), (2**63, "9223372036854775808"), (2**70, "a number of 71 bits")]
)
def test_a_time_that_cannot_be_makes_its_point_bad(bus, time, shown):
    """It is shown with the time of its arrival, and the others are as they were."""
    feed = pushed(bus)
    feed.put(POINTS[1], 7.0, source_time=time)
    said = f"the driver gives {shown} as the time of 'b', which is not within 0 and 2^63 ns since 1970"
    assert seen(bus) == [(1.0, ""), (2.0, said), (3.0, "")]
    assert bus.status("b").code is ReasonCode.UNUSABLE
    assert 0 <= bus.read("b").time < 2**63
    feed.put(POINTS[1], 7.0, source_time=2**63 - 1)
    assert seen(bus)[1] == (7.0, "")
    feed.update([4.0, 5.0, 6.0], time, 1.0)
    assert [value for value, _ in seen(bus)] == [1.0, 7.0, 3.0]
    assert [bus.read(p.signal).quality for p in POINTS] == [Quality.BAD] * 3
    feed.update([4.0, 5.0, 6.0], 0, 2.0)
    assert seen(bus) == [(4.0, ""), (5.0, ""), (6.0, "")]


def test_a_feed_has_answered_when_each_of_its_points_was_heard_of(bus):
    feed = Feed(bus, POINTS, 0.0)
    feed.put(POINTS[0], 1.0)
    feed.put(POINTS[1], PointError("refused"))
    assert not feed.answered
    feed.withdraw(POINTS[2:], "off")
    assert feed.answered


def test_bad_news_of_one_point_are_told_when_the_bus_has_room():
    bus = full_bus()
    feed = pushed(bus)
    bus.full = True
    feed.withdraw([POINTS[1]], "unplugged")
    feed.age(0.1)
    assert seen(bus)[1] == (2.0, "")
    bus.full = False
    feed.age(0.2)
    assert seen(bus)[1] == (2.0, "unplugged")


@pytest.mark.parametrize("kind", list(SignalType))
def test_what_waits_for_the_scan_is_not_moved_onto_another_type(kind):
    """A reload comes between: its signal of that name has another type, and keeps what it begins with."""
    store = Store([Signal(p.signal, SignalType.FLOAT) for p in POINTS], ManualClock())
    bus, on_the_way = LocalBus(store), []
    bus.enqueue = on_the_way.append
    Feed(bus, POINTS, 0.0).update([4.5, 5.5, 6.5], 10, 0.0)
    store.rearrange(Layout([Signal("b", SignalType.FLOAT), Signal("a", kind)]), bad("not computed yet"))
    for entry in on_the_way:
        store.enqueue(entry)
    store.latch()
    store.publish(1, 1)
    assert bus.read("b").value == 5.5
    expected = 4.5 if kind is SignalType.FLOAT else kind.python()
    assert (type(bus.read("a").value), bus.read("a").value) == (kind.python, expected)


def test_of_a_point_that_occurs_twice_the_last_value_is_shown(bus):
    feed = pushed(bus)
    assert (
        feed.put_all([PointUpdate(POINTS[0], 4.0), PointUpdate(POINTS[1], 5.0), PointUpdate(POINTS[0], 6.0)])
        == 3
    )
    assert seen(bus) == [(6.0, ""), (5.0, ""), (3.0, "")]


def test_bad_news_of_several_points_are_told_when_the_bus_has_room():
    bus = full_bus()
    feed = pushed(bus)
    bus.full = True
    feed.put_all(PointUpdate(point, PointError("refused")) for point in POINTS[:2])
    seen(bus)
    bus.full = False
    feed.age(0.1)
    assert seen(bus) == [(1.0, "refused"), (2.0, "refused"), (3.0, "")]


def test_what_is_put_is_seen_by_the_next_update_of_all(bus):
    """A value that is not good is good again with it; nothing is left of what was put."""
    feed = pushed(bus)
    feed.put(POINTS[1], 2.5, bad("broken"))
    feed.update([7.0, 8.0, 9.0], 30, 1.0)
    assert seen(bus) == [(7.0, ""), (8.0, ""), (9.0, "")]
    feed.update([7.5, 8.5, 9.5], 40, 2.0)
    assert seen(bus) == [(7.5, ""), (8.5, ""), (9.5, "")]


def test_what_was_told_late_is_told_once():
    bus = full_bus()
    feed = pushed(bus)
    bus.full = True
    feed.withdraw([POINTS[1]], "unplugged")
    assert feed.owes
    seen(bus)
    bus.full = False
    feed.age(0.2)
    assert not feed.owes
    seen(bus)
    feed.age(0.3)
    assert bus.waiting == 0


def test_the_same_good_value_again_has_its_new_time(bus):
    feed = pushed(bus)
    feed.put(POINTS[0], 1.0, source_time=99)
    seen(bus)
    assert bus.read("a") == (1.0, Quality.GOOD, 99)


def test_bad_news_of_a_feed_that_was_given_back_are_told_all_the_same():
    """Its points are planned anew before the bus had room for what was known of them."""
    bus = full_bus()

    async def main() -> None:
        sessions = DriverSessions(Silent("d", POINTS), bus, lambda: 7)
        seen(bus)
        context = sessions.begin(None)
        context.connected()
        feed = context.feed(POINTS[:1])
        feed.update([1.0], 10, context.now())
        bus.full = True
        feed.update([PointError("refused")], 20, context.now())
        context.release(feed)
        seen(bus)
        bus.full = False
        sessions.tick()
        assert seen(bus)[0] == (1.0, "refused")

    asyncio.run(main())


class Leftover(Driver):
    """A driver whose session leaves something behind that goes on."""

    context = None

    async def session(self, context):
        """Serve, and end."""
        self.context, self.feed = context, context.feed(self.points)
        context.connected()
        self.feed.put(POINTS[0], 1.0)
        raise PetraError("the line is cut")


def test_a_session_that_has_ended_has_no_effect_before_the_next_one_begins():
    """A task that it left behind puts values, announces and takes commands: nothing of it is taken."""
    bus = full_bus()

    async def main() -> None:
        driver = Leftover("d", POINTS)
        sessions = DriverSessions(driver, bus, lambda: 7)
        with pytest.raises(PetraError, match="the line is cut"):
            await sessions.run(None)
        sessions.fail("the line is cut")
        assert not driver.feed.put(POINTS[0], 99.0)
        driver.feed.update([98.0] * 3, 10, 1.0)
        driver.feed.fail("of an old session")
        driver.context.announce(POINTS)
        driver.context.withdraw(POINTS, "of an old session")
        driver.context.connected()
        assert not sessions.serves

    asyncio.run(main())
    assert seen(bus) == [(1.0, "the line is cut"), (0.0, "the line is cut"), (0.0, "the line is cut")]


@pytest.mark.parametrize("alone", [True, False], ids=["put", "update"])
def test_a_good_value_that_the_bus_has_refused_is_told_later(alone):
    """A peer that sends changes alone does not send it again."""
    bus = full_bus()

    async def main() -> None:
        feed = Feed(bus, POINTS, 0.0)
        feed.update([1.0, 2.0, 3.0], 10, 0.0)
        bus.full = True
        if alone:
            feed.put(POINTS[1], 5.0, source_time=20)
        else:
            feed.update([1.0, 5.0, 3.0], 20, 1.0)
        assert seen(bus)[1] == (2.0, "")
        bus.full = False
        feed.age(1.0)
        assert seen(bus)[1] == (5.0, "")
        assert bus.read("b").time == 20

    asyncio.run(main())
