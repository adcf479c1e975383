"""From readings to signals: quality with reason, values held, nothing green while dead."""

from __future__ import annotations

import pytest

from petra.drivers import Point, PointError
from petra.drivers.feed import Feed
from petra.signals import Bus, Quality, Signal, SignalType
from petra.testing import ManualClock

POINTS = [Point(name, SignalType.FLOAT, name, period=1.0) for name in ("a", "b", "c")]


@pytest.fixture
def bus():
    return Bus([Signal(p.signal, SignalType.FLOAT) for p in POINTS], ManualClock(), inbox_limit=20)


def seen(bus: Bus) -> list[tuple[float, str]]:
    bus.latch()
    bus.publish(1, 1)
    return [(bus.read(p.signal).value, bus.status(p.signal).reason) for p in POINTS]


def test_a_point_that_fails_is_bad_alone_and_holds_its_value(bus):
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([4.0, PointError("no such address"), 6.0], 20, 1.0)
    assert seen(bus) == [(4.0, ""), (2.0, "no such address"), (6.0, "")]
    feed.update([7.0, 8.0, 9.0], 30, 2.0)
    assert seen(bus) == [(7.0, ""), (8.0, ""), (9.0, "")]
    assert bus.read("b").time == 30


def test_what_was_written_meanwhile_is_left_alone(bus):
    """A reading that began before a command is older than what the command wrote."""
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([4.0, 5.0, 6.0], 20, 1.0, frozenset({1}))
    assert seen(bus) == [(4.0, ""), (2.0, ""), (6.0, "")]


def test_the_end_of_a_session_makes_all_bad_and_holds_what_was_read_last(bus):
    """Also what the scan has not yet taken from the inbox."""
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.fail("gone")
    assert seen(bus) == [(1.0, "gone"), (2.0, "gone"), (3.0, "gone")]
    assert bus.read("a").quality is Quality.BAD
    feed.update([1.0, 2.0, 3.0], 20, 1.0)
    assert seen(bus) == [(1.0, ""), (2.0, ""), (3.0, "")]


def test_what_is_not_updated_turns_stale(bus):
    feed = Feed(bus, POINTS, 0.0)
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
    feed = Feed(bus, POINTS, 0.0)
    for number in range(30):
        feed.update([float(number)] * 3, number, 0.0)
    feed.fail("gone")
    assert feed.refused
    seen(bus)
    feed.age(0.1)
    assert seen(bus) == [(29.0, "gone")] * 3


def test_a_signal_that_a_block_writes_is_not_fed():
    bus = Bus(
        [
            Signal("a", SignalType.FLOAT),
            Signal("b", SignalType.FLOAT, written_by="block"),
            Signal("c", SignalType.FLOAT),
        ],
        ManualClock(),
    )
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.update([1.0, PointError("x"), 3.0], 10, 0.0)
    feed.fail("gone")
    assert [value for value, _ in seen(bus)] == [1.0, 0.0, 3.0]


def test_a_session_that_was_left_behind_shows_nothing_any_more(bus):
    """It did not end when it was told to, and still holds its feed; others read the points now."""
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, 2.0, 3.0], 10, 0.0)
    feed.retired = True
    feed.update([7.0, 8.0, 9.0], 20, 1.0)
    assert seen(bus) == [(1.0, ""), (2.0, ""), (3.0, "")]
    feed.fail("gone")
    assert seen(bus) == [(1.0, "gone"), (2.0, "gone"), (3.0, "gone")]


def test_a_flawed_point_does_not_keep_the_others_from_going_stale(bus):
    feed = Feed(bus, POINTS, 0.0)
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
    feed = Feed(bus, POINTS, 0.0)
    feed.update([1.0, PointError("refused"), 3.0], 10, 0.0)
    assert feed.show("a", 7.0, 20)
    assert feed.show("b", 8.0, 20)
    assert not feed.show("other", 9.0, 20)
    assert seen(bus) == [(7.0, ""), (8.0, "refused"), (3.0, "")]


def test_a_plan_that_changes_makes_no_value_younger(bus):
    """Nor better: whoever reads the points from now on goes on from what is known of them."""
    before = Feed(bus, POINTS, 0.0)
    before.update([1.0, PointError("refused"), 3.0], 10, 0.0)
    after = Feed(bus, POINTS, 50.0)
    after.take_over(dict(before.state()))
    after.age(50.0)
    assert [reason for _, reason in seen(bus)] == [
        "stale: not updated for 4 s",
        "refused",
        "stale: not updated for 4 s",
    ]
