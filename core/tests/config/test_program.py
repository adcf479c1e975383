"""Signals and blocks against each other and against what is installed."""

from __future__ import annotations

import pytest
import yaml

from petra import Catalog
from petra.config import load_bytes
from petra.library import plugin

HEAD = """\
signals:
- {name: temperature, type: float, initial: 20.0}
- {name: ready, type: bool, initial: true}
- {name: count, type: int}
"""


def program(*blocks: str, head: str = HEAD) -> str:
    return head + "blocks:\n" + "".join(f"- {block}\n" for block in blocks)


def test_both_generations_of_names_are_understood(check):
    made = check(
        program(
            '{name: a, type: GT, inputs: {in1: temperature, in2: "75.0"}, outputs: {out: hot}}',
            "{name: b, type: GREATER, inputs: {a: temperature, b: 75}, outputs: {output: hot2}}",
            "{name: c, type: TON, inputs: {in: hot}, outputs: {q: late}, params: {preset: 5, mode: held}}",
            "{name: d, block_type: ON_DELAY, inputs: {input: hot}, outputs: {out: e}, parameters: {pt: 0.5}}",
        )
    ).good
    assert [block.type for block in made.plant.blocks] == ["GT", "GT", "TON", "TON"]
    assert [block.inputs for block in made.plant.blocks[:2]] == [{"a": "temperature", "b": 75.0}] * 2
    assert [block.params for block in made.plant.blocks[2:]] == [
        {"preset": 5.0, "mode": "held"},
        {"preset": 0.5},
    ]
    assert [list(block.outputs) for block in made.plant.blocks] == [["output"]] * 4


def test_what_is_checked_can_be_made(check, meter_catalog):
    """The configuration holds what the block's class takes: declared names and exact types."""
    made = check(program("{name: c, type: ON_DELAY, inputs: {in: ready}, params: {pt: 5}}")).good
    (block,) = made.plant.blocks
    assert meter_catalog.block(block.type)(**block.params).preset == 5.0


@pytest.mark.parametrize("kind", ['"${"', '"${NOT_SET}"'])
def test_a_type_that_cannot_be_read_of_a_block_that_cannot_either(check, kind):
    made = check(f"blocks: [{{name: a, type: {kind}, inputs: {{}}, ouputs: {{}}}}]")
    assert "unknown-key" in made.codes
    assert {"unset-variable", "bad-substitution"} & set(made.codes)


TON = "{name: a, type: TON, inputs: {in: ready}"


@pytest.mark.parametrize(
    ("block", "code", "said"),
    [
        ("{name: a, type: GTT}", "unknown-block-type", "block type 'GTT' (did you mean 'GT'?)"),
        ("{name: a, type: gt}", "unknown-block-type", "(did you mean 'GT'?)"),
        ("{name: a, type: QQQQ}", "unknown-block-type", "no installed plugin provides the block type 'QQQQ'"),
        ("{name: a}", "missing-key", "'type' is missing"),
        ("{type: GT}", "missing-key", "'name' is missing"),
        ("{name: a b, type: TON, inputs: {in: ready}}", "bad-value", "is not a valid name"),
        (
            "{name: a, type: TON, inputs: {inn: ready, in: ready}}",
            "unknown-port",
            "no input 'inn' (did you mean 'in'?)",
        ),
        ("{name: a, type: TON, inputs: {in: ready, input: ready}}", "duplicate-key", "both mean 'input'"),
        ("{name: a, type: TON}", "missing-input", "the input 'input' of TON is not wired"),
        (TON + ", outputs: {w: x}}", "unknown-port", "TON has no output 'w'"),
        (TON + ", params: {presett: 5}}", "unknown-param", "no parameter 'presett' (did you mean 'preset'?)"),
        (TON + ', params: {preset: "5"}}', "wrong-type", 'TON.preset: expected a number, not "5"'),
        (TON + ", params: {preset: -1}}", "bad-value", "TON.preset must be at least 0, not -1"),
        (TON + ", params: {mode: hold}}", "bad-value", "TON.mode must be one of 'normal', 'held', not hold"),
        ("{name: a, type: TON, inputs: {in: 5}}", "wrong-type", "TON.input: expected true or false, not 5"),
        ('{name: a, type: TON, inputs: {in: "75.0"}}', "wrong-type", 'expected true or false, not "75.0"'),
        ("{name: a, type: TON, inputs: {in: raedy}}", "unknown-signal", "no signal 'raedy' is declared"),
        ("{name: a, type: above, inputs: {value: count}}", "missing-param", "the parameter 'limit' of above"),
    ],
)
def test_a_mistake_in_a_block(check, block, code, said):
    problem = check(program(block)).only
    assert problem.code == code
    assert said in str(problem)
    assert problem.path.startswith("blocks[0]")
    assert problem.line == 6


