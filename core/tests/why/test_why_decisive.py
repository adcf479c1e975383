"""Which inputs of a block decide its output now, for blocks of every kind."""

from __future__ import annotations

import sys

import pytest

from petra.blocks import Block, In, Out
from petra.plugin import hookimpl
from petra.why import CauseKind, explain
from petra.why.trial import Budget

F, T = False, True


def decisive(why):
    return [why.causes[each.cause].signal for each in why.cause.inputs]


@pytest.mark.parametrize(
    ("block", "signals", "expected"),
    [
        ("AND, inputs: {in1: a, in2: b, in3: c}", {"a": F, "b": T, "c": F}, ["a", "c"]),
        ("AND, inputs: {in1: a, in2: b, in3: c}", {"a": T, "b": F, "c": F}, ["b", "c"]),
        ("AND, inputs: {in1: a, in2: b, in3: c}", {"a": T, "b": T, "c": F}, ["c"]),
        ("AND, inputs: {in1: a, in2: b}", {"a": T, "b": T}, ["a", "b"]),
        ("AND, inputs: {in1: a, in2: a, in3: b}", {"a": F, "b": T}, ["a"]),
        ("OR, inputs: {in1: a, in2: b, in3: c}", {"a": T, "b": F, "c": T}, ["a", "c"]),
        ("OR, inputs: {in1: a, in2: b}", {"a": F, "b": F}, ["a", "b"]),
        ("NAND, inputs: {in1: a, in2: b, in3: c}", {"a": F, "b": F, "c": T}, ["a", "b"]),
        ("NOR, inputs: {in1: a, in2: b, in3: c}", {"a": T, "b": T, "c": F}, ["a", "b"]),
        ("XOR, inputs: {in1: a, in2: b}", {"a": T, "b": F}, ["a", "b"]),
        ("NOT, inputs: {input: a}", {"a": T}, ["a"]),
        ("GT, inputs: {a: x, b: y}", {"x": 3.0, "y": 5.0}, ["x", "y"]),
        ("GT, inputs: {a: x, b: 5.0}", {"x": 3.0}, ["x"]),
        ("EQ, inputs: {a: i, b: j}", {"i": 3, "j": 5}, ["i", "j"]),
        ("ADD, inputs: {in1: x, in2: y}", {"x": 3.0, "y": 5.0}, ["x", "y"]),
        ("SELECT, inputs: {selector: a, in0: x, in1: y}", {"a": F, "x": 1.0, "y": 2.0}, ["a", "x"]),
        ("SELECT, inputs: {selector: a, in0: b, in1: c}", {"a": F, "b": T, "c": T}, ["b"]),
        (
            "MUX, inputs: {selector: i, in0: x, in1: y, in2: z}",
            {"i": 1, "x": 1.0, "y": 2.0, "z": 3.0},
            ["i", "y"],
        ),
        ("LIMIT, inputs: {input: x}, params: {low: 0.0, high: 10.0}", {"x": 50.0}, ["x"]),
        ("EXPR, inputs: {a: a, b: b}, params: {formula: 'a and not b'}", {"a": F, "b": T}, ["a", "b"]),
        ("EXPR, inputs: {a: x, b: b}, params: {formula: 'a > 5 and b'}", {"x": 3.0, "b": F}, ["x", "b"]),
        ("EXPR, inputs: {a: x, b: b}, params: {formula: 'a > 5 and b'}", {"x": 3.0, "b": T}, ["x"]),
        ("DIV, inputs: {a: x, b: y}", {"x": 3.0, "y": 0.0}, ["y"]),
        ("SR_LATCH, inputs: {set: a, reset: b}", {"a": F, "b": T}, ["a", "b"]),
        ("RS_LATCH, inputs: {set: a, reset: b}", {"a": F, "b": T}, ["a", "b"]),
        ("RS_LATCH, inputs: {set: a, reset: b}", {"a": T, "b": T}, ["b"]),
        ("TON, inputs: {input: a}, params: {preset: 1000}", {"a": F}, ["a"]),
        ("TOF, inputs: {input: a}, params: {preset: 1000}", {"a": T}, ["a"]),
        ("VOTE, inputs: {in1: a, in2: b, in3: c}, params: {needed: 2}", {"a": T, "b": F, "c": F}, ["b", "c"]),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) else None,
)
def test_those_inputs_are_named_that_decide(plant, block, signals, expected):
    """Also two that would have to change together; never one that changes nothing."""
    output = "q" if "LATCH" in block or "TO" in block[:3] else "out"
    made = plant(f"- {{name: it, type: {block}, outputs: {{{output}: result}}}}", **signals).scan()
    why = made.why("result")
    assert decisive(why) == expected
    assert why.cause.source == "it"
    assert why.cause.examined
    assert why.cause.others == len(signals) - len(expected)


