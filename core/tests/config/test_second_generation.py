"""The schema of the original's second generation loads: with an effect, with a note, or with one hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.config.problems import Severity
from petra.engine import build
from petra.library import plugin

PATH = Path(__file__).parent / "originals" / "second-generation.yaml"


@pytest.fixture(scope="module")
def library() -> Catalog:
    return Catalog.of(plugin)


@pytest.fixture(scope="module")
def loaded(library):
    return load_bytes(PATH.read_bytes(), library, {}, name="second.yaml")


def test_all_of_it_loads(loaded):
    assert loaded.configuration is not None, "\n".join(map(str, loaded.problems))
    assert {p.severity for p in loaded.problems} == {Severity.NOTE}


def test_what_has_an_effect(loaded, library):
    plant = loaded.configuration.plant
    level, starts = plant.signals[:2]
    assert (level.unit, level.minimum, level.maximum, level.initial) == ("cm", 0.0, 200.0, 50.0)
    assert (starts.type.value, starts.initial) == ("int", 0)
    assert [block.name for block in plant.blocks] == ["too_high", "watch"]
    layout = build(plant, library).layout
    signal = layout.signals[layout.index["tank.level"]]
    assert (signal.minimum, signal.maximum, signal.unit) == (0.0, 200.0, "cm")
    assert layout.signals[layout.index["drain.open"]].written_by == ""


def test_what_has_none_is_noted_once_with_its_place(loaded):
    notes = {p.message.split("'")[1]: p for p in loaded.problems if p.code == "no-effect"}
    assert notes.keys() == {
        "max_scan_jitter_ms", "error_recovery", "max_consecutive_errors", "restart_delay_ms", "realtime",
        "update_frequency_ms", "log_to_history", "log_interval_ms", "enable_alarms", "quality_enabled",
        "priority", "circuit_breaker", "validation", "history", "health", "logging",
    }  # fmt: skip
    history = notes["log_to_history"]
    assert str(history) == (
        "second.yaml:33:5: note: signals[0].log_to_history: 'log_to_history' has no effect: this version has "
        "no history (2 times; this is the first) [no-effect]"
    )
    (disabled,) = (p for p in loaded.problems if p.code == "disabled-block")
    assert (disabled.path, disabled.line) == ("blocks[1].enabled", 63)


@pytest.mark.parametrize(
    ("signal", "code", "said"),
    [
        ("type: int, min_value: 5, max_value: 4", "bad-value", "the maximum 4 is below the minimum 5"),
        ("minimum: 5, initial: 4.5", "bad-value", "4.5 is below the minimum, 5"),
        ("max_value: 5, initial_value: 6", "bad-value", "6 is above the maximum, 5"),
        ("maximum: 5, safe: 6", "bad-value", "6 is above the maximum, 5"),
        ("type: bool, min_value: 0", "bad-value", "the signal is bool: only numbers have limits"),
        ("minimum: low", "wrong-type", "expected a whole number or a number, not low"),
        ("minimum: .inf", "bad-value", ".inf is not a finite number"),
        ("minimum: 1, min_value: 1", "duplicate-key", "'min_value' and another key here both mean 'minimum'"),
        ("type: integr", "bad-value", "not one of bool, int, float, string"),
    ],
)
def test_limits_and_types(check, signal, code, said):
    result = check(f"signals:\n- {{name: a, {signal}}}\n")
    assert result.codes == [code]
    assert said in result.text


@pytest.mark.parametrize("signal", ["minimum: 5, maximum: 5, initial: 5", "type: integer, min_value: 0.5"])
def test_good_limits(check, signal):
    assert check(f"signals:\n- {{name: a, {signal}}}\n").good


def test_a_type_that_does_not_exist_is_reported_beside_other_mistakes(check):
    result = check("""
        blocks:
        - {name: a, type: GTT, colour: red}
        - {name: a b, type: TONN}
        - {name: c, type: GT, colour: red, inputs: {a: 1, b: 2}}
        - {name: d, colour: red}
    """)
    assert sorted(p.message for p in result.loaded.problems if p.code == "unknown-block-type") == [
        "no installed plugin provides the block type 'GTT'",
        "no installed plugin provides the block type 'TONN'",
    ]


def test_sections_of_drivers_stand_under_protocols_as_well(check):
    made = check("protocols:\n  meter: {host: a, points: [{signal: x, register: 1}]}\n").good
    assert [meter.host for meter in made.sections["meter"]] == ["a"]
    assert [signal.name for signal in made.plant.signals] == ["x"]
    problem = check("meter: {host: a}\nprotocols:\n  meter: {host: b}\n").only
    assert (problem.code, problem.line, problem.column) == ("duplicate-key", 3, 3)
    assert check("protocols: [meter]\n").only.code == "wrong-type"
    assert check("protocols: {metre: {}}\n").only.code == "unknown-section"


def test_signals_of_a_section_to_come_are_there(check, meter_catalog):
    text = """
        mqtt:
          subscriptions:
          - {topic: a, signal: outside, data_type: bool}
          - {topic: b, signal: warm}
        blocks:
        - {name: late, type: TON, inputs: {in: outside}, outputs: {q: c}}
        - {name: hot, type: GT, inputs: {a: warm, b: 5}, outputs: {out: d}}
    """
    result = check(text)
    assert result.codes == ["not-yet"]
    types = {signal.name: signal.type.value for signal in result.good.plant.signals}
    assert types == {"c": "bool", "d": "bool", "outside": "bool", "warm": "float"}
    assert build(result.good.plant, meter_catalog).layout.index.keys() >= types.keys()
    assert check(text.replace("in: outside", "in: outsid")).codes == ["not-yet", "unknown-signal"]


def test_a_disabled_block_is_checked(check):
    result = check("blocks:\n- {name: a, type: TON, enabled: false, params: {pt: -1}}\n")
    assert sorted(result.codes) == ["bad-value", "disabled-block", "missing-input"]


def test_a_signal_that_a_disabled_block_writes_may_be_written_by_another(check):
    result = check("""
        signals: [{name: a, type: bool}]
        blocks:
        - {name: one, type: TON, enabled: false, inputs: {in: a}, outputs: {q: b}}
        - {name: two, type: TON, inputs: {in: a}, outputs: {q: b}}
    """)
    assert result.codes == ["disabled-block"]
    assert [block.name for block in result.good.plant.blocks] == ["two"]


def test_a_key_for_people_is_not_read(check):
    """A connection behind an anchor is one connection, where it is used."""
    result = check("""
        x-meter: &meter
          host: a
          points: [{signal: x, register: 1}]
        meter: *meter
    """)
    assert result.codes == []
    assert [meter.host for meter in result.good.sections["meter"]] == ["a"]


def test_the_two_meanings_of_a_latch(library):
    text = "blocks:\n- {name: a, type: %s, inputs: {set: true, reset: false}, outputs: {q: b}}\n"
    (problem,) = load_bytes((text % "SR_LATCH").encode(), library, {}).problems
    assert (problem.code, problem.severity, problem.line, problem.column) == (
        "two-meanings",
        Severity.WARNING,
        2,
        19,
    )
    assert problem.hint == "write SR to set it, or RS to reset it"
    for name in ("SR", "RS", "RS_LATCH"):
        assert load_bytes((text % name).encode(), library, {}).problems == ()
