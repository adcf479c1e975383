"""A big program is made of functions of a bounded size, and what changes one leaves the others alone."""

from __future__ import annotations

from typing import Any

import pytest

from petra import Block, Catalog, In, Out, Param
from petra.library import plugin as library
from petra.scan import Bench, Network, Program, Resolution, SignalPlaces, wire
from petra.signals import Bus, LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock

LIBRARY = {offer.name: offer.thing for offer in Catalog.of(library).offers()}


class Step(Block, type="STEP"):
    """Adds."""

    a = In(float)
    by = Param(float, default=1.0)
    out = Out(float)

    def step(self, dt):
        self.out = self.a + self.by


def chain(count: int, *, inline: bool = True) -> tuple[Bus, Program]:
    """Return blocks of which each reads the one before."""
    blocks = [wire(f"b{i}", Step, {"a": f"s{i}"}, {"out": f"s{i + 1}"}, {}) for i in range(count)]
    resolution = Resolution(blocks, {"s0": float})
    signals = [Signal("s0", SignalType.FLOAT)]
    signals += [Signal(f"s{i + 1}", SignalType.FLOAT, written_by=f"b{i}") for i in range(count)]
    bus = LocalBus(Store(signals, ManualClock()))
    return bus, Program(
        Network(blocks), SignalPlaces(bus.layout.index, resolution.types), resolution, inline=inline
    )


def steps(program: Program) -> list[Any]:
    return [part.step for part in program._parts]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_block_is_in_one_function_of_a_hundred_blocks_at_most(count):
    bus, program = chain(count)
    parts = [list(numbers) for numbers, _ in program.source()]
    assert [number for part in parts for number in part] == list(range(count))
    assert all(len(part) == 100 for part in parts[:-1])
    assert all(1 <= len(part) <= 100 for part in parts)
    program.scan(bus.store, 0.1)
    assert bus.store.values[bus.layout.index[f"s{count}"]] == float(count)


def test_tuning_a_block_compiles_only_the_function_that_it_is_in():
    bus, program = chain(250)
    before = steps(program)
    program.tune("b120", "by", 10.0)
    assert [now is was for now, was in zip(steps(program), before, strict=True)] == [True, False, True]
    program.scan(bus.store, 0.1)
    assert bus.store.values[bus.layout.index["s250"]] == 259.0


def test_a_force_compiles_only_the_function_that_writes_its_signal():
    bus, program = chain(250)
    program.scan(bus.store, 0.1)
    before = steps(program)
    bus.force("s221", 0.0, "me")
    bus.store.latch()
    program.scan(bus.store, 0.1)
    assert [now is was for now, was in zip(steps(program), before, strict=True)] == [True, True, False]
    assert bus.store.values[bus.layout.index["s250"]] == 29.0


class Empty(Block, type="EMPTY_CALLS"):
    """Calls functions without what they need."""

    which = In(int)
    many = In(bool, many=True)
    out = Out(float)

    def step(self, dt):
        if self.which == 0:
            self.out = len()
        elif self.which == 1:
            self.out = all()
        elif self.which == 2:
            self.out = min()
        elif self.which == 3:
            self.out = abs()
        elif self.which == 4:
            self.out = max(self.which)
        elif self.which == 5:
            self.out = any(self.many, self.many)
        elif self.which == 6:
            self.out = len(self.many, self.many)
        else:
            self.out = len(self.many) + all(self.many)


@pytest.mark.parametrize("which", range(8))
def test_a_call_that_python_refuses_is_a_fault_and_stops_nothing(which):
    found = []
    for inline in (True, False):
        bench = Bench(Empty, {"which": which, "m1": True, "m2": True}, inline=inline)
        bench.scan()
        found.append((bench.outputs(), bench.fault))
    assert found[0] == found[1]
    assert found[0][1].startswith("block block: TypeError") == (which < 7)


def text_of(kind: str, inputs: dict[str, Any]) -> str:
    ((_, text),) = Bench(LIBRARY[kind], inputs).program.source()
    return text


FLOATS = {"a": 1.0, "b": 2.0}
BOOLS = {"a": True, "b": False}


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("GT", FLOATS), ("ADD", FLOATS), ("SUB", FLOATS), ("MUL", FLOATS), ("MIN", FLOATS), ("EQ", FLOATS),
        ("AND", BOOLS), ("OR", BOOLS), ("NOT", {"input": True}), ("XOR", BOOLS), ("ABS", {"input": 1.0}),
        ("TON", {"input": True}), ("SCALE", {"input": 1.0}), ("R_TRIG", {"clk": True}),
        ("HYSTERESIS", {"input": 1.0}), ("SR_LATCH", {"set": True, "reset": False}),
    ],
)  # fmt: skip
def test_what_is_certain_of_its_type_is_stored_as_it_is(kind, inputs):
    """The blocks that programs are full of pay for no conversion, and do not ask whether one is needed."""
    text = text_of(kind, inputs)
    assert "to_" not in text
    assert "__class__" not in text


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("GT", FLOATS, "v[2] = v[0] > v[1]"),
        ("AND", BOOLS, "v[2] = v[0] and v[1]"),
        ("NOT", {"input": True}, "v[1] = not v[0]"),
        ("ADD", FLOATS, "v[2] = (v[0] + v[1])"),
    ],
)
def test_a_step_of_one_assignment_is_one_line(kind, inputs, expected):
    lines = text_of(kind, inputs).splitlines()
    assert [line.strip() for line in lines[2:-1] if line.strip()] == [expected]


class Bitwise(Block, type="BITWISE"):
    """Bits of bools and of ints."""

    a = In(bool)
    b = In(bool)
    n = In(int)
    both = Out(bool)
    either = Out(bool)
    one = Out(bool)
    masked = Out(bool)

    def step(self, dt):
        self.both = self.a & self.b
        self.either = self.a | self.b
        self.one = self.a ^ self.b
        self.masked = self.n & self.a


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
def test_bits_of_bools_are_bools_and_those_of_ints_are_asked(inline):
    bench = Bench(Bitwise, {"a": True, "b": False, "n": 5}, inline=inline)
    bench.scan()
    assert bench.outputs() == {"both": False, "either": True, "one": True, "masked": True}
    assert {type(value) for value in bench.outputs().values()} == {bool}
    if inline:
        ((_, text),) = bench.program.source()
        assert text.count("to_bool") == 1


def test_an_int_that_may_leave_64_bits_is_asked():
    assert text_of("ADD", {"a": 1, "b": 2}).count("to_int") == 1


def test_a_bench_refuses_inputs_that_the_block_does_not_take():
    with pytest.raises(TypeError, match=r"STEP\.a: expected a number, not a string"):
        Bench(Step, {"a": "text"})
