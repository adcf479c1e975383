"""What an unwired output costs: nothing, unless its computation may fail or is read again."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from petra import Block, In, Out, State
from petra.scan import Network, Place, Program, Resolution, wire
from petra.signals import LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock


class Spare(Block, type="SPARE"):
    a = In(float)
    kept = State(1.5)
    plain = Out(float)
    failing = Out(float)
    again = Out(float)
    out = Out(float)

    def step(self, dt):
        self.plain = max(min(self.a, 3.0), self.kept) / 2.0 - 1.0
        self.again = self.a + 1.0
        self.failing = 1.0 / self.a
        self.out = self.again * 2.0


@pytest.mark.parametrize("inline", [True, False])
def test_an_unwired_output_that_cannot_fail_is_not_computed(inline):
    wired = wire("b", Spare, {"a": "x"}, {"out": "y"}, {})
    resolution = Resolution([wired], {"x": float})
    bus = LocalBus(Store([Signal("x", SignalType.FLOAT, 2.0), Signal("y", SignalType.FLOAT)], ManualClock()))
    place = Place(bus.layout.index, resolution.types)
    program = Program(Network([wired]), place, resolution, inline=inline)
    program.scan(bus.store, 0.1)
    assert bus.store.values[1] == 6.0
    bus.store.values[0] = 0.0
    program.scan(bus.store, 0.1)
    assert bus.store.values[1] == 6.0
    assert "ZeroDivisionError" in program.faults["b"].reason
    ((_, text),) = program.source()
    assert ("plain" in text) is not inline


def test_a_wired_one_is_computed():
    wired = wire("b", Spare, {"a": 2.0}, {"plain": "y"}, {})
    resolution = Resolution([wired], {})
    bus = LocalBus(Store([Signal("y", SignalType.FLOAT)], ManualClock()))
    program = Program(Network([wired]), Place(bus.layout.index, resolution.types), resolution)
    program.scan(bus.store, 0.1)
    assert bus.store.values[0] == 0.0


TEXT = """
import math

from petra import Block, In, Out, State


class Made(Block, type="MADE"):
    a = In(float)
    n = In(int)
    unseen = Out(float)
    count = Out(int)
    kept = State(0.0)
    out = Out(float)

    def step(self, dt):
        self.{name} = {expression}
        self.out = 1.0
"""


def made(folder, name: str, expression: str, inputs: dict, *, inline: bool):
    """Return what a step does whose output of that name is not wired: what it wrote, and its faults."""
    path = folder / f"unwired_{abs(hash(expression))}.py"
    path.write_text(TEXT.format(name=name, expression=expression))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    del sys.modules[path.stem]
    wired = wire("b", module.Made, inputs, {"out": "y"}, {})
    resolution = Resolution([wired], {})
    bus = LocalBus(Store([Signal("y", SignalType.FLOAT)], ManualClock()))
    place = Place(bus.layout.index, resolution.types)
    program = Program(Network([wired]), place, resolution, inline=inline)
    program.scan(bus.store, 0.1)
    return bus.store.values[0], dict(program.faults)


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("unseen", "self.a / 0.0"),
        ("unseen", "self.a / (self.a - 5.0)"),
        ("unseen", "math.sqrt(-self.a)"),
        ("unseen", "self.a % 0.0"),
        ("unseen", "self.a // 0.0"),
        ("unseen", "self.a + math.exp(1e6)"),
        ("unseen", "min(self.a, 1.0 / 0)"),
        ("unseen", "10 ** self.n + self.a"),
        ("unseen", "self.a * self.a ** 999"),
        ("unseen", "'text'"),
        ("count", "self.a * float('nan')"),
        ("count", "self.a * 1e308 * 10.0 - self.a * 1e308 * 10.0"),
    ],
)
def test_what_may_fail_is_computed_although_nothing_sees_it(tmp_path, name, expression):
    """A block that faults holds all its outputs: that does not depend on which of them are wired."""
    compiled = made(tmp_path, name, expression, {"a": 5.0, "n": 400}, inline=True)
    called = made(tmp_path, name, expression, {"a": 5.0, "n": 400}, inline=False)
    assert compiled == called
    assert (compiled[0], list(compiled[1])) == (0.0, ["b"])
