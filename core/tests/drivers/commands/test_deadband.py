"""What a block computes moves all the time: what of it is a command, and that the last of it always is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra.clock import SystemClock
from petra.drivers import Limits, Origin, Outcome, Point
from petra.drivers.commands.delivery import Delivery
from petra.drivers.commands.ledger import Ledger
from petra.signals import SignalType


def output(last: float | None, deadband: float = 1.0, interval: float = 0.0) -> Delivery:
    limits = Limits(interval=interval, deadband=deadband)
    return Delivery(Point("sp", SignalType.FLOAT, "1", limits=limits), last)


@pytest.mark.parametrize(
    ("last", "value", "deadband", "needed"),
    [
        (None, 5.0, 1.0, True),
        (5.0, 5.0, 1.0, False),
        (5.0, 5.5, 1.0, False),
        (5.0, 4.5, 1.0, False),
        (5.0, 6.0, 1.0, True),
        (0.2, 0.3, 0.1, True),
        (0.3, 0.2, 0.1, True),
        (5.0, 5.998, 1.0, False),
        (5.0, 5.9995, 1.0, True),
        (5.0, 4.002, 1.0, False),
        (5.0, 4.0005, 1.0, True),
        (5.0, 5.000001, 0.0, True),
        (5, 6, 1.0, True),
        (False, True, 1.0, True),
        ("a", "b", 1.0, True),
        (1e300, -1e300, 1.0, True),
        (5.0, float("nan"), 1.0, True),
    ],
)
def test_a_change_within_the_deadband_is_not_written_at_once(last, value, deadband, needed):
    made = output(last, deadband)
    assert made.needs(value, 0.0, safe=False) is needed
    assert (made.held is not None) is (not needed and last != value)


def test_a_safe_value_is_written_however_near_it_is():
    assert output(5.0).needs(5.1, 0.0, safe=True)
    assert output(5.0).needs(5.0, 0.0, safe=True)


def test_what_has_settled_is_written_and_what_moves_is_not():
    made = output(5.0)
    assert [made.needs(5.0 + 0.1 * (n % 2), n * 0.1, safe=False) for n in range(100)] == [False] * 100
    assert not made.needs(5.1, 10.0, safe=False)
    assert not made.needs(5.1, 10.8, safe=False)
    assert made.needs(5.1, 10.9, safe=False)


def test_it_settles_for_as_long_as_the_interval_says():
    made = output(5.0, interval=30.0)
    assert [made.needs(5.1, now, safe=False) for now in (0.0, 1.0, 29.9, 30.0)] == [False, False, False, True]


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.TIMED_OUT])
def test_what_the_device_has_not_taken_has_no_deadband(outcome):
    """The last value was asked for, and the device holds another one."""
    made = output(100.3)
    made.sent = Ledger(SystemClock()).open("sp", 100.3, "pid", Origin.LOGIC)
    assert not made.needs(99.9, 0.0, safe=False)
    made.sent.end(outcome, 1, "no")
    assert made.needs(99.9, 0.0, safe=False)


@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=60), st.floats(0.0, 2.0))
def test_the_device_is_never_further_off_than_the_deadband_and_not_at_all_in_the_end(values, deadband):
    made = output(None, deadband)
    now = 0.0
    for value in values:
        now += 0.1
        if made.needs(value, now, safe=False):
            made.given = value
        assert abs(made.given - value) <= deadband
    for _ in range(15):
        now += 0.1
        if made.needs(values[-1], now, safe=False):
            made.given = values[-1]
    assert made.given == values[-1]
