"""From a signal to what is behind it: loops, depth, quality, forces, and what a person reads."""

from __future__ import annotations

import msgspec
import pytest
from attrs import evolve

from petra.signals import Quality, UnknownSignalError
from petra.why import CauseKind, Why, tree
from petra.why.values import DEPTH, MOST

F, T = False, True
PUMP = """
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: level_ok}}
- {name: seal, type: OR, inputs: {in1: start, in2: run}, outputs: {out: wanted}}
- {name: free, type: NOT, inputs: {input: stop}, outputs: {out: not_stop}}
- {name: release, type: AND, inputs: {in1: wanted, in2: not_stop, in3: level_ok}, outputs: {out: run}}
"""


@pytest.fixture
def pump(plant):
    return plant(PUMP, level=9.0, start=F, stop=F).scan()


def lines(why):
    return list(tree(why))


def test_a_seal_in_is_shown_once(pump):
    """The loop ends where it began, and both the button and the seal are named."""
    why = pump.why("run")
    assert [cause.signal for cause in why.causes] == ["run", "wanted", "start"]
    wanted = why.causes[1]
    assert [(each.port, why.causes[each.cause].signal) for each in wanted.inputs] == [
        ("in1", "start"),
        ("in2", "run"),
    ]
    text = "\n".join(lines(why))
    assert text.count("run = false") == 2
    assert text.count("a loop: it is one of its own causes, shown above") == 1
    assert why.answer == (
        "run is false because wanted is false, because start is false: "
        "nothing has written it since the start: it has its initial value"
    )


def test_what_runs_by_its_seal_in_says_so(pump):
    why = pump.scan(start=T).scan(start=F).why("run")
    assert why.cause.value is True
    assert [each.signal for each in why.causes] == ["run", "wanted", "not_stop", "level_ok", "stop", "level"]


def test_the_sentence_goes_to_a_bad_input(pump):
    pump.scan(start=T).scan(level=3.0)
    pump.bad("level")
    why = pump.why("run")
    assert why.causes[0].is_good is False
    assert "because level is bad: plc1 does not answer" in why.answer
    level = next(cause for cause in why.causes if cause.signal == "level")
    assert (level.quality, level.reason) == (Quality.BAD, "plc1 does not answer")


def test_what_is_beside_a_bad_input_is_not_in_the_sentence(plant):
    made = plant(
        "- {name: high, type: GT, inputs: {a: level, b: top}, outputs: {out: y}}", level=9.0, top=5.0
    )
    made.scan().bad("level")
    assert made.why("y").answer == "y is true and bad because level is bad: plc1 does not answer"


def test_of_two_inputs_the_bad_one_is_why_the_output_is_bad(plant):
    made = plant("- {name: g, type: AND, inputs: {in1: a, in2: b}, outputs: {out: y}}", a=T, b=T)
    made.scan().bad("b")
    assert made.why("y").answer == "y is true and bad because b is bad: plc1 does not answer"


def test_a_bad_input_is_followed_even_if_no_value_of_it_changes_the_output(plant):
    made = plant("- {name: g, type: MUL, inputs: {in1: a, in2: b}, outputs: {out: y}}", a=0.0, b=5.0)
    made.scan().bad("b")
    why = made.why("y")
    assert [(why.causes[i.cause].signal, i.flawed, i.decides) for i in why.cause.inputs] == [
        ("b", True, False),
        ("a", False, True),
    ]
    assert why.answer == "y is 0 and bad because b is bad: plc1 does not answer"


def test_a_bad_input_that_does_not_matter_is_not_named(pump):
    """An AND with a good false is a good false: the device that is away is not why."""
    pump.scan(start=T).scan(stop=T)
    pump.bad("level")
    why = pump.why("run")
    assert why.cause.is_good
    assert "level" not in {cause.signal for cause in why.causes}


