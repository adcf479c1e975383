"""Documents of the original mean here what they meant there; compiled and called alike."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.library import plugin
from petra.scan import Bench

LIBRARY = Catalog.of(plugin)
INLINE = pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])


@INLINE
@pytest.mark.parametrize(
    ("wired", "expected"),
    [
        ({"in0": 5.0}, [5.0, 0.0, 0.0, 0.0]),
        ({"in0": 5.0, "in2": 7.0}, [5.0, 0.0, 7.0, 0.0]),
        ({"in1": 6.0, "in2": 7.0, "in3": 8.0}, [0.0, 6.0, 7.0, 8.0]),
        ({"in3": 8}, [0, 0, 0, 8]),
        ({"in1": True}, [False, True, False, False]),
        ({"in2": "auto"}, ["", "", "auto", ""]),
    ],
)
def test_a_number_that_is_not_wired_selects_zero(wired, expected, inline):
    """The zero is of the type of what is wired."""
    bench = Bench(LIBRARY.block("SELECT"), {"selector": 0, **wired}, inline=inline)
    found = []
    for number in range(4):
        bench.write("selector", number)
        bench.scan()
        found.append(bench.outputs()["out"])
    assert list(map(repr, found)) == list(map(repr, expected))


@INLINE
@pytest.mark.parametrize(
    ("block", "inputs", "expected"),
    [
        ("ADD", {"in1": True, "in2": 0.0}, 1),
        ("ADD", {"in1": False, "in2": 0.0}, 0),
        ("SUB", {"a": 4.0, "b": 1.5}, 2),
        ("SUB", {"a": 5.0, "b": 1.5}, 4),
        ("MUL", {"in1": 1e300, "in2": 2.0}, 2**63 - 1),
    ],
)
def test_a_number_goes_to_an_int_as_the_nearest_one(block, inputs, expected, inline):
    bench = Bench(LIBRARY.block(block), inputs, types={"out": "int"}, inline=inline)
    bench.scan()
    assert (bench.outputs()["out"], bench.fault) == (expected, "")


@INLINE
def test_no_number_goes_to_an_int_as_a_fault(inline):
    bench = Bench(
        LIBRARY.block("ADD"), {"in1": float("nan"), "in2": 1.0}, types={"out": "int"}, inline=inline
    )
    bench.scan()
    assert "NaN is no whole number" in bench.fault


@INLINE
@pytest.mark.parametrize(
    ("block", "a", "b", "kind", "expected"),
    [
        ("DIV", 5, 2, "float", 2.5),
        ("DIV", 5, 2, "int", 2),
        ("DIV", -7, True, "float", -7.0),
        ("MOD", -7, 2, "float", -1.0),
        ("ADD", 2**62, 2**62, "float", 2.0**63),
        ("ADD", 2**62, 2**62, "int", 2**63 - 1),
        ("MUL", 2**62, 4, "float", 2.0**64),
    ],
)
def test_ints_are_floats_where_their_result_is_one(block, a, b, kind, expected, inline):
    bench = Bench(LIBRARY.block(block), {"a": a, "b": b}, types={"out": kind}, inline=inline)
    bench.scan()
    assert repr(bench.outputs()["out"]) == repr(expected)
