"""An input that becomes true is one edge, however long it stays true, and each time it becomes true again."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.library import plugin
from petra.scan import Bench

BLOCKS = {offer.name: offer.thing for offer in Catalog.of(plugin).offers()}

CASES = [
    # block, inputs, the input with edges, the output that counts, what it begins with, per edge
    ("CTU", {"cu": False, "pv": 9}, "cu", "count", 0, 1),
    ("CTD", {"cd": False, "load": False, "pv": 9}, "cd", "count", 9, -1),
    ("CTUD", {"cu": False, "cd": False, "pv": 9}, "cu", "count", 0, 1),
    ("CTUD", {"cu": False, "cd": False, "load": False, "pv": 9}, "cd", "count", 9, -1),
    ("RUNTIME", {"running": False}, "running", "starts", 0, 1),
    ("SEQUENCE", {"next": False}, "next", "current", 1, 1),
]


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
@pytest.mark.parametrize(
    ("kind", "inputs", "edge", "output", "first", "step"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES]
)
def test_an_edge_counts_once(kind, inputs, edge, output, first, step, inline):
    bench = Bench(BLOCKS[kind], inputs, inline=inline)
    bench.scan()
    if first == 9:
        bench.write("load", True)
        bench.scan()
        bench.write("load", False)
        bench.scan()
    found = [bench.outputs()[output]]
    for _ in range(3):
        bench.write(edge, True)
        bench.scan(times=3)
        found.append(bench.outputs()[output])
        bench.write(edge, False)
        bench.scan(times=3)
        assert bench.outputs()[output] == found[-1]
    assert found == [first + step * number for number in range(4)]


PULSES = [
    ("R_TRIG", {"clk": False}, "clk", "q", "01000010000"),
    ("F_TRIG", {"clk": False}, "clk", "q", "00001000010"),
    ("FLIP_FLOP", {"clk": False}, "clk", "q", "01111100000"),
]


@pytest.mark.parametrize(("kind", "inputs", "edge", "output", "expected"), PULSES, ids=lambda v: str(v)[:9])
def test_what_an_edge_makes(kind, inputs, edge, output, expected):
    for inline in (True, False):
        bench = Bench(BLOCKS[kind], inputs, inline=inline)
        found = ""
        for value in "01110011100":
            bench.write(edge, value == "1")
            bench.scan()
            found += "01"[bench.outputs()[output]]
        assert found == expected