def test_a_misspelt_signal_names_the_closest(check):
    assert "did you mean 'ready'?" in check(program("{name: a, type: TON, inputs: {in: raedy}}")).only.hint


def test_a_block_declares_the_signals_that_it_writes(check):
    made = check(
        program(
            "{name: a, type: TON, inputs: {in: b}, outputs: {q: c}}",
            "{name: b, type: TON, inputs: {in: c}, outputs: {q: b}}",
            head="",
        )
    ).good
    assert len(made.plant.blocks) == 2


def test_a_section_declares_the_signals_that_it_writes(check):
    block = "{name: a, type: TON, inputs: {in: theirs}}"
    point = "meter: {host: a, points: [{signal: theirs, register: 1}]}\n"
    assert check(program(block) + point).good
    assert check(program(block) + "meter: {host: a}\n").only.code == "unknown-signal"


def test_until_every_section_is_understood_no_name_is_misspelt(check):
    block = "{name: a, type: TON, inputs: {in: theirs}}"
    assert check(program(block) + "s7: {}\n").only.code == "not-installed"
    assert check(program(block) + "meter: {host: 5}\n").only.code == "wrong-type"


def test_a_section_s_signals_are_checked_like_a_block_s(check):
    result = check(
        program("{name: a, type: TON, inputs: {in: ready}, outputs: {q: power}}")
        + "meter: {host: a, alarm: raedy, points: [{signal: power, register: 1}, {signal: a b, register: 2}]}"
    )
    assert sorted(result.codes) == ["bad-value", "two-writers", "unknown-signal"]
    assert "did you mean 'ready'?" in result.text
    assert "already written by line 7" in result.text


@pytest.mark.parametrize("name", ['"75.0"', '"true"', '"hello wor ld !"', '""'])
def test_an_output_declares_only_what_can_be_a_signal(check, name):
    assert check(program(TON + f", outputs: {{q: {name}}}}}")).only.code == "bad-value"


def test_an_infinite_literal_is_none(check):
    block = '{name: a, type: GT, inputs: {a: temperature, b: "1e999"}}'
    assert "is not a finite number" in str(check(program(block)).only)


def test_a_signal_s_name_may_come_from_the_environment(check):
    text = (
        'signals: [{name: "${LINE}.ready", type: bool}]\nblocks:\n- '
        + TON.replace("ready", "L1.ready")
        + "}\n"
    )
    assert check(text, LINE="L1").good


def test_a_missing_plugin_is_said_once(check):
    """A slip is named at each of its places; a type that nobody has is one problem."""
    blocks = [f"{{name: b{i}, type: WATER_HAMMER}}" for i in range(3)] + [
        "{name: x, type: gt}",
        "{name: y, type: gt}",
    ]
    result = check(program(*blocks))
    assert [p.line for p in result.loaded.problems] == [6, 9, 10]
    assert "install the plugin" in result.loaded.problems[0].hint


def test_a_signal_that_could_not_be_read_is_not_called_unknown(check):
    result = check(
        "signals:\n- {name: broken, type: flaot}\nblocks:\n- {name: a, type: TON, inputs: {in: broken}}\n"
    )
    assert result.only.code == "bad-value"


def test_two_writers(check):
    problem = check(program(TON + ", outputs: {q: x}}", TON.replace("a,", "b,") + ", outputs: {q: x}}")).only
    assert (problem.code, problem.line, problem.path) == ("two-writers", 7, "blocks[1].outputs.q")
    assert "is already written by the block 'a'" in problem.message


