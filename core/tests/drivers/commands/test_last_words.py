"""What is written last: at a stop, and when a reload gives a point up; and what is handed over."""

from __future__ import annotations

from typing import Any

from petra.drivers import Direction, Outcome, Point
from petra.signals import Layout, OnBad, Quality, QualityReason, Signal, SignalType

BAD = QualityReason(Quality.BAD, "no contact")
FLOAT = SignalType.FLOAT


def output(name: str = "out", **more: Any) -> Signal:
    return Signal(name, FLOAT, written_by="block", commanded=True, **more)


def written(name: str = "out", address: str = "1", **more: Any) -> Point:
    return Point(name, FLOAT, address, Direction.WRITE, **more)


def test_when_the_scan_stops_safe_values_are_written_once_more_as_the_last_word(plant):
    """Also those that the device has, and to a device that is given them again after it was away."""

    @plant(output(safe=1.5), output("free"), points=[written(), written("free", "2")])
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=1.5, free=4.0)
        assert it.sent() == [1.5, 4.0]
        it.store.show_safe("a scan hangs")
        await it.act()
        (last,) = it.take()
        assert (last.value, last.last_word) == (1.5, True)
        assert it.deliveries.ended_last_words() == []
        last.confirmed()
        await it.act(5.0)
        assert it.deliveries.ended_last_words() == [last.command]
        assert it.deliveries.ended_last_words() == []
        assert it.sent() == []
        assert it.deliveries.undelivered() == []


def test_a_last_word_that_could_not_be_written_is_said(plant):
    @plant(output(safe=1.5), output("free"), points=[written(), written("free", "2")])
    async def _(it: Any) -> None:
        await it.scan(out=5.0, free=4.0)
        assert not it.deliveries.lacks_session
        it.store.show_safe("the engine stops")
        await it.act()
        assert it.deliveries.lacks_session
        (lost,) = it.deliveries.undelivered()
        assert (lost.signal, lost.value, lost.outcome) == ("out", 1.5, Outcome.TIMED_OUT)
        assert lost.reason == "there was no session to write it in"
        assert lost in it.ledger.commands()


def test_a_last_word_that_the_device_refuses_is_tried_again_and_counts_as_not_written(plant):
    @plant(output(safe=1.5))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0)
        it.sent()
        it.store.show_safe("the engine stops")
        await it.act()
        it.take()[0].rejected("it starts up", temporary=True)
        await it.act()
        assert it.deliveries.tries_on
        assert [each.value for each in it.deliveries.undelivered()] == [1.5]
        await it.act(0.02)
        assert it.sent() == [1.5]
        await it.act()
        assert not it.deliveries.tries_on
        assert it.deliveries.undelivered() == []


def test_a_safe_value_that_a_reload_has_changed_since_is_not_taken_for_written(plant):
    """The signal was bad, its device had the safe value of that time, and is away at the end."""

    @plant(output(safe=1.5, safe_after=0.0, on_bad=OnBad.SAFE))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(BAD, out=5.0)
        assert it.sent() == [1.5]
        it.sessions.fail("gone")
        it.store.rearrange(Layout([output(safe=2.5, safe_after=0.0, on_bad=OnBad.SAFE)]))
        it.store.show_safe("the engine stops")
        await it.act()
        assert [each.value for each in it.deliveries.undelivered()] == [2.5]


def test_a_point_that_a_reload_gives_up_has_its_safe_value_as_the_last_word(plant):
    point = written()

    @plant(output(safe=1.5), output("free"), points=[point, written("free", "2")])
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0, free=4.0)
        it.sent()
        await it.scan(out=6.0)
        it.deliveries.give_up(point)
        assert not it.deliveries.writes(point)
        (last,) = it.take()
        assert (last.value, last.last_word) == (1.5, True), "what waited is superseded"
        assert it.deliveries.parting
        await it.scan(out=7.0, free=8.0)
        assert it.sent() == [8.0], "nothing follows the last word"
        last.timed_out("no answer", temporary=True)
        await it.act()
        assert [each.value for each in it.deliveries.parted()] == [1.5]
        await it.act(0.02)
        assert it.sent() == [1.5]
        await it.act()
        assert (it.deliveries.parting, it.deliveries.parted()) == (False, [])


def test_what_the_device_was_given_is_handed_over_and_not_written_again_where_it_is_sure(plant):
    level, other = Point("level", FLOAT, "1", Direction.WRITE), Point("other", FLOAT, "2", Direction.WRITE)
    signals = [Signal(name, FLOAT, commanded=True) for name in ("level", "other")]

    @plant(*signals, points=[level, other])
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan()
        it.put(level, 9.0), it.put(other, 8.0)
        first, second = it.take()
        first.confirmed()
        second.timed_out("no answer; it may have been carried out")
        await it.act()
        assert it.deliveries.delivered() == {("level", "1", float): 9.0, ("other", "2", float): None}


def test_the_last_good_value_and_since_when_a_signal_is_bad_are_handed_over(plant):
    signals = [
        output("held", safe=1.0, on_bad=OnBad.LAST_GOOD),
        output("safe", safe=1.0, safe_after=60.0, on_bad=OnBad.SAFE),
    ]

    @plant(*signals)
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(held=5.0, safe=5.0)
        began = it.sessions.now()
        await it.scan(BAD, held=6.0, safe=6.0)
        found = it.deliveries.lapsed()
        assert (found["held"].last, found["safe"].since) == (5.0, began)


def test_what_a_reload_has_taken_away_is_not_missed_at_the_end(plant):
    @plant(output(safe=1.5))
    async def _(it: Any) -> None:
        await it.scan(out=5.0)
        it.store.rearrange(Layout([Signal("other", FLOAT)]))
        it.store.show_safe("the engine stops")
        assert it.deliveries.undelivered() == []