def test_of_a_thousand_inputs_those_are_named_that_decide(plant):
    wires = ", ".join(f"in{i}: s{i}" for i in range(1, 1001))
    signals = {f"s{i}": i not in (7, 500, 990) for i in range(1, 1001)}
    made = plant(f"- {{name: all, type: AND, inputs: {{{wires}}}, outputs: {{out: y}}}}", **signals).scan()
    assert decisive(made.why("y")) == ["s7", "s500", "s990"]


def test_of_more_inputs_than_are_shown_a_forced_one_is_not_left_out(plant):
    wires = ", ".join(f"in{i}: s{i}" for i in range(1, 101))
    made = plant(
        f"- {{name: all, type: OR, inputs: {{{wires}}}, outputs: {{out: y}}}}",
        **{f"s{i}": F for i in range(1, 101)},
    ).scan()
    why = made.force("s70", F).why("y")
    assert (len(why.cause.inputs), why.cause.left_out) == (20, 80)
    assert why.answer.startswith("y is false because s70 is false: ann holds it by force at false since ")


def test_a_latch_that_was_set_says_that_it_remembers(plant):
    made = plant("- {name: l, type: SR_LATCH, inputs: {set: a, reset: b}, outputs: {q: y}}", a=F, b=F)
    made.scan(a=T).scan(a=F)
    cause = made.why("y").cause
    assert (cause.value, cause.remembers) == (True, (("latched", True),))
    assert [made.why("y").causes[each.cause].signal for each in cause.inputs] == ["b"]


def test_a_tripped_interlock_names_its_reset(plant):
    made = plant(
        "- {name: i, type: INTERLOCK, inputs: {request: a, reset: r, in1: ok}, outputs: {run: y}}",
        a=T,
        ok=T,
        r=F,
    )
    made.scan().scan(ok=F).scan(ok=T)
    assert decisive(made.why("y")) == ["r"]


@pytest.mark.parametrize(
    ("block", "before", "now", "left", "becomes"),
    [
        ("TON", F, T, 0.7, True),
        ("TOF", T, F, 0.7, False),
        ("TP", F, T, 0.7, False),
    ],
)
def test_a_timer_says_how_long_is_left(plant, block, before, now, left, becomes):
    text = f"- {{name: t, type: {block}, inputs: {{input: a}}, params: {{preset: 1000}}, outputs: {{q: y}}}}"
    made = plant(text, a=before).scan().scan(4, a=now)
    cause = made.why("y").cause
    assert cause.remaining_s == pytest.approx(left)
    assert cause.becomes is becomes
    made.scan(6)
    assert made.why("y").cause.remaining_s == pytest.approx(0.1)
    made.scan(2)
    assert made.why("y").cause.remaining_s is None
    assert made.why("y").cause.value is becomes


def test_an_edge_is_a_pulse_of_one_scan(plant):
    made = plant("- {name: e, type: R_TRIG, inputs: {clk: a}, outputs: {q: y}}", a=F).scan().scan(a=T)
    cause = made.why("y").cause
    assert (cause.value, cause.pulse, cause.examined) == (True, True, False)
    made.scan()
    assert not made.why("y").cause.pulse


