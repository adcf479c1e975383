"""What an unwired output costs: nothing, unless its computation may fail or is read again."""

from __future__ import annotations

import pytest

from petra import Block, In, Out, State
from petra.scan import Network, Program, Resolution, SignalPlaces, wire
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
    place = SignalPlaces(bus.layout.index, resolution.types)
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
    program = Program(Network([wired]), SignalPlaces(bus.layout.index, resolution.types), resolution)
    program.scan(bus.store, 0.1)
    assert bus.store.values[0] == 0.0
