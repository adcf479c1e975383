"""Timers against the words of IEC 61131-3, written down again as plain functions over absolute time."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest

from petra.library.timers import OffDelay, OnDelay, Pulse, RetentiveOnDelay
from petra.scan import Bench, Constant, TuningError, wire

SEQUENCES = 10_000
LONGEST = 14
MILLION = 1_000_000


def on_delay(times, inputs, preset):
    """Q: IN has been true since an edge at least PT ago. ET: the time since the edge, at most PT."""
    answers = []
    for now, (at, true) in enumerate(zip(times, inputs, strict=True)):
        edge = now
        while edge > 0 and inputs[edge - 1]:
            edge -= 1
        since = at - times[edge]
        answers.append((true and since >= preset, min(since, preset) if true else 0))
    return answers


def off_delay(times, inputs, preset):
    """Q: IN is true, or became false less than PT ago. ET: the time since then, at most PT."""
    answers = []
    for now, (at, true) in enumerate(zip(times, inputs, strict=True)):
        last = max((i for i in range(now) if inputs[i]), default=None)
        if true or last is None:
            answers.append((true, 0))
        else:
            since = at - times[last + 1]
            answers.append((since < preset, min(since, preset)))
    return answers


def pulse(times, inputs, preset):
    """Q: an edge outside any pulse began one less than PT ago. ET: its time, PT until IN is false as well."""
    answers = []
    begin = None
    for now, (at, true) in enumerate(zip(times, inputs, strict=True)):
        over = begin is None or at - begin >= preset
        edge = true and (now == 0 or not inputs[now - 1])
        was_over = begin is None or now == 0 or times[now - 1] - begin >= preset
        if edge and was_over:
            begin, over = at, preset == 0
        if over and not true:
            begin = None
        answers.append((not over, 0 if begin is None else min(at - begin, preset)))
    return answers


def sequence(chance):
    """Return times in nanoseconds, inputs, and a preset that often is just what has passed at some scan."""
    period = chance.choice([100_000, MILLION, 10 * MILLION, 100 * MILLION, 333_333])
    steps = [
        period * chance.choice([1, 1, 1, 2, 15]) if chance.random() < 0.8 else chance.randint(0, 3 * period)
        for _ in range(chance.randint(3, LONGEST))
    ]
    times = list(accumulate(steps))
    inputs = [chance.random() < 0.6]
    while len(inputs) < len(steps):
        inputs.append(inputs[-1] if chance.random() < 0.7 else not inputs[-1])
    begin, end = sorted(chance.sample(range(len(steps)), 2))
    preset = chance.choice([0, times[end] - times[begin], times[end] - times[begin] + 1, period * 3])
    return steps, times, inputs, preset


@pytest.mark.parametrize(
    ("cls", "model"), [(OnDelay, on_delay), (OffDelay, off_delay), (Pulse, pulse)], ids=["TON", "TOF", "TP"]
)
def test_a_timer_does_what_the_standard_says_in_irregular_scans(cls, model):
    chance = random.Random(61131)
    bench = Bench(cls, inputs={"input": False, "preset_ms": 0.0})
    fresh = bench.program.snapshot()
    passed = 0
    for number in range(SEQUENCES):
        steps, times, inputs, preset = sequence(chance)
        bench.program.restore(fresh)
        bench.write("preset_ms", preset / 1e6)
        expected = model(times, inputs, preset)
        for i, step in enumerate(steps):
            bench.write("input", inputs[i])
            bench.scan(step / 1e9)
            found = bench.outputs()
            assert (found["q"], round(found["elapsed"] * 1e6)) == expected[i], (
                number,
                i,
                steps,
                inputs,
                preset,
            )
        passed += any(q for q, _ in expected) and not all(q for q, _ in expected)
    assert passed > SEQUENCES / 3


@pytest.mark.parametrize("cls", [OnDelay, OffDelay, Pulse, RetentiveOnDelay])
@pytest.mark.parametrize("period_us", [100, 125, 300, 333, 1000, 7000, 100_000])
def test_no_scan_is_lost_to_rounding(cls, period_us):
    """So many periods as the preset has take exactly so many scans after the edge."""
    scans = 3000
    bench = Bench(cls, inputs={"input": True}, params={"preset_ms": scans * period_us / 1e3})
    bench.scan(period_us / 1e6)
    if cls is OffDelay:
        bench.write("input", False)
        bench.scan(period_us / 1e6)
    running = bench.outputs()["q"]
    for _ in range(scans - 1):
        bench.scan(period_us / 1e6)
        assert bench.outputs()["q"] is running
    bench.scan(period_us / 1e6)
    assert bench.outputs()["q"] is not running


def test_a_preset_is_tuned_unless_a_signal_gives_it():
    bench = Bench(OnDelay, inputs={"input": True}, params={"preset_ms": 1000.0})
    bench.scan(0.1, times=4)
    assert bench.program.tune("block", "PT", 300) == "preset_ms"
    bench.scan(0.1)
    assert bench.outputs() == {"q": True, "elapsed": 300.0}
    with pytest.raises(TuningError, match="must be at least 0"):
        bench.program.tune("block", "preset_ms", -1)
    wired = Bench(OnDelay, inputs={"input": True, "preset_ms": 300.0})
    with pytest.raises(TuningError, match="preset_ms follows the signal"):
        wired.program.tune("block", "preset_ms", 100)


def test_only_the_time_of_a_retentive_timer_survives_a_restart():
    bench = Bench(RetentiveOnDelay, inputs={"input": True}, params={"preset_ms": 300.0})
    bench.scan(0.1, times=3)
    kept = bench.program.snapshot(retained=True)
    assert kept == {"block": {"passed": 200e6, "on": False}}
    again = Bench(RetentiveOnDelay, inputs={"input": True}, params={"preset_ms": 300.0})
    again.program.restore(kept)
    again.scan(60.0)
    assert again.outputs() == {"q": False, "elapsed": 200.0}
    again.scan(0.1)
    assert again.outputs() == {"q": True, "elapsed": 300.0}


def test_what_was_tuned_is_made_again_as_it_was_tuned():
    """A recording keeps a plant with what was tuned among the parameters, beside the constant as written."""
    made = wire("t", OnDelay, {"input": "x", "preset_ms": 20.0}, {"q": "y"}, {"preset_ms": 40.0})
    assert made.sources["preset_ms"] == (Constant(40.0),)
