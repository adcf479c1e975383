"""Groups of signals: unit, limits, category and description come down the tree of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra.config import load_bytes
from petra.engine import Engine
from petra.plugin import Catalog

CATALOG = Catalog.load()


def loaded(text):
    return load_bytes(text.encode(), CATALOG)


def signals(text):
    found = loaded(text)
    assert found.configuration is not None, [str(p) for p in found.problems]
    return {signal.name: signal for signal in found.configuration.plant.signals}


TEXT = """
groups:
  - {name: pump1, description: Feed pump, category: pumps, unit: A}
  - {name: pump1.motor, unit: kW, minimum: 0, maximum: 40}
signals:
  - {name: pump1.run, type: bool}
  - {name: pump1.current}
  - {name: pump1.motor.power, description: Electric, maximum: 30}
  - {name: pump1.motor.starts, type: int}
  - {name: pump10.current}
  - {name: pump1/oil}
  - {name: pump1, type: int}
"""


def test_the_nearest_group_counts_and_the_signal_itself_before_all():
    found = signals(TEXT)
    power = found["pump1.motor.power"]
    assert (power.unit, power.minimum, power.maximum) == ("kW", 0, 30)
    assert (power.description, power.category) == ("Electric", "pumps")
    assert (found["pump1.current"].unit, found["pump1.current"].maximum) == ("A", None)
    assert found["pump1/oil"].unit == "A"
    assert found["pump1.motor.starts"].maximum == 40


def test_a_switch_has_neither_unit_nor_limits_and_others_belong_to_no_group():
    found = signals(TEXT)
    assert (found["pump1.run"].unit, found["pump1.run"].category) == ("", "pumps")
    assert found["pump10.current"].unit == ""
    assert found["pump1"].category == "", "it is the group's name, not below it"


@pytest.mark.skipif(CATALOG.section("modbus") is None, reason="petra-modbus is not installed")
def test_outputs_of_blocks_and_points_belong_to_groups_too():
    found = signals("""
groups: [{name: tank, unit: m, category: tanks}]
signals: [{name: tank.a}]
blocks:
  - {name: b, type: ADD, inputs: {in1: tank.a, in2: 1.0}, outputs: {out: tank.sum}}
modbus:
  - {name: plc, transport: {host: 127.0.0.1}, points: [{signal: tank.level, address: 1}]}
""")
    assert found["tank.sum"].unit == found["tank.level"].unit == "m"
    assert found["tank.level"].category == "tanks"


def test_the_bus_holds_the_limits_of_a_group():
    engine = Engine(loaded(TEXT).configuration, CATALOG)
    with pytest.raises(Exception, match="40"):
        engine.bus.write("pump1.motor.starts", 41)
    engine.bus.write("pump1.current", 1e6)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("groups: [{name: p, maximum: 1}]\nsignals: [{name: p.a, minimum: 2}]", "1 of its group is below"),
        ("groups: [{name: p, minimum: 3, maximum: 1}]\nsignals: [p.a]", "1:41: "),
        ("groups: [{name: p}, {name: p}]\nsignals: [p.a]", "'p'"),
        ("groups: [{name: p, maximum: 1}]\nsignals: [{name: p.a, initial: 2}]", "above the maximum, 1"),
        ("groups: [{name: pmup}]\nsignals: [pump.a]", "did you mean 'pump'?"),
        ("groups: {p: {unit: m}}\nsignals: [p.a]", "expected a list"),
        ("groups: [{name: p, units: m, safe: 1}]\nsignals: [p.a]", "no 'safe' here"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, problem):
    said = [str(each) for each in loaded(text).problems]
    assert [line for line in said if problem in line] == said


PARTS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(tuple)


@given(st.dictionaries(PARTS, st.sampled_from(["", "m", "s"]), max_size=6), PARTS)
def test_inheritance_is_that_of_the_longest_prefix(groups, name):
    lines = "".join(f"  - {{name: {'.'.join(key)}, unit: '{unit}'}}\n" for key, unit in groups.items())
    text = f"signals: [{{name: {'.'.join(name)}.x}}]\n" + (f"groups:\n{lines}" if groups else "")
    expected = next((groups[key] for n in range(len(name), 0, -1) if groups.get(key := name[:n])), "")
    assert signals(text)[f"{'.'.join(name)}.x"].unit == expected
