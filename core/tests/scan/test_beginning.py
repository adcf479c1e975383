"""Whether PETRA or its devices were there first makes no difference to what blocks remember."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.library import plugin as library
from petra.scan import Bench, Network, Program, Resolution, SignalPlaces, wire
from petra.signals import Bus, LocalBus, Quality, QualityReason, Signal, SignalType, Store
from petra.testing import ManualClock

BLOCKS = Catalog.of(library)


def block(kind: str):
    return BLOCKS.find("block type", kind).thing


CASES = [
    ("LAG", {"input": 0.0}, {"time_s": 60.0}, "input", 80.0),
    ("RAMP", {"input": 0.0}, {"rate_up": 1.0}, "input", 80.0),
    ("LEADLAG", {"input": 0.0}, {"lag_s": 60.0}, "input", 80.0),
    ("DEADBAND", {"input": 0.0}, {"width": 100.0}, "input", 80.0),
    ("MIN_MAX", {"input": 0.0}, {}, "input", 80.0),
    ("TOTALIZER", {"rate": 50.0}, {}, "rate", 80.0),
    ("PID", {"pv": 0.0, "sp": 90.0}, {"ki": 1.0, "kd": 5.0}, "pv", 80.0),
]


@pytest.mark.parametrize("inline", [True, False], ids=["compiled", "called"])
@pytest.mark.parametrize(
    ("kind", "inputs", "params", "late", "value"), CASES, ids=[case[0] for case in CASES]
)
def test_a_device_that_comes_late_makes_no_difference(kind, inputs, params, late, value, inline):
    in_time = Bench(block(kind), {**inputs, late: value}, params=params, inline=inline)
    in_time.scan(0.1, times=3)
    waiting = Bench(block(kind), inputs, params=params, inline=inline)
    waiting.write(late, inputs[late], bad=True)
    waiting.scan(0.1, times=20)
    waiting.write(late, value)
    waiting.scan(0.1, times=3)
    assert waiting.outputs() == in_time.outputs()


def test_what_has_begun_goes_on_with_what_turns_bad():
    bench = Bench(block("RAMP"), {"input": 10.0}, params={"rate_up": 1.0})
    bench.scan(1.0)
    bench.write("input", 90.0, bad=True)
    bench.scan(1.0, times=3)
    assert bench.outputs() == {"out": 13.0}


@pytest.mark.parametrize("begun", [True, False])
def test_a_reload_does_not_begin_it_again(begun):
    """What has begun goes on although its device is away now; what has not, waits on."""
    bench = Bench(block("RAMP"), {"input": 10.0}, params={"rate_up": 1.0})
    bench.write("input", 10.0, bad=not begun)
    bench.scan(1.0)
    after = Bench(block("RAMP"), {"input": 10.0}, params={"rate_up": 1.0})
    after.program.restore(bench.program.snapshot())
    after.write("input", 90.0, bad=True)
    after.scan(1.0)
    after.write("input", 90.0)
    after.scan(1.0)
    assert after.outputs() == {"out": 12.0 if begun else 90.0}


def two_ramps(away: set[str]) -> tuple[Bus, Program]:
    """Return a program of two ramps, of which some have a device that is not there yet."""
    ramp, rate = block("RAMP"), {"rate_up": 1.0}
    blocks = [wire(name, ramp, {"input": f"in.{name}"}, {"out": name}, rate) for name in ("one", "two")]
    resolution = Resolution(blocks, {"in.one": float, "in.two": float})
    signals = [Signal(f"in.{n}", SignalType.FLOAT, 10.0) for n in ("one", "two")]
    signals += [Signal(n, SignalType.FLOAT, written_by=n) for n in ("one", "two")]
    bus = LocalBus(Store(signals, ManualClock()))
    for name in away:
        bus.write(f"in.{name}", 10.0, QualityReason(Quality.BAD, "away"))
    return bus, Program(Network(blocks), SignalPlaces(bus.layout.index, resolution.types), resolution)


def scan(bus: Bus, program: Program) -> tuple[object, object]:
    bus.store.latch()
    program.scan(bus.store, 1.0)
    bus.store.publish(1, 1)
    return bus.read("one").value, bus.read("two").value


def test_a_reload_knows_of_each_block_by_itself_whether_it_has_begun():
    before = two_ramps({"two"})
    assert scan(*before) == (10.0, 10.0)
    bus, program = two_ramps({"one", "two"})
    program.restore(before[1].snapshot())
    bus.write("in.one", 90.0, QualityReason(Quality.BAD, "away"))
    assert scan(bus, program)[0] == 11.0
    for name in ("one", "two"):
        bus.write(f"in.{name}", 90.0)
    assert scan(bus, program) == (12.0, 90.0)  # the second begins where its device is
    assert scan(bus, program) == (13.0, 90.0)


def test_what_is_retained_is_no_beginning():
    """A total from before goes on, and adds nothing for a rate that nobody has measured."""
    bench = Bench(block("TOTALIZER"), {"rate": 3600.0}, params={"per_s": 3600.0})
    bench.scan(1.0, times=11)
    kept = bench.program.snapshot(retained=True)
    after = Bench(block("TOTALIZER"), {"rate": 3600.0}, params={"per_s": 3600.0})
    after.program.restore(kept)
    after.write("rate", 3600.0, bad=True)
    after.scan(1.0, times=5)
    after.write("rate", 3600.0)
    after.scan(1.0, times=2)
    assert after.outputs()["total"] == 11.0


@pytest.mark.parametrize(
    ("kind", "port", "expected"),
    [
        ("R_TRIG", "clk", {"q": False}),
        ("TP", "input", {"q": False, "elapsed": 100.0}),
        ("RUNTIME", "running", {"hours": 1.0, "starts": 1}),
    ],
)
def test_edges_and_times_do_not_wait(kind, port, expected):
    """A pulse ends, and what counts it counts one: their memory moves in every scan."""
    bench = Bench(block(kind), {port: True}, params={"preset_ms": 100.0} if kind == "TP" else {})
    bench.write(port, True, bad=True)
    bench.scan(1.0, times=3_601)
    assert bench.outputs() == pytest.approx(expected)
