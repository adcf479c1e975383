"""Where values that look equal are not: a step computes the same bits written into a program and called."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest

from petra import Block, In, Out, Param, State
from petra.scan import Bench
from petra.scan.template import Templates

GAIN = -3.0


def half(value: float) -> float:
    return value / 2


def whole(value: float) -> int:
    return int(value)


def said(value: float) -> str:
    return f" {value} "


class Functions(Block, type="FUNCTIONS"):
    """Stores what functions of its module return, which is of another type than what they are given."""

    f = In(float)
    n = In(int)
    number = Out(float)
    count = Out(int)
    switch = Out(bool)
    spoken = Out(float)
    rounded = Out(float)
    power = Out(float)
    shifted = Out(int)
    left = Out(int)
    right = Out(int)
    both = Out(int)
    negative = Out(int)
    either = Out(int)
    chosen = Out(int)
    compared = Out(float)
    kept = State(0.0)

    def step(self, dt):
        self.number = whole(self.f)
        self.count = half(self.n)
        self.switch = whole(self.f)
        self.spoken = said(self.f)
        self.rounded = round(self.f)
        self.power = self.n**2
        self.shifted = 1 << self.n
        self.left = half(self.n) * 3
        self.right = 3 * half(self.n)
        self.both = half(self.n) - half(self.n - 1)
        self.negative = -half(self.n)
        self.either = self.n > 9 or half(self.n)
        self.chosen = self.n if self.n > 9 else half(self.n)
        self.compared = self.n > 1
        self.kept = whole(self.f)


class Extremes(Block, type="EXTREMES"):
    """The least and the most of two and of three."""

    x = In(float)
    y = In(float)
    low = Out(float)
    high = Out(float)
    lowest = Out(float)
    highest = Out(float)

    def step(self, dt):
        self.low = min(self.x, self.y)
        self.high = max(self.x, self.y)
        self.lowest = min(self.x + 0.0, self.y, 1.0)
        self.highest = max(-1.0, self.x, self.y + 0.0)


class Signs(Block, type="SIGNS"):
    """Signs and magnitudes of a bool, which Python takes for a number."""

    b = In(bool)
    minus = Out(bool)
    plus = Out(bool)
    magnitude = Out(bool)
    number = Out(int)
    fraction = Out(float)

    def step(self, dt):
        self.minus = -self.b
        self.plus = +self.b
        self.magnitude = abs(self.b)
        self.number = -self.b
        self.fraction = -self.b


class Powers(Block, type="POWERS"):
    """Powers of what may be negative: a parameter, a constant input, a constant of the module."""

    at = In(float, default=-3.0)
    by = Param(float, default=-3.0)
    whole = Param(int, default=-3)
    of_input = Out(float)
    of_param = Out(float)
    of_whole = Out(int)
    of_constant = Out(float)

    def step(self, dt):
        self.of_input = self.at**2
        self.of_param = self.by**2
        self.of_whole = self.whole**2
        self.of_constant = GAIN**2


def bits(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value


def outputs(cls: type[Block], inputs: dict[str, Any], *, inline: bool, **params: Any) -> dict[str, Any]:
    bench = Bench(cls, inputs, params=params, inline=inline)
    bench.scan()
    assert bench.fault == ""
    bus = bench.bus
    return {name: bus.store.values[bus.layout.index[f"out.{name}"]] for name in cls.spec.outputs}


@pytest.mark.parametrize("cls", [Extremes, Signs, Powers, Functions], ids=lambda cls: cls.__name__)
def test_these_steps_are_written_out(cls):
    assert Templates().reason(cls) == ""


@pytest.mark.parametrize(
    ("x", "y"), [(0.0, -0.0), (-0.0, 0.0), (math.nan, 0.5), (0.5, math.nan), (0.5, 0.5), (-1.0, 1.0)]
)
@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_of_equals_and_beside_nan_min_and_max_give_the_first_as_python_does(x, y, inline):
    found = outputs(Extremes, {"x": x, "y": y}, inline=inline)
    expected = {
        "low": min(x, y),
        "high": max(x, y),
        "lowest": min(x + 0.0, y, 1.0),
        "highest": max(-1.0, x, y + 0.0),
    }
    assert {name: bits(value) for name, value in found.items()} == {
        name: bits(value) for name, value in expected.items()
    }


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
@pytest.mark.parametrize("value", [True, False])
def test_the_negative_of_a_bool_is_a_number_and_is_stored_as_what_the_output_holds(value, inline):
    found = outputs(Signs, {"b": value}, inline=inline)
    expected = {
        "minus": value,
        "plus": value,
        "magnitude": value,
        "number": -int(value),
        "fraction": float(-int(value)),
    }
    assert {name: bits(each) for name, each in found.items()} == {
        name: bits(each) for name, each in expected.items()
    }


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_a_negative_parameter_keeps_its_sign_within_a_power(inline):
    expected = {"of_input": 9.0, "of_param": 9.0, "of_whole": 9, "of_constant": 9.0}
    assert outputs(Powers, {}, inline=inline) == expected
    given = outputs(Powers, {}, inline=inline, by=-2.0, whole=-4)
    assert given == {**expected, "of_param": 4.0, "of_whole": 16}


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_what_a_function_returns_is_stored_as_what_the_output_holds(inline):
    found = outputs(Functions, {"f": 7.0, "n": 5}, inline=inline)
    expected = {
        "number": 7.0,
        "count": 2,
        "switch": True,
        "spoken": 7.0,
        "rounded": 7.0,
        "power": 25.0,
        "shifted": 32,
        "left": 8,
        "right": 8,
        "both": 0,
        "negative": -2,
        "either": 2,
        "chosen": 2,
        "compared": 1.0,
    }
    assert {name: bits(each) for name, each in found.items()} == {
        name: bits(each) for name, each in expected.items()
    }


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_a_state_is_of_its_own_type_whatever_was_assigned(inline):
    bench = Bench(Functions, {"f": 7.0, "n": 80}, inline=inline)
    bench.scan()
    assert bits(bench.program.snapshot()["block"]["kept"]) == bits(7.0)
    assert bench.outputs()["shifted"] == 2**63 - 1
