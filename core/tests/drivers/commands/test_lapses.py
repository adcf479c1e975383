"""When a device is given the safe value of a bad signal: not before its time, not after it, and once said."""

from __future__ import annotations

import attrs
import pytest

from petra.drivers.commands.lapses import Instead, Lapses
from petra.signals import OnBad, Signal, SignalType

PUMP = Signal("pump", SignalType.BOOL, safe=False, safe_after=3.0, on_bad=OnBad.SAFE)


def test_it_is_due_when_the_time_has_passed_and_not_before():
    mine = Lapses({})
    assert mine.instead(PUMP, "gone", 100.0) is None
    assert mine.instead(PUMP, "gone", 102.999) is None
    assert mine.due(102.999) == []
    assert mine.next_at() == 103.0
    assert mine.due(103.0) == ["pump"]
    assert mine.due(103.0) == [], "each is due once"
    assert mine.instead(PUMP, "gone", 103.0) == Instead(False, safe=True)


def test_what_was_good_in_between_begins_again():
    mine = Lapses({})
    mine.instead(PUMP, "gone", 100.0)
    mine.over(PUMP, True)
    mine.instead(PUMP, "gone", 102.0)
    assert mine.due(104.5) == []
    assert mine.due(105.1) == ["pump"]


def test_a_reload_does_not_begin_it_again():
    first = Lapses({})
    first.instead(PUMP, "gone", 100.0)
    second = Lapses(first.handed_over())
    assert second.instead(PUMP, "gone", 102.0) is None
    assert second.instead(PUMP, "gone", 103.0) == Instead(False, safe=True)


@pytest.mark.parametrize("after", [1.0, 6.0])
def test_a_reload_may_change_how_long_it_takes(after):
    """Longer: the old time comes too early. Shorter: the old one comes too late."""
    mine = Lapses({})
    mine.instead(PUMP, "gone", 100.0)
    changed = attrs.evolve(PUMP, safe_after=after)
    assert mine.instead(changed, "gone", 100.5) is None
    assert mine.next_at() == 100.0 + after
    assert mine.due(100.0 + after) == ["pump"]
    assert mine.instead(changed, "gone", 110.0) == Instead(False, safe=True)


@pytest.mark.parametrize(
    ("on_bad", "safe", "expected"),
    [(OnBad.HOLD, 1.0, None), (OnBad.SAFE, None, None), (OnBad.LAST_GOOD, 1.0, Instead(7.0, safe=False))],
)
def test_what_else_a_signal_may_want(on_bad, safe, expected):
    signal = Signal("speed", SignalType.FLOAT, safe=safe, safe_after=0.0, on_bad=on_bad)
    mine = Lapses({})
    if on_bad is OnBad.LAST_GOOD:
        assert mine.instead(signal, "gone", 100.0) is None
        mine.over(signal, 7.0)
    assert mine.instead(signal, "gone", 100.0) == expected


def test_that_a_device_is_given_the_safe_value_is_said_once_and_that_it_is_over(caplog):
    caplog.set_level("INFO", "petra.drivers")
    mine = Lapses({})
    for now in (100.0, 103.0, 104.0, 105.0):
        mine.instead(PUMP, "gone", now)
    mine.over(PUMP, True)
    mine.over(PUMP, True)
    assert [(each.levelname, "pump" in each.message) for each in caplog.records] == [
        ("WARNING", True),
        ("INFO", True),
    ]