def test_a_force_ends_the_search_and_says_what_would_be(pump):
    pump.scan(start=T)
    why = pump.force("wanted", F).why("run")
    wanted = why.causes[1]
    assert (wanted.kind, wanted.force.actor, wanted.otherwise) == (CauseKind.FORCE, "ann", True)
    assert wanted.inputs == ()
    assert why.answer.startswith(
        "run is false because wanted is false: ann holds it by force at false since "
    )
    assert any("without the force, block seal (OR) would give true" in line for line in lines(why))


def test_a_second_thing_that_holds_it_is_in_the_sentence(pump):
    why = pump.force("not_stop", F).why("run")
    assert why.answer.startswith("run is false because not_stop is false: ann holds it by force")
    assert why.answer.endswith("; besides, wanted is false")


def test_a_waiting_timer_is_in_the_sentence(plant):
    made = plant(
        "- {name: delay, type: TON, inputs: {input: a}, params: {preset: 60000}, outputs: {q: b}}\n"
        "- {name: copy, type: AND, inputs: {in1: b}, outputs: {out: c}}",
        a=T,
    )
    assert (
        made.scan(11).why("c").answer == "c is false because b is false: delay (TON) waits, 59 s until true"
    )


def test_the_tree_as_it_is_read(plant):
    made = plant(
        "- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: ok}}\n"
        "- {name: both, type: AND, inputs: {in1: ok, in2: hand, in3: auto}, outputs: {out: run}}",
        level=3.5,
        hand=F,
        auto=T,
    )
    why = made.scan().why("run")
    shown = lines(_timeless(why))
    assert shown == [
        "run is false because ok is false and hand is false",
        "",
        "run = false",
        "│ block both (AND)",
        "│ 1 other input would change nothing now",
        "├─ in1: ok = false",
        "│  │ block high (GT: b 5)",
        "│  └─ a: level = 3.5",
        "│       nothing has written it since the start: it has its initial value",
        "└─ in2: hand = false",
        "     nothing has written it since the start: it has its initial value",
    ]


def _timeless(why):
    return evolve(why, causes=tuple(evolve(cause, since=0) for cause in why.causes))


def test_a_chain_of_ten_thousand_blocks_has_an_answer(plant):
    """As deep as was asked for and as large as one answer is; it goes through the channel at any depth."""
    blocks = [
        f"- {{name: b{i}, type: NOT, inputs: {{input: s{i}}}, outputs: {{out: s{i + 1}}}}}"
        for i in range(10_000)
    ]
    made = plant("\n".join(blocks), s0=F).scan()
    why = made.why("s10000")
    assert len(why.causes) == DEPTH + 1
    assert why.causes[-1].cut
    assert not why.causes[-2].cut
    assert "--depth shows more" in lines(why)[-1]
    deepest = made.why("s10000", depth=10**9)
    assert len(deepest.causes) == MOST
    assert deepest.causes[-1].left_out == 1
    assert len(lines(deepest)) == 2 + 2 * MOST + 1
    again = msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(deepest)), Why)
    assert again == deepest
    assert len(why.answer) < 500


def test_without_depth_only_the_signal_is_told(pump):
    why = pump.why("run", depth=0)
    assert [cause.signal for cause in why.causes] == ["run"]
    assert why.cause.cut


def test_an_unknown_signal_suggests_the_closest(pump):
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        pump.why("levle")


def test_what_a_device_sends_cannot_write_to_the_terminal(plant):
    made = plant("- {name: e, type: EQ, inputs: {a: label, b: \"'x'\"}, outputs: {out: y}}", label="").scan(
        label="\x1b[2J\nrun = true"
    )
    made.bad("label", "odd \x1b]0;reason\a")
    for line in lines(made.why("y")):
        assert line.isprintable()


def test_every_kind_of_value_crosses_the_channel(plant):
    made = plant(
        "- {name: f, type: FORMAT, inputs: {a: x, b: i, c: b, d: t}, params: {template: '{a} {b} {c} {d}'}, "
        "outputs: {out: y}}",
        x=1.5,
        i=2**62,
        b=T,
        t="abc",
    ).scan()
    why = made.why("y")
    again = msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(why)), Why)
    assert again == why
    assert [type(cause.value) for cause in again.causes] == [type(cause.value) for cause in why.causes]