def test_what_a_block_remembers_and_gives_is_not_touched(plant):
    """Also of a block whose step is called: the plant has its own instance."""
    made = plant(
        "- {name: t, type: TON, inputs: {input: a}, params: {preset: 1000}, outputs: {q: y}}\n"
        "- {name: n, type: COUNTER, inputs: {enable: y}, outputs: {count: n}}\n"
        "- {name: c, type: CALLED, inputs: {a: a}, outputs: {out: z}}\n",
        Own([Called]),
        a=T,
    )
    made.scan(5)
    unit = next(u for u in made.tasks[0].program.units if u.wired.name == "c")
    before = made.store.values.copy(), made.tasks[0].program.states.copy(), vars(unit.instance).copy()
    for name in ("y", "n", "z"):
        made.why(name)
    assert (made.store.values, made.tasks[0].program.states, vars(unit.instance)) == before


def test_what_is_asked_is_one_moment_however_long_the_answer_takes(plant):
    made = plant(
        "- {name: t, type: TON, inputs: {input: a}, params: {preset: 1000}, outputs: {q: y}}", a=F
    ).scan()
    taken = made.scan(4, a=T).evidence()
    made.scan(20)
    cause = explain(taken, "y").cause
    assert (cause.value, cause.remaining_s) == (False, pytest.approx(0.7))


class Called(Block, type="CALLED"):
    """Not written into the program."""

    a = In(bool)
    out = Out(bool)

    def step(self, dt):
        self.out = [self.a][0]


class Raises(Block, type="RAISES"):
    """Raises unless it is told not to."""

    a = In(bool)
    quiet = In(bool)
    out = Out(bool)

    def step(self, dt):
        if not self.quiet:
            raise SystemExit("out of order")
        self.out = self.a


class Endless(Block, type="ENDLESS"):
    """Never ends with an input that the plant never has."""

    a = In(bool)
    b = In(bool)
    out = Out(bool)

    def step(self, dt):
        while not self.a:
            try:
                self.out = False
            except Exception:  # noqa: BLE001 - as plugins are
                continue
        self.out = self.a and self.b


class Once(Block, type="ONCE"):
    """Its class makes no second instance."""

    made = 0
    a = In(bool)
    b = In(bool)
    out = Out(bool)

    def __init__(self, **params):
        super().__init__(**params)
        if Once.made:
            raise RuntimeError("there is one already")

    def step(self, dt):
        Once.made = 1
        self.out = self.a and self.b


class Own:
    """A plugin with the blocks of a test."""

    PETRA_API = 1

    def __init__(self, blocks):
        self._blocks = blocks

    @hookimpl
    def petra_blocks(self):
        return self._blocks


def test_a_step_that_raises_is_a_fault_and_names_what_would_mend_it(plant):
    made = plant(
        "- {name: r, type: RAISES, inputs: {a: a, quiet: q}, outputs: {out: y}}", Own([Raises]), a=T, q=F
    )
    why = made.scan().why("y")
    assert why.cause.kind is CauseKind.FAULT
    assert why.cause.fault == "SystemExit: out of order"
    assert decisive(why) == ["q"]
    assert why.answer == "y is bad because block r (RAISES) fails: SystemExit: out of order"


def test_a_block_that_is_made_once_only_shows_all_its_inputs(plant):
    Once.made = 0
    made = plant("- {name: o, type: ONCE, inputs: {a: a, b: b}, outputs: {out: y}}", Own([Once]), a=T, b=F)
    why = made.scan().why("y")
    assert decisive(why) == ["a", "b"]
    assert not why.cause.examined


def test_a_step_that_never_ends_with_other_inputs_is_left(plant):
    made = plant(
        "- {name: e, type: ENDLESS, inputs: {a: a, b: b}, outputs: {out: y}}", Own([Endless]), a=T, b=F
    ).scan()
    before = sys.gettrace()
    why = made.why("y", budget=Budget(seconds=0.05))
    assert decisive(why) == ["a", "b"]
    assert not why.cause.examined
    assert sys.gettrace() is before


def test_an_answer_that_costs_too_much_shows_all_inputs(plant):
    """A step may take any time: what is left of an answer is not examined, and there is one all the same."""
    made = plant("- {name: g, type: AND, inputs: {in1: a, in2: b}, outputs: {out: y}}", a=T, b=F).scan()
    for budget in (Budget(runs=0), Budget(runs=1), Budget(seconds=0.0)):
        why = made.why("y", budget=budget)
        assert decisive(why) == ["a", "b"]
        assert not why.cause.examined
