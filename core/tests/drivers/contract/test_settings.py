"""What every point of every protocol is configured with, and what it tells the checker of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from attrs import field, frozen

from petra.drivers import Direction, Limits, PointSettings, scaling, usable_scale
from petra.settings import SignalUse
from petra.signals import SignalType


@frozen(kw_only=True)
class Channel(PointSettings):
    """A point of a protocol that knows its type."""

    type: SignalType = SignalType.FLOAT
    scale: float = field(default=1.0, validator=usable_scale)

    @property
    def holds(self) -> SignalType:
        """What its signal has to hold."""
        return self.type


def channel(**more: Any) -> Channel:
    return Channel(signal="s", **more)


def test_a_point_is_read_and_read_back_and_unlimited_unless_it_says_otherwise():
    made = channel()
    assert made.direction is Direction.READ
    assert made.verify is True
    assert made.settle_ms == 0.0
    assert made.limits == Limits(None, None, 0.0, 0, 0.0)
    assert made.signal_names == ("s",)


def test_limits_are_what_was_configured_in_seconds():
    made = channel(minimum=1.0, maximum=2.0, write_interval_ms=1_500.0, writes_per_day=7, write_deadband=0.25)
    assert made.limits == Limits(1.0, 2.0, 1.5, 7, 0.25)


@pytest.mark.parametrize(
    ("more", "deadband"),
    [
        ({}, 0.0),
        ({"minimum": 0.0}, 0.0),
        ({"maximum": 100.0}, 0.0),
        ({"minimum": 0.0, "maximum": 100.0}, 0.1),
        ({"minimum": -50.0, "maximum": 50.0}, 0.1),
        ({"minimum": 100.0, "maximum": 0.0}, 0.0),
        ({"minimum": 0.0, "maximum": 100.0, "write_deadband": 0.0}, 0.0),
        ({"minimum": 0.0, "maximum": 100.0, "type": SignalType.INT}, 0.0),
    ],
)
def test_the_usual_deadband_of_a_float_is_a_thousandth_of_its_range(more, deadband):
    assert channel(**more).limits.deadband == pytest.approx(deadband)


@pytest.mark.parametrize(
    ("direction", "use", "looks"),
    [
        (Direction.READ, SignalUse.WRITES, False),
        (Direction.WRITE, SignalUse.READS, True),
        (Direction.BOTH, SignalUse.EITHER, True),
    ],
)
def test_it_says_what_it_does_with_its_signal(direction, use, looks):
    """What is written is checked against the limits before anything runs."""
    (used,) = channel(direction=direction, maximum=5.0).signals_used()
    assert (used.field, used.name, used.use, used.type) == ("signal", "s", use, SignalType.FLOAT)
    assert (used.refuses is not None) is looks
    if used.refuses is not None:
        assert used.refuses(5.0) == ""
        assert "more than 5" in used.refuses(5.5)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        ({"direction": Direction.WRITE, "minimum": 1.0, "maximum": 1.0}, []),
        (
            {"direction": Direction.WRITE, "minimum": 2.0, "maximum": 1.0},
            [("minimum", "minimum 2 is above maximum 1")],
        ),
        (
            {"minimum": 0.0, "write_deadband": 0.0},
            [
                ("minimum", "minimum bounds what is written, and this point is only read"),
                ("write_deadband", "write_deadband bounds what is written, and this point is only read"),
            ],
        ),
        (
            {"direction": Direction.BOTH, "write_deadband": 1.0, "type": SignalType.BOOL},
            [("write_deadband", "only numbers have a deadband, and this is a bool")],
        ),
        (
            {"direction": Direction.WRITE, "write_deadband": 1.0, "type": SignalType.STRING},
            [("write_deadband", "only numbers have a deadband, and this is a string")],
        ),
        ({"direction": Direction.BOTH, "write_deadband": 0.0, "type": SignalType.BOOL}, []),
        ({"direction": Direction.BOTH, "write_deadband": 1.0, "type": SignalType.INT}, []),
    ],
)
def test_what_its_fields_contradict_each_other_in_is_said(more, said):
    assert [(flaw.path[0], flaw.message) for flaw in channel(**more).flaws()] == said


@pytest.mark.parametrize(
    "more",
    [
        {"signal": "a b"},
        {"signal": ""},
        {"signal": "x" * 201},
        {"poll_ms": 0.0},
        {"poll_ms": 86_400_001.0},
        {"write_interval_ms": -1.0},
        {"write_interval_ms": 86_400_001.0},
        {"write_deadband": -0.1},
        {"writes_per_day": -1},
        {"writes_per_day": 10_000_001},
        {"settle_ms": -1.0},
        {"settle_ms": 600_001.0},
    ],
)
def test_what_is_out_of_bounds_is_refused(more):
    with pytest.raises(ValueError, match=next(iter(more))):
        Channel(**{"signal": "s", **more})


def test_the_bounds_themselves_are_allowed():
    channel(
        poll_ms=86_400_000.0, write_interval_ms=86_400_000.0, writes_per_day=10_000_000, settle_ms=600_000.0
    )
    channel(poll_ms=0.001, write_interval_ms=0.0, writes_per_day=0, settle_ms=0.0, write_deadband=0.0)


@pytest.mark.parametrize("scale", [0.0, 1e-101, -1e-101, 1e101, -1e101])
def test_a_scale_that_leaves_nothing_of_a_value_is_refused(scale):
    with pytest.raises(ValueError, match="leaves nothing of the value"):
        channel(scale=scale)


@pytest.mark.parametrize("scale", [1e-100, -1e-100, 1e100, -1.0, 0.1])
def test_a_scale_may_be_small_or_negative(scale):
    assert channel(scale=scale).scale == scale


@pytest.mark.parametrize(
    ("scale", "offset", "raw", "value"),
    [
        (0.1, 0.0, 848, 84.8),
        (0.01, 0.0, 8489, 84.89),
        (0.001, -40.0, 1234, -38.766),
        (-0.1, 0.0, 848, -84.8),
        (0.3, 0.0, 10, 3.0),
        (1.0, 0.5, 7, 7.5),
        (2.5, 1.0, 2, 6.0),
        (-2.0, 1.0, 2, -3.0),
    ],
)
def test_a_value_is_scaled_as_a_person_would(scale, offset, raw, value):
    """A tenth of 848 is 84.8, and not 84.80000000000001."""
    assert scaling(scale, offset)(raw) == value


LIMITED = Limits(minimum=0.0, maximum=10.0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, ""),
        (10.0, ""),
        (-0.001, "-0.001 is less than 0, the least that is allowed"),
        (10.001, "10.001 is more than 10, the most that is allowed"),
        (math.nan, "nan is "),
        (-math.inf, "-inf is "),
        (True, ""),
        ("11", ""),
    ],
)
def test_limits_refuse_what_is_beyond_them(value, said):
    assert LIMITED.refusal(value).startswith(said)
    assert bool(LIMITED.refusal(value)) is bool(said)


def test_without_limits_every_number_is_allowed():
    assert Limits().refusal(-1e300) == Limits().refusal(1e300) == ""
    assert Limits(minimum=0.0).refusal(1e300) == Limits(maximum=0.0).refusal(-1e300) == ""


@pytest.mark.parametrize(
    ("direction", "reads", "writes"),
    [(Direction.READ, True, False), (Direction.WRITE, False, True), (Direction.BOTH, True, True)],
)
def test_a_direction_reads_writes_or_does_both(direction, reads, writes):
    assert (direction.reads, direction.writes) == (reads, writes)