def test_names_are_unique(check):
    result = check(
        "signals: [{name: a, type: bool}, {name: b, type: bool}, {name: a, type: bool}]\n"
        "blocks:\n- {name: x, type: TON, inputs: {in: a}}\n"
        "- {name: x, type: TON, inputs: {in: b}}\n"
    )
    assert result.codes == ["duplicate-name", "duplicate-name"]
    assert "line 1" in result.loaded.problems[0].message


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ("{name: a, type: bool, initial: 1}", "the signal is bool: expected true or false, not 1"),
        ("{name: a, type: int, initial: 1.5}", "the signal is int: expected a whole number, not 1.5"),
        ("{name: a, type: float, initial: x}", "the signal is float: expected a number, not x"),
        ("{name: a, type: string, initial: 5}", "the signal is string: expected a text, not 5"),
        ("{name: a, type: bool, initial: no}", "some YAML readers read no as false"),
        ("{name: a, type: flaot}", "did you mean 'float'?"),
        ('{name: "a b"}', "letters, digits and"),
        ('{name: "75.0"}', "'75.0' is a literal, not a name"),
        ('{name: "true"}', "'true' is a literal, not a name"),
        ('{name: ""}', "letters, digits and"),
    ],
)
def test_a_mistake_in_a_signal(check, signal, said):
    assert said in str(check(f"signals:\n- {signal}\n").only)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "5", 5),
        ("float", "5", 5.0),
        ("bool", "true", True),
        ("string", "5", "5"),
        ("string", "true", "true"),
        ("string", "007", "007"),
        ("string", "", ""),
        ("string", "null", "null"),
    ],
)
def test_an_initial_value_from_the_environment_is_read_as_what_the_signal_holds(check, kind, text, value):
    made = check(f"signals: [{{name: a, type: {kind}, initial: '${{N}}'}}]", N=text).good
    assert made.plant.signals[0].initial == value
    assert type(made.plant.signals[0].initial) is type(value)


def test_an_initial_value_from_the_environment_that_does_not_fit(check):
    problem = check("signals: [{name: a, type: float, initial: '${N}'}]", N="").only
    assert "expected a number" in problem.message


def test_signals_that_are_no_list(check):
    problem = check("signals:\n  a: float\n").only
    assert problem.message == "expected a list, not a mapping"
    assert "`- name: ...`" in problem.hint


LIBRARY = Catalog.of(plugin)
PLANT = """\
signals:
- {name: x, type: float}
- {name: r, type: bool}
blocks:
"""


def of_library(block: str):
    return load_bytes(f"{PLANT}- {block}\n".encode(), LIBRARY, {}).problems


TAKEN = "is read as one of the inputs"


@pytest.mark.parametrize(
    ("block", "at", "code", "said"),
    [
        ("AVG, inputs: {in1: x, window_size: 5}", "inputs.window_size", "unknown-port", "it under `params`)"),
        (
            "LAG, inputs: {in: x, time_constant: 4}",
            "inputs.time_constant",
            "unknown-port",
            "is a parameter: ",
        ),
        (
            "AVG, inputs: {in1: x, window: 5}",
            "inputs.window",
            "maybe-misspelt",
            "did you mean 'window_size'?",
        ),
        ("INTERLOCK, inputs: {ok: r, rest: r}", "inputs.rest", "maybe-misspelt", f"'reset'? 'rest' {TAKEN}"),
        ("INTERLOCK, inputs: {requst: r}", "inputs.requst", "maybe-misspelt", f"'request'? 'requst' {TAKEN}"),
        (
            "INTERLOCK, inputs: {ok: r, Reset: r}",
            "inputs.Reset",
            "maybe-misspelt",
            f"'reset'? 'Reset' {TAKEN}",
        ),
        (
            "FALLBACK, inputs: {in: x, f1: 3, f2: 4}",
            "inputs.f1",
            "params-conflict",
            "is one input, not 2 (f1, f2)",
        ),
        ("TON, inputs: {in: r}, params: {presetms: 5}", "params.presetms", "unknown-param", "'preset_ms'?"),
        ("LIMIT, inputs: {in: x, max: 5, min: 1}, params: {mxx: 5}", "params.mxx", "unknown-param", "'MX'?"),
        (
            "CTU, inputs: {cu: r}, params: {zzzzz: 5}",
            "params.zzzzz",
            "unknown-param",
            "and the inputs cu, reset, pv",
        ),
        (
            "TON, inputs: {in: r, PT: 5}, params: {preset_ms: 6}",
            "params.preset_ms",
            "duplicate-key",
            "twice: 'PT'",
        ),
        (
            "TON, inputs: {in: r}, params: {preset_ms: 6, PT: 5}",
            "params.PT",
            "duplicate-key",
            "both mean 'preset_ms'",
        ),
        (
            "FALLBACK, inputs: {in: x, y: 4}, params: {fallback: 5}",
            "params.fallback",
            "duplicate-key",
            "twice: 'y'",
        ),
    ],
)
def test_a_port_or_parameter_in_the_wrong_place(block, at, code, said):
    (problem,) = of_library(f"{{name: a, type: {block}, outputs: {{{_output(block)}: o}}}}")
    assert (problem.path, problem.code) == (f"blocks[0].{at}", code)
    assert said in str(problem)


def _output(block: str) -> str:
    return next(iter(LIBRARY.block(block.partition(",")[0]).spec.outputs))


