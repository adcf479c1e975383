"""What of the program's values becomes a command, and when."""

from __future__ import annotations

from typing import Any

import pytest

from petra.drivers import Direction, Limits, Outcome, Point
from petra.drivers.commands.delivery import Delivery
from petra.signals import OnBad, Quality, QualityReason, Signal, SignalType, Value

BAD = QualityReason(Quality.BAD, "no contact")
FLOAT = SignalType.FLOAT


def output(name: str = "out", **more: Any) -> Signal:
    return Signal(name, FLOAT, written_by="block", commanded=True, **more)


def written(name: str = "out", address: str = "1", **more: Any) -> Point:
    return Point(name, FLOAT, address, Direction.WRITE, **more)


def test_a_value_is_written_when_it_changes_and_not_before_the_first_scan(plant):
    @plant(output())
    async def _(it: Any) -> None:
        await it.connect()
        assert it.sent() == []
        await it.scan()
        assert it.sent() == [0.0], "what a block computes is an order from the first scan on"
        await it.scan()
        await it.act(10.0)
        assert it.sent() == []
        await it.scan(out=5.0)
        assert it.sent() == [5.0]


def test_what_no_block_writes_is_no_order_until_a_command_has_given_it_a_value(plant):
    """The initial value of the document is none."""
    level = Point("level", FLOAT, "1", Direction.WRITE)

    @plant(Signal("level", FLOAT, 7.0, commanded=True), points=[level])
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan()
        assert it.sent() == []
        it.put(level, 9.0)
        assert it.sent() == [9.0]
        for _ in range(4):
            await it.scan()
        assert (it.bus.read("level").value, it.sent()) == (9.0, [])


def test_what_is_computed_is_written_once_more_when_the_device_is_back(plant):
    @plant(output())
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0)
        assert it.sent() == [5.0]
        it.sessions.fail("gone")
        await it.scan(out=6.0)
        await it.scan(out=7.0)
        await it.connect()
        assert it.sent() == [7.0]
        it.sessions.fail("gone")
        await it.connect()
        assert it.sent() == [7.0], "it may be another device by now"


def test_a_device_that_is_busy_is_asked_again_and_one_that_refuses_is_not_soon(plant):
    @plant(output(), output("other"), points=[written(), written("other", "2")])
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0, other=6.0)
        busy, refused = it.take()
        busy.rejected("it starts up", temporary=True)
        refused.rejected("it does not fit")
        tried: list[Value] = []
        for _ in range(10):
            await it.act(0.1)
            tried += it.sent()
        assert tried == [5.0]
        for _ in range(70):
            await it.act(1.0)
            tried += it.sent()
        assert tried == [5.0, 6.0], "a device may refuse for a while"


def test_a_bad_value_is_never_written_and_the_safe_one_after_its_time(plant):
    @plant(output(safe=1.5, safe_after=3.0, on_bad=OnBad.SAFE))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0)
        assert it.sent() == [5.0]
        await it.scan(BAD, out=6.0)
        assert it.deliveries.next_at() == it.sessions.now() + 3.0
        await it.act(2.9)
        assert it.sent() == []
        await it.act(0.2)
        (safe,) = it.take()
        assert (safe.value, safe.command.order.urgent, safe.last_word) == (1.5, True, False)
        safe.confirmed()
        await it.act(10.0)
        assert it.sent() == []
        await it.scan(out=6.0)
        assert it.sent() == [6.0]


@pytest.mark.parametrize(("on_bad", "again"), [(OnBad.HOLD, []), (OnBad.LAST_GOOD, [5.0])])
def test_a_device_that_comes_back_while_its_signal_is_bad_is_given_what_on_bad_says(plant, on_bad, again):
    @plant(output(safe=1.5, safe_after=0.0, on_bad=on_bad))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0)
        assert it.sent() == [5.0]
        await it.scan(BAD, out=6.0)
        assert it.sent() == []
        it.sessions.fail("gone")
        await it.connect()
        assert it.sent() == again


def test_a_value_beyond_its_limits_is_given_as_the_nearest_one_and_said_once(plant, caplog):
    @plant(output(maximum=9.0), points=[written(limits=Limits(minimum=2.0))])
    async def _(it: Any) -> None:
        await it.connect()
        for value in (12.0, 13.0, 1.0, 5.0):
            await it.scan(out=value)
        assert it.sent() == [5.0], "only the newest is sent"
        await it.scan(out=12.0)
        assert it.sent() == [9.0]
        await it.scan(out=0.0)
        assert it.sent() == [2.0]

    assert caplog.text.count("beyond its limits") == 1


def test_two_points_of_one_signal_are_both_written_and_each_has_its_own_fate(plant):
    points = [written(), written(address="2")]

    @plant(output(), points=points)
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(out=5.0)
        first, second = it.take()
        first.confirmed()
        second.rejected("it starts up", temporary=True)
        await it.act()
        assert it.sent() == []
        await it.act(0.3)
        (again,) = it.take()
        assert again.point is second.point
        again.confirmed()
        await it.act(1.0)
        assert it.sent() == []


def test_a_command_that_is_refused_does_not_hide_one_that_is_under_way(plant):
    """Until the first has ended, it is not known what the device will hold: the program waits."""
    point = Point("sp", SignalType.FLOAT, "1", Direction.WRITE, limits=Limits(maximum=9.0))

    @plant(Signal("sp", SignalType.FLOAT, fed=True, commanded=True), points=[point])
    async def test(made):
        await made.connect()
        await made.scan()
        made.sent()
        under_way = made.put(point, 5.0)
        (request,) = made.take()
        assert made.put(point, 10.0).outcome is Outcome.REJECTED
        await made.act()
        made.bus.serve("sp", 2.0)
        await made.scan()
        assert made.take() == [], "the person's command is under way"
        request.confirmed()
        assert under_way.outcome is Outcome.CONFIRMED


def test_only_those_are_heard_whose_commands_have_ended(plant, monkeypatch):
    """However many wait: at a stop each of thousands of outputs ends, and each end is acted on."""
    heard = []
    hear_own = Delivery.hear_own

    def counted(self: Delivery, now: float) -> Any:
        heard.append(self)
        return hear_own(self, now)

    monkeypatch.setattr(Delivery, "hear_own", counted)
    names = [f"o{i}" for i in range(200)]

    @plant(*(Signal(name, SignalType.FLOAT, written_by="block") for name in names))
    async def _(it: Any) -> None:
        await it.connect()
        await it.scan(**dict.fromkeys(names, 1.0))
        for request in it.take():
            request.confirmed()
            it.deliveries.step()
        assert len(heard) == len(set(heard)) == len(names)
