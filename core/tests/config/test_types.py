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
        ("EQ, inputs: {a: t, b: @f}", "EQ.b: a float does not go with a string of another input"),
        ("SQRT, inputs: {in: @t}", "SQRT.input: expected a number, not a string"),
        ("MUX, inputs: {k: @f, in0: f}", "MUX.selector: expected a whole number, not a float"),
        ("SQRT, inputs: {in: f}, outputs: {out: @i}", "SQRT.out gives a number, but 'i' is int"),
        ("ADD, inputs: {a: f, b: i}, outputs: {out: @i}", "ADD.out gives a number, but 'i' is int"),
        ("GT, inputs: {a: f, b: 1.0}, outputs: {out: @t}", "GT.out gives true or false, but 't' is string"),
        ("TON, inputs: {in: @1}", "TON.input: expected true or false, not 1"),
        ("CTU, inputs: {in: b}, params: {@increment: 1}", "CTU has no parameter 'increment'"),
        ("EXPR, params: @{expression: a +}", "'a +' is no formula"),
        ("SCHEDULE, inputs: {time: i}, params: @{days: mo}", "'mo' is no day of the week"),
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
        "{name: x, type: SELECT, inputs: {g: b, in0: t, in1: \"'off'\"}}",
        "{name: x, type: GT, inputs: {in1: petra.main.overruns, in2: 3}}",
        "{name: x, type: LIMIT, inputs: {in: f}, params: {min: 0, max: 10.5}}",
        "{name: x, type: EQ, inputs: {a: t}, params: {b: auto}, outputs: {out: b}}",
    ],
)
def test_what_fits_is_good(block):
    assert check(f"- {block}\n").problems == ()


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
    assert problem.code == "unknown-param"


def test_inputs_of_many_are_taken_by_their_numbers():
    made = check("- {name: x, type: MUX, inputs: {k: i, in10: f, in2: f, in1: f}}\n").configuration
    assert list(made.plant.blocks[0].inputs) == ["selector", "in1", "in2", "in10"]
    made = check("- {name: x, type: AND, inputs: {door: b, lid: b}}\n").configuration
    assert list(made.plant.blocks[0].inputs) == ["door", "lid"]


def test_a_text_parameter_takes_a_number_from_outside():
    text = (
        SIGNALS
        + "- {name: x, type: SCHEDULE, inputs: {time: i}, params: {begin: '${FROM}', days: '${DAYS}'}}\n"
    )
    made = load_bytes(text.encode(), CATALOG, {"FROM": "7:30", "DAYS": "mon"}).configuration
    assert made.plant.blocks[0].params == {"begin": "7:30", "days": "mon"}
    wrong = load_bytes(text.encode(), CATALOG, {"FROM": "5", "DAYS": "mon"})
    assert "'5' is no time of day" in wrong.problems[0].message
