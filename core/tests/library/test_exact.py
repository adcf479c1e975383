"""Whole numbers are exact to the last of their 64 bits, and saturate."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.library import plugin
from petra.scan import Bench
from petra.signals import INT_MAX, INT_MIN

BLOCKS = {offer.name: offer.thing for offer in Catalog.of(plugin).offers()}
BIG = 2**53 + 1  # the first whole number that no float is
HUGE = 2**62 + 1


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("ADD", {"a": BIG, "b": 2}, BIG + 2),
        ("ADD", {"a": HUGE, "b": HUGE}, INT_MAX),
        ("ADD", {"a": -HUGE, "b": -HUGE}, INT_MIN),
        ("ADD", {"in1": BIG, "in2": HUGE, "in3": -HUGE}, BIG),
        ("SUB", {"a": BIG, "b": -2}, BIG + 2),
        ("SUB", {"a": INT_MIN, "b": 1}, INT_MIN),
        ("MUL", {"a": BIG, "b": 3}, BIG * 3),
        ("MUL", {"a": HUGE, "b": -3}, INT_MIN),
        ("DIV", {"a": BIG, "b": 1}, BIG),
        ("DIV", {"a": -BIG, "b": 1}, -BIG),
        ("DIV", {"a": BIG, "b": -1}, -BIG),
        ("DIV", {"a": -BIG, "b": -1}, BIG),
        ("DIV", {"a": INT_MIN, "b": -1}, INT_MAX),
        ("DIV", {"a": HUGE, "b": 3}, HUGE // 3),
        ("DIV", {"a": -7, "b": 2}, -3),
        ("DIV", {"a": 7, "b": -2}, -3),
        ("DIV", {"a": -7, "b": -2}, 3),
        ("DIV", {"a": 0, "b": -2}, 0),
        ("MOD", {"a": BIG, "b": HUGE}, BIG),
        ("MOD", {"a": HUGE, "b": 1_000}, HUGE % 1_000),
        ("ABS", {"input": -BIG}, BIG),
        ("ABS", {"input": INT_MIN}, INT_MAX),
        ("MIN", {"a": BIG, "b": BIG - 1}, BIG - 1),
        ("MAX", {"a": BIG, "b": BIG - 1}, BIG),
        ("MOVE", {"input": BIG}, BIG),
        ("SELECT", {"selector": True, "in0": 0, "in1": BIG}, BIG),
        ("MUX", {"selector": 1, "in0": 0, "in1": BIG}, BIG),
        ("LIMIT", {"minimum": BIG, "input": 0, "maximum": HUGE}, BIG),
        ("LIMIT", {"minimum": 0, "input": BIG, "maximum": HUGE}, BIG),
    ],
)
def test_no_digit_is_lost(kind, inputs, expected, inline):
    bench = Bench(BLOCKS[kind], inputs, inline=inline)
    bench.scan()
    (found,) = (bench.outputs()[name] for name in ("out",))
    assert (found, type(found), bench.fault) == (expected, int, "")


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("GT", {"a": BIG, "b": BIG - 1}, True),
        ("LT", {"a": BIG - 1, "b": BIG}, True),
        ("EQ", {"a": BIG, "b": BIG - 1}, False),
        ("NEQ", {"a": BIG, "b": BIG - 1}, True),
        ("GTE", {"a": BIG - 1, "b": BIG}, False),
        ("LTE", {"a": BIG, "b": BIG - 1}, False),
        ("GT", {"a": BIG, "b": float(BIG)}, True),
        ("GTE", {"a": 5, "b": 5}, True),
        ("LTE", {"a": 5, "b": 5}, True),
        ("GT", {"a": 5, "b": 5}, False),
        ("LT", {"a": 5, "b": 5}, False),
    ],
)
def test_neighbours_are_told_apart(kind, inputs, expected):
    for inline in (True, False):
        bench = Bench(BLOCKS[kind], inputs, inline=inline)
        bench.scan()
        (found,) = bench.outputs().values()
        assert found is expected
