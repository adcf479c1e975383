"""Documents of the original mean here what they meant there; compiled and called alike."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.config.migrate import migrate_document
from petra.engine.built import build
from petra.library import plugin
from petra.scan import Bench
from petra.signals import LocalBus, Store
from petra.testing import ManualClock

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
    assert "NaN is not a whole number" in bench.fault


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
        ("SUB", 2**53 + 1, 2**53, "float", 1.0),
    ],
)
def test_ints_are_exact_and_lose_nothing_where_their_result_is_a_float(block, a, b, kind, expected, inline):
    bench = Bench(LIBRARY.block(block), {"a": a, "b": b}, types={"out": kind}, inline=inline)
    bench.scan()
    assert repr(bench.outputs()["out"]) == repr(expected)


SECOND = """
signals:
- {name: b, type: bool}
- {name: r, type: bool}
- {name: n, type: integer}
- {name: d, type: bool}
- {name: x, type: float}
- {name: xi, type: integer}
- {name: et, type: integer}
- {name: f, type: bool}
blocks:
"""


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("CTU, inputs: {count: b, reset: r}, outputs: {count: n, done: d}, params: {preset: 3}", []),
        (
            "CTU, inputs: {count: b, reset: r}, outputs: {count: n, done: d}",
            ["CTU.pv is not given: it is 0, and q is true from the start (the original took 10)"],
        ),
        ("CTU, inputs: {count: b, reset: r}, outputs: {count: n}", []),
        (
            "CTD, inputs: {count: b, load: r}, outputs: {count: n, done: d}, params: {preset: 3}",
            ["CTD.load must be true once: the count begins at 0 (the original began at its preset, or 10)"],
        ),
        (
            "CONVERT, inputs: {in: x}, outputs: {out: xi}, params: {target_type: int}",
            ["CONVERT.target_type rounds to the nearest whole number (the original truncated)"],
        ),
        ("CONVERT, inputs: {in: x}, outputs: {out: s}, params: {target_type: string}", []),
        ("CONVERT, inputs: {in: x}, outputs: {out: d}, params: {target_type: bool}", []),
        (
            "TON, inputs: {in: b}, outputs: {out: f, elapsed: et}, params: {preset_ms: 100}",
            ["TON.elapsed gives a number, and 'et' is int: it is rounded to the nearest whole number"],
        ),
        (
            "LIMIT, inputs: {in: x}, outputs: {out: y}",
            ["LIMIT.minimum is not given: it is 0", "LIMIT.maximum is not given: it is 100"],
        ),
        ("LIMIT, inputs: {in: x}, outputs: {out: y}, params: {min: 1, max: 5}", []),
        (
            "PID, inputs: {setpoint: x, process_variable: x}, outputs: {out: z}, params: {out_max: 9}",
            ["PID.out_min is not given: the output is held within 0 and 100"],
        ),
        (
            "SELECT, inputs: {condition: b, true_value: x, false_value: '0.0'}, outputs: {out: y}",
            [],
        ),
        ("EDGE_DETECT, inputs: {in: b}, outputs: {any: g}", []),
        ("Counter, inputs: {enable: b, reset: false}, outputs: {count: n}, params: {increment: 1}", []),
        ("RISING_EDGE, inputs: {in: b}, outputs: {out: g}", []),
        ("FALLING_EDGE, inputs: {in: b}, outputs: {out: g}", []),
        ("STATISTICS, inputs: {in: x}, outputs: {mean: m1, min: m2, max: m3, stddev: m4}", []),
    ],
)
def test_names_of_the_original_are_taken_and_what_differs_is_said(block, said):
    loaded = load_bytes(f"{SECOND}- {{name: t, type: {block}}}\n".encode(), LIBRARY, {}, name="p")
    assert loaded.configuration is not None
    assert [problem.message for problem in loaded.problems] == said
    assert {problem.code for problem in loaded.problems} <= {"assumed-value", "rounded-output"}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("{target_type: float}", "CONVERT.out gives a number, but 'xi' is int"),
        ("{target_type: real}", "CONVERT.target_type must be one of"),
    ],
)
def test_a_type_that_is_named_has_to_be_the_signals(params, said):
    block = f"{{name: t, type: CONVERT, inputs: {{in: x}}, outputs: {{out: xi}}, params: {params}}}"
    (problem,) = load_bytes(f"{SECOND}- {block}\n".encode(), LIBRARY, {}, name="p").problems
    assert said in problem.message


@INLINE
def test_a_limit_without_limits_is_0_to_100(inline):
    bench = Bench(LIBRARY.block("LIMIT"), {"input": 150.0}, inline=inline)
    for value, expected in ((150.0, 100.0), (-1.0, 0.0), (50.5, 50.5)):
        bench.write("input", value)
        bench.scan()
        assert repr(bench.outputs()["out"]) == repr(expected)


@INLINE
def test_statistics_are_of_ten_scans(inline):
    bench = Bench(LIBRARY.block("STATISTICS"), {"input": 0.0}, inline=inline)
    bench.scan(times=5)
    bench.write("input", 1.0)
    bench.scan(times=9)
    assert bench.outputs()["mean"] == 0.9
    bench.scan()
    assert bench.outputs()["mean"] == 1.0


PUMPS = b"""version: "1.0"
scan_time_ms: 100
signals:
  - {name: "pump.running", type: "bool", initial: false}
  - {name: "zero", type: "float", initial: 0.0}
  - {name: "pump.setpoint", type: "float", initial: 2000.0}
  - {name: "pump.selector", type: "integer", initial: 0}
  - {name: "pump.flow", type: "float", initial: 0.0}
blocks:
  - name: "selector_calc"
    type: "ADD"
    inputs:
      in1: "pump.running"
      in2: "zero"
    outputs:
      out: "pump.selector"
  - name: "flow_calc"
    type: "SELECT"
    inputs:
      selector: "pump.selector"
      in0: "zero"
      in1: "pump.setpoint"
    outputs:
      out: "pump.flow"
"""


@INLINE
def test_a_bool_is_added_to_zero_to_select_by(inline):
    """As the water plant of the original does it for each of its pumps."""
    loaded = load_bytes(PUMPS, LIBRARY, {}, name="p")
    assert [(p.code, p.line) for p in loaded.problems] == [("bool-as-number", 13), ("rounded-output", 16)]
    built = build(loaded.configuration.plant, LIBRARY, inline=inline)
    bus = LocalBus(Store(built.layout, ManualClock()))
    found = []
    for running in (False, True, False):
        bus.write("pump.running", running)
        bus.store.latch()
        built.tasks[0].program.scan(bus.store, 0.1)
        bus.store.publish(1, 1)
        found.append((bus.read("pump.selector").value, bus.read("pump.flow").value))
    assert repr(found) == "[(0, 0.0), (1, 2000.0), (0, 0.0)]"


def test_a_document_with_warnings_is_migrated():
    made = migrate_document(PUMPS, LIBRARY, generation=2)
    assert b'type: "int"' in made.data
    assert made.result.configuration is not None
