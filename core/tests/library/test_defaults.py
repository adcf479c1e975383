"""What documents count on: what a parameter is when it is left out, and how far it may go."""

from __future__ import annotations

import math

import pytest

from petra import Catalog
from petra.library import plugin
from petra.scan import Bench, TuningError

BLOCKS = {offer.name: offer.thing for offer in Catalog.of(plugin).offers()}

DEFAULTS = {
    "CONVERT": {"target_type": ""},
    "TON": {"preset_ms": 1000.0},
    "TOF": {"preset_ms": 1000.0},
    "TP": {"preset_ms": 1000.0},
    "TONR": {"reset": False, "preset_ms": 1000.0},
    "CTU": {"reset": False, "pv": 0},
    "CTD": {"load": False, "pv": 0},
    "CTUD": {"cd": False, "reset": False, "load": False, "pv": 0},
    "COUNTER": {"increment": 1, "enable": True, "reset": False},
    "FLIP_FLOP": {"reset": False},
    "IS_GOOD": {"uncertain": False},
    "FALLBACK": {"uncertain": False},
    "SCALE": {"in_min": 0.0, "in_max": 100.0, "out_min": 0.0, "out_max": 1.0},
    "LIMIT": {"minimum": 0, "maximum": 100},
    "DEADBAND": {"width": 1.0},
    "RAMP": {"rate_up": 1.0, "rate_down": -1.0},
    "LAG": {"time_s": 1.0},
    "LEADLAG": {"gain": 1.0, "lead_s": 0.0, "lag_s": 1.0},
    "STATISTICS": {"window_size": 10},
    "AVG": {"window_size": 1},
    "MEDIAN": {"window_size": 1},
    "MIN_MAX": {"window_size": 100},
    "STDDEV": {"window_size": 100},
    "TOTALIZER": {"per_s": 3600.0, "reset": False},
    "RUNTIME": {"reset": False},
    "PACK": {f"bit{number}": False for number in range(32)},
    "MID": {"position": 1},
    "FORMAT": dict.fromkeys("abcdefgh", ""),
    "PID": {
        "kp": 1.0,
        "ki": 0.0,
        "kd": 0.0,
        "out_min": 0.0,
        "out_max": 100.0,
        "action": "reverse",
        "man": False,
        "man_out": math.nan,
        "reset": False,
    },
    "VOTE": {"needed": 2},
    "INTERLOCK": {"request": True, "reset": False},
    "LEAD_LAG_PUMPS": {"available1": True, "available2": True},
    "SEQUENCE": {"steps": 8, "step_ms": 0.0, "repeat": False, "run": True, "next": False, "reset": False},
    "SCHEDULE": {"begin": "08:00", "end": "17:00", "days": "mon-sun", "day": 0},
    "EXPR": dict.fromkeys("abcdefgh", 0.0),
    "DATA_GENERATOR": {
        "shape": "sine",
        "frequency": 1.0,
        "amplitude": 1.0,
        "offset": 0.0,
        "seed": 1,
        "enable": True,
    },
    "TANK_SIMULATION": {
        "capacity_gallons": 200_000.0,
        "height_feet": 25.0,
        "initial_percent": 50.0,
        "inflow": 0.0,
        "outflow": 0.0,
    },
}


def declared(cls: type) -> dict[str, object]:
    spec = cls.spec
    members = [*spec.params.values(), *(port for port in spec.inputs.values() if port.constant)]
    return {member.name: member.default for member in members if member.default is not None}


def test_what_is_left_out_is_what_it_always_was():
    """Another default would change plants whose documents do not give the parameter."""
    found = {name: declared(cls) for name, cls in BLOCKS.items() if declared(cls)}
    as_text = {name: {n: repr(value) for n, value in params.items()} for name, params in found.items()}
    assert as_text == {name: {n: repr(v) for n, v in params.items()} for name, params in DEFAULTS.items()}


BOUNDS = [
    ("TON", {"input": True}, "preset_ms", [0.0, 1e12], [-0.001]),
    ("TOF", {"input": True}, "preset_ms", [0.0], [-0.001]),
    ("TP", {"input": True}, "preset_ms", [0.0], [-0.001]),
    ("TONR", {"input": True}, "preset_ms", [0.0], [-0.001]),
    ("DEADBAND", {"input": 1.0}, "width", [0.0], [-0.001]),
    ("RAMP", {"input": 1.0}, "rate_up", [0.0], [-0.001]),
    ("RAMP", {"input": 1.0}, "rate_down", [-1.0, 0.0, 5.0], [-1.001]),
    ("LAG", {"input": 1.0}, "time_s", [0.0], [-0.001]),
    ("LEADLAG", {"input": 1.0}, "lead_s", [0.0], [-0.001]),
    ("LEADLAG", {"input": 1.0}, "lag_s", [0.0], [-0.001]),
    ("STATISTICS", {"input": 1.0}, "window_size", [1, 10_000], [0, 10_001]),
    ("AVG", {"in1": 1.0}, "window_size", [1, 10_000], [0, 10_001]),
    ("MEDIAN", {"in1": 1.0}, "window_size", [1, 1_000], [0, 1_001]),
    ("MIN_MAX", {"input": 1.0}, "window_size", [1, 10_000], [0, 10_001]),
    ("STDDEV", {"input": 1.0}, "window_size", [1, 10_000], [0, 10_001]),
    ("TOTALIZER", {"rate": 1.0}, "per_s", [0.001, 86_400.0], [0.0, -1.0]),
    ("VOTE", {"a": True, "b": True, "c": True}, "needed", [1, 3], [0]),
    ("SEQUENCE", {}, "steps", [1, 1_000], [0, 1_001]),
    ("SEQUENCE", {}, "step_ms", [0.0], [-0.001]),
    ("DATA_GENERATOR", {}, "frequency", [0.0], [-0.001]),
    ("DATA_GENERATOR", {}, "seed", [0, 2**31 - 1], [-1, 2**31]),
    ("TANK_SIMULATION", {}, "capacity_gallons", [0.001], [0.0]),
    ("TANK_SIMULATION", {}, "height_feet", [0.001], [0.0]),
    ("TANK_SIMULATION", {}, "initial_percent", [0.0, 100.0], [-0.001, 100.001]),
]


@pytest.mark.parametrize(("kind", "inputs", "name", "good", "bad"), BOUNDS, ids=lambda value: str(value)[:20])
def test_a_parameter_goes_to_its_bound_and_not_beyond(kind, inputs, name, good, bad):
    for value in good:
        BLOCKS[kind](**{name: value})
        Bench(BLOCKS[kind], inputs).program.tune("block", name, value)
    for value in bad:
        with pytest.raises(ValueError, match=rf"{kind}\.{name} "):
            BLOCKS[kind](**{name: value})
        with pytest.raises(TuningError, match=rf"{kind}\.{name} "):
            Bench(BLOCKS[kind], inputs).program.tune("block", name, value)
