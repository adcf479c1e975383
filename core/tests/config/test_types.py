"""Ports and what they are wired to: every mismatch is one problem at its place."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.library import plugin

CATALOG = Catalog.of(plugin)
SIGNALS = """signals:
- {name: b, type: bool}
- {name: i, type: int}
- {name: f, type: float}
- {name: t, type: string}
blocks:
"""


CHAIN = """
- {name: x, type: ADD, inputs: {a: z, b: 1}, outputs: {out: y}}
- {name: w, type: MOVE, inputs: {in: y}, outputs: {out: v}}
- {name: u, type: ADD, inputs: {a: i, b: 0.5}, outputs: {out: z}}
"""


def check(blocks: str):
    return load_bytes((SIGNALS + blocks).encode(), CATALOG, {}, name="p")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("GT, inputs: {a: @b, b: 1.0}", "GT.a: expected a whole number or a number, not a bool"),
        ("AND, inputs: {in1: b, in2: @f}", "AND.inputs: expected true or false, not a float"),
        ("EQ, inputs: {a: t, b: @f}", "EQ.b: a float cannot be mixed with a string on another input"),
        ("SQRT, inputs: {in: @t}", "SQRT.input: expected a number, not a string"),
        ("MUX, inputs: {k: @f, in0: f}", "MUX.selector: expected a whole number, not a float"),
        ("SQRT, inputs: {in: f}, outputs: {out: @i}", "SQRT.out gives a number, but 'i' is int"),
        ("MOVE, inputs: {in: f}, outputs: {out: @i}", "MOVE.out gives a number, but 'i' is int"),
        ("ADD, inputs: {a: f, b: i}, outputs: {out: @b}", "ADD.out gives a number, but 'b' is bool"),
        ("SELECT, inputs: @{selector: b, in0: f}", "the input 'in1' of SELECT is not wired"),
        ("SELECT, inputs: @{selector: b, in1: f, in2: f}", "the input 'in0' of SELECT is not wired"),
        ("SELECT, inputs: @{selector: i}", "the input 'in0' of SELECT is not wired"),
        ("GT, inputs: {a: f, b: 1.0}, outputs: {out: @t}", "GT.out gives true or false, but 't' is string"),
        ("TON, inputs: {in: @1}", "TON.input: expected true or false, not 1"),
        ("CTU, inputs: {in: b}, params: {@increment: 1}", "CTU has no parameter 'increment'"),
        ("EXPR, params: {expression: @a +}", "EXPR.expression is not a formula: invalid syntax"),
        ("EXPR, inputs: {a: f}, params: {expression: @a + c}", "uses c, and the input 'c' is not wired"),
        ("EXPR, inputs: {a: f}, params: {formula: @a ** 2}", "write 'pow(x, y)' instead of '**'"),
        ("EXPR, inputs: {a: f}, params: {expr: @open(a)}", "there is no function 'open' (character 1)"),
        ("EXPR, inputs: {a: f}, params: {formula: a}, outputs: {out: @b}", "gives a number, but 'b' is bool"),
        ("EXPR, inputs: {a: @t}, params: {formula: a}", "expected true or false or a number, not a string"),
        (
            "PID, inputs: {pv: f, sp: f}, params: {out_max: 5, out_min: @10}",
            "PID.out_min is above out_max (5)",
        ),
        ("HYSTERESIS, inputs: {in: f, high: 5.0, low: @6.0}", "HYSTERESIS.low is above high (5)"),
        ("HYSTERESIS, inputs: {in: f}, params: {min: @6.0, max: 5}", "HYSTERESIS.low is above high (5)"),
        ("SCALE, inputs: {in: f}, params: {in_min: 4, in_max: @4}", "SCALE.in_max equals in_min"),
        ("LIMIT, inputs: {in: f, MN: @3, MX: 2.5}", "LIMIT.minimum is above maximum (2.5)"),
        (
            "LEAD_LAG_PUMPS, inputs: {in: f}, params: {start: 2, assist: 3, stop: @2}",
            "stop is not below start",
        ),
        ("VOTE, inputs: {a: b, c: b}, params: {needed: @3}", "VOTE.needed is 3, but only 2 inputs are wired"),
        ("SELECT, inputs: {K: i, in0: f, in1: f, x: @f, in2: f}", "'in2' would be number 3"),
        ("SELECT, inputs: {K: i, in0: f, in2: @f, in1000: f}", "ends at in999: 'in1000' is too high"),
        ("TON, inputs: {IN: b, PT: @-5}", "TON.preset_ms must be at least 0, not -5"),
        ("TON, inputs: {IN: b, PT: @t}", "TON.preset_ms: expected a number, not a string"),
        ("SCHEDULE, inputs: {time: i}, params: {days: @mo}", "'mo' is not a day of the week"),
        ("GT, inputs: {a: f, b: 1.0}, task: @fats", "there is no task 'fats'"),
        ("GT, inputs: {a: f, b: 1.0}, outputs: {out: @petra.x}", "such names belong to the engine"),
    ],
)
def test_a_mismatch_is_one_problem_at_its_place(block, said):
    """The place is where the @ stands."""
    line = "- {name: x, type: " + block + "}"
    (problem,) = check(line.replace("@", "") + "\n").problems
    assert said in problem.message
    assert (problem.line, problem.column) == (7, line.index("@") + 1)


@pytest.mark.parametrize(
    "block",
    [
        "{name: x, type: SQRT, inputs: {in: i}, outputs: {out: f}}",
        "{name: x, type: ADD, inputs: {a: i, b: 2}, outputs: {out: i}}",
        "{name: x, type: ADD, inputs: {a: i, b: 2}, outputs: {out: f}}",
        "{name: x, type: ADD, inputs: {a: i, b: f}, outputs: {out: f}}",
        "{name: x, type: CONVERT, inputs: {in: f}, outputs: {out: i}}",
        "{name: x, type: CONVERT, inputs: {in: b}, outputs: {out: t}}",
        "{name: x, type: EQ, inputs: {a: t, b: \"'auto'\"}, outputs: {out: b}}",
        "{name: x, type: SELECT, inputs: {g: b, in0: t, in1: \"'off'\"}, outputs: {OUT: t}}",
        "{name: x, type: SELECT, inputs: {K: i, in0: f, in1: 1, in2: f}, outputs: {OUT: f}}",
        "{name: x, type: EXPR, inputs: {a: b, b: f}, params: {expr: a and b > 2}, outputs: {out: b}}",
        "{name: x, type: EXPR, inputs: {a: b, b: f}, params: {expr: a and b > 2}, outputs: {out: f}}",
        "{name: x, type: EXPR, inputs: {a: b, b: f}, params: {expr: a and b > 2}, outputs: {out: i}}",
        "{name: x, type: EXPR, inputs: {a: i, b: b}, params: {expr: a if b else 0}, outputs: {out: f}}",
        "{name: x, type: TON, inputs: {IN: b, PT: i}, outputs: {Q: b}}",
        "{name: x, type: LIMIT, inputs: {MN: 1, IN: f, MX: i}, outputs: {OUT: f}}",
        "{name: x, type: GT, inputs: {in1: petra.main.overruns, in2: 3}, outputs: {out: b}}",
        "{name: x, type: LIMIT, inputs: {in: f}, params: {min: 0, max: 10.5}, outputs: {out: f}}",
        "{name: x, type: EQ, inputs: {a: t}, params: {b: auto}, outputs: {out: b}}",
    ],
)
def test_what_fits_is_good(block):
    assert check(f"- {block}\n").problems == ()


RING = """
- {name: x, type: NOT, inputs: {in: p}, outputs: {out: q}}
- {name: w, type: NOT, inputs: {in: q}, outputs: {out: p}}
- {name: u, type: AND, inputs: {in1: b, in2: r}, outputs: {out: r}}
- {name: v, type: OR, inputs: {in1: p, in2: b}, outputs: {out: s}}
"""


@pytest.mark.parametrize(
    ("blocks", "code", "places", "said"),
    [
        ("- {name: x, type: NOT, inputs: {in: b}}", "no-outputs", [(7, 3)], "no output of NOT is wired"),
        (
            "- {name: x, type: ADD, inputs: {in1: i, in2: b}, outputs: {out: i}}",
            "bool-as-number",
            [(7, 46)],
            "a bool counts as 0 or 1",
        ),
        (
            "- {name: x, type: ADD, inputs: {in1: f, in2: i}, outputs: {out: i}}",
            "rounded-output",
            [(7, 65)],
            "ADD.out gives a number, and 'i' is int: it is rounded",
        ),
        (
            "- {name: x, type: SELECT, inputs: {selector: i, in1: f, in4: f}, outputs: {out: f}}",
            "left-out",
            [(7, 3), (7, 3), (7, 3)],
            "of SELECT is not wired: it counts as zero",
        ),
        (RING, "closed-loop", [(8, 56), (9, 56)], "part of a loop that no other signal reaches"),
    ],
)
def test_what_deserves_a_look_is_a_note_and_no_error(blocks, code, places, said):
    loaded = check(blocks + "\n")
    assert loaded.configuration is not None
    assert [(p.line, p.column) for p in loaded.problems] == places
    for problem in loaded.problems:
        kind = "note" if code in ("bool-as-number", "left-out") else "warning"
        assert (problem.code, problem.severity.value) == (code, kind)
        assert said in problem.message


@pytest.mark.parametrize(
    ("blocks", "types"),
    [
        ("- {name: x, type: ADD, inputs: {a: i, b: 2}, outputs: {out: y}}", {"y": "int"}),
        ("- {name: x, type: ADD, inputs: {a: i, b: f}, outputs: {out: y}}", {"y": "float"}),
        ("- {name: x, type: MOVE, inputs: {in: t}, outputs: {out: y}}", {"y": "string"}),
        ("- {name: x, type: CONVERT, inputs: {in: t}, outputs: {out: y}}", {"y": "float"}),
        (CHAIN, {"y": "float", "v": "float", "z": "float"}),
        ("- {name: x, type: ADD, inputs: {a: y, b: 1}, outputs: {out: y}}", {"y": "int"}),
        ("- {name: x, type: MOVE, inputs: {in: y}, outputs: {out: y}}", {"y": "float"}),
        ("- {name: x, type: EXPR, inputs: {a: f}, params: {expr: a > 1}, outputs: {out: y}}", {"y": "bool"}),
        ("- {name: x, type: EXPR, inputs: {a: b}, params: {expr: a}, outputs: {out: y}}", {"y": "bool"}),
        ("- {name: x, type: EXPR, inputs: {a: b}, params: {expr: a + 1}, outputs: {out: y}}", {"y": "float"}),
    ],
)
def test_a_signal_that_only_a_block_writes_has_the_type_of_that_output(blocks, types):
    loaded = check(blocks + "\n")
    assert loaded.problems == ()
    made = {s.name: s.type.value for s in loaded.configuration.plant.signals}
    assert {name: made[name] for name in types} == types


def test_an_input_given_as_a_parameter_is_a_constant():
    made = check("- {name: x, type: LIMIT, inputs: {in: f}, params: {min: 0, max: 10.5}}\n").configuration
    assert made.plant.blocks[0].inputs == {"input": "f", "minimum": 0, "maximum": 10.5}
    assert made.plant.blocks[0].params == {}
    made = check("- {name: x, type: EQ, inputs: {a: t}, params: {b: auto}}\n").configuration
    assert made.plant.blocks[0].inputs == {"a": "t", "b": "'auto'"}
    (problem,) = check("- {name: x, type: LIMIT, inputs: {in: f, min: 0}, params: {max: ten}}\n").problems
    assert "LIMIT.maximum: expected a whole number or a number, not ten" in problem.message
    (problem,) = check(
        "- {name: x, type: LIMIT, inputs: {in: f, min: 0, max: 1}, params: {max: 2}}\n"
    ).problems
    assert problem.code == "duplicate-key"


def test_inputs_of_many_are_taken_by_their_numbers():
    made = check("- {name: x, type: ADD, inputs: {in10: f, in2: f, in1: f}}\n").configuration
    assert list(made.plant.blocks[0].inputs) == ["in1", "in2", "in10"]
    made = check("- {name: x, type: AND, inputs: {door: b, lid: b}}\n").configuration
    assert list(made.plant.blocks[0].inputs) == ["door", "lid"]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (
            "MUX, inputs: {k: i, in1: f, in2: f}",
            "is numbered from in0 without a gap: 'in1' would be number 0",
        ),
        (
            "MUX, inputs: {K: i, IN0: f, IN2: f}",
            "is numbered from in0 without a gap: 'IN2' would be number 1",
        ),
        ("SELECT, inputs: {K: i, in0: f, x: f, in2: f}", "is numbered from in2 on: 'in2' would be number 3"),
    ],
)
def test_a_number_that_another_one_selects_is_found(inputs, said):
    (problem,) = check(f"- {{name: x, type: {inputs}}}\n").problems
    assert said in problem.message


def test_a_text_parameter_takes_a_number_from_outside():
    text = (
        SIGNALS + "- {name: x, type: SCHEDULE, inputs: {time: i, day: i}, "
        "params: {begin: '${FROM}', days: '${DAYS}'}}\n"
    )
    made = load_bytes(text.encode(), CATALOG, {"FROM": "7:30", "DAYS": "mon"}).configuration
    assert made.plant.blocks[0].params == {"begin": "7:30", "days": "mon"}
    wrong = load_bytes(text.encode(), CATALOG, {"FROM": "5", "DAYS": "mon"})
    assert "'5' is not a time of day" in wrong.problems[0].message


def test_a_block_takes_a_bounded_number_of_inputs():
    """A product of many ints takes time by the square of their number."""
    wires = ", ".join(f"in{i}: i" for i in range(1001))
    (problem,) = check(f"- {{name: x, type: MUL, inputs: {{{wires}}}, outputs: {{out: y}}}}\n").problems
    assert "MUL takes at most 1000 inputs, not 1001" in problem.message


@pytest.mark.parametrize("where", ["inputs: {IN: b, PT: 500}", "inputs: {IN: b}, params: {PT: 500}"])
def test_a_preset_stands_at_an_input_or_a_parameter(where):
    made = check(f"- {{name: x, type: TON, {where}, outputs: {{Q: q}}}}\n")
    assert made.problems == ()
    assert made.configuration.plant.blocks[0].inputs == {"input": "b", "preset_ms": 500.0}


def test_a_long_chain_of_logic_is_no_loop_and_looked_through_once():
    chain = "".join(
        f"- {{name: n{i}, type: NOT, inputs: {{in: {f's{i - 1}' if i else 'b'}}}, outputs: {{out: s{i}}}}}\n"
        for i in reversed(range(3000))
    )
    assert check(chain).problems == ()