@pytest.mark.parametrize(
    "block",
    [
        "{name: a, type: FALLBACK, inputs: {in: x}, params: {fallback: 5}, outputs: {out: o}}",
        "{name: a, type: INTERLOCK, inputs: {start_ok: r, pressure: r, present: r}, outputs: {run: o}}",
        "{name: a, type: INTERLOCK, inputs: {start1: r, reset2: r}, outputs: {run: o}}",
        "{name: a, type: AVG, inputs: {a: x, b: x, in3: x, winter: x}, outputs: {out: o}}",
    ],
)
def test_inputs_of_any_name(block):
    assert of_library(block) == ()


WAVES = """
signals:
- {name: a, type: float}
- {name: b, type: flaot}
blocks:
- {name: x, type: TNO, inputs: {in1:b}, ouputs: {out: q}}
- {name: y, type: AND, inputs: {in1: q, in2: z}, outputs: {out: w}}
- {name: z, type: GT, inputs: {in1: b, in2: "75,0"}, outputs: {out: h}}
"""


def test_a_signal_that_nobody_writes_is_told_beside_a_block_that_cannot_be_read():
    found = load_bytes(WAVES.encode(), LIBRARY, {}).problems
    unknown = [problem for problem in found if problem.code == "unknown-signal"]
    assert [(problem.line, problem.column) for problem in unknown] == [(7, 46), (8, 45)]
    assert unknown[1].hint == "write 75.0: a point, not a comma"


CHAIN = [
    {"name": "b1", "type": "NOT", "inputs": {"in": "a"}, "outputs": {"out": "s1"}},
    {"name": "b2", "type": "TON", "inputs": {"in": "s1"}, "outputs": {"q": "s2", "et": "tank.x-1/y"}},
    {"name": "b3", "type": "GT", "inputs": {"in1": "tank.x-1/y", "in2": 5}, "outputs": {"out": "s3"}},
    {"name": "b4", "type": "AND", "inputs": {"a": "s1", "b": "s2", "c": "s3"}, "outputs": {"out": "s4"}},
]
BREAKS = {
    "misspelt": lambda block: {**block, "outputs": {}, "ouputs": block["outputs"]},
    "port": lambda block: {**block, "outputs": {**block["outputs"], "more": [1]}},
    "key": lambda block: {**block, "zzz": 1},
    "glued": lambda block: {
        **block,
        "outputs": {f"{p}:{name}": None for p, name in block["outputs"].items()},
    },
    "list": lambda block: {**block, "outputs": list(block["outputs"].values())},
    "params": lambda block: {**block, "params": {"x": [1]}},
    "name": lambda block: {**block, "name": None},
}


@pytest.mark.parametrize("number", range(len(CHAIN)))
@pytest.mark.parametrize("spoil", BREAKS.values(), ids=BREAKS)
def test_a_block_that_cannot_be_read_makes_no_signal_unknown(spoil, number):
    blocks = [spoil(block) if i == number else block for i, block in enumerate(CHAIN)]
    text = yaml.safe_dump({"signals": [{"name": "a", "type": "bool"}], "blocks": blocks})
    made = load_bytes(text.encode(), LIBRARY, {})
    assert made.errors
    assert "unknown-signal" not in [problem.code for problem in made.problems]


def test_a_section_of_the_wrong_form_makes_no_signal_unknown():
    text = (
        "signals: {a: bool, b: bool}\nblocks: [{name: n, type: AND, inputs: {a: a, b: b}, outputs: {q: c}}]"
    )
    (problem,) = load_bytes(text.encode(), LIBRARY, {}).problems
    assert problem.code == "wrong-type"


def test_what_else_is_wrong_is_told_beside_a_key_that_does_not_exist():
    text = """
signals: [{name: a, type: float, colour: red, safe: x}]
blocks:
- {name: y, type: GT, inputs: {in1: a, in2: zz, in9: a}, outputs: {out: w}, prio: 1, also: more}
- {name: z, type: NOT, inptus: {in: more}, outputs: {out: k}}
- {name: n, type: AND, inputs: {a: w, b: k, c: more}, outputs: {out: m}}
"""
    found = [(p.line, p.path, p.code) for p in load_bytes(text.encode(), LIBRARY, {}).problems]
    assert found == [
        (2, "signals[0].colour", "unknown-key"),
        (2, "signals[0].safe", "wrong-type"),
        (4, "blocks[0].inputs.in2", "unknown-signal"),
        (4, "blocks[0].inputs.in9", "unknown-port"),
        (4, "blocks[0].prio", "unknown-key"),
        (4, "blocks[0].also", "unknown-key"),
        (5, "blocks[1].inptus", "unknown-key"),
    ]
