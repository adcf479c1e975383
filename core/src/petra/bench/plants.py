"""Plants of any size for the benchmarks: blocks in the proportions of real ones, all of them wired."""

from __future__ import annotations

from collections.abc import Iterator

from petra.config import BlockConfig, PlantConfig, SignalConfig, TaskConfig
from petra.signals import SignalType

Values = dict[str, bool | int | float | str]

MIX = (
    "GT", "AND", "TON", "SCALE", "LT", "OR", "ADD", "NOT", "GT", "AND", "LIMIT", "TOF", "SR_LATCH", "LT",
    "R_TRIG", "HYSTERESIS", "SUB", "AND", "CTU", "SELECT", "GTE", "OR", "TON", "MUL", "GT", "NOT", "SCALE",
    "EQ", "AND", "LAG",
)  # fmt: skip
"""Thirty blocks, over and over: comparisons, logic, timers, arithmetic, latches, counters, filters."""


def plant(signals: int, blocks: int, period_ms: float = 100.0) -> PlantConfig:
    """Return a plant of so many signals, of which each block writes one."""
    outside = max(signals - blocks, 40)
    kinds = (SignalType.FLOAT, SignalType.BOOL, SignalType.FLOAT, SignalType.INT)
    declared = tuple(SignalConfig(f"s{i}", kinds[i % 4], initial=_initial(i)) for i in range(outside))
    return PlantConfig(
        signals=declared, blocks=tuple(_blocks(blocks, outside)), tasks=(TaskConfig("main", period_ms),)
    )


def _initial(i: int) -> bool | int | float:
    return {0: i * 0.5, 1: i % 8 == 1, 2: 100.0 - i % 90, 3: i}[i % 4]


def _blocks(count: int, outside: int) -> Iterator[BlockConfig]:
    """Yield blocks; some read what the ones before them write."""
    logic = "s1"
    number = "s0"
    for i in range(count):
        kind = MIX[i % len(MIX)]
        at = i * 4 % (outside - 8) // 4 * 4
        floats, bools = (f"s{at}", f"s{at + 2}", f"s{at + 4}"), (f"s{at + 1}", f"s{at + 5}")
        inputs, params = _wiring(kind, floats, bools, f"s{at + 3}", logic, number)
        out = f"o{i}"
        port = {"TON": "q", "TOF": "q", "SR_LATCH": "q", "R_TRIG": "q", "HYSTERESIS": "q", "CTU": "count"}
        yield BlockConfig(f"b{i}", kind, inputs, {port.get(kind, "out"): out}, params)
        if kind in ("GT", "LT", "AND", "OR", "TON", "NOT"):
            logic = out
        elif kind in ("SCALE", "ADD", "LIMIT", "SUB", "MUL"):
            number = out


def _wiring(
    kind: str, floats: tuple[str, ...], bools: tuple[str, ...], whole: str, logic: str, number: str
) -> tuple[Values, Values]:
    one, two, _ = floats
    inputs: dict[str, Values] = {
        "AND": {"in1": bools[0], "in2": bools[1], "in3": logic},
        "OR": {"in1": bools[0], "in2": logic},
        "NOT": {"input": logic},
        "TON": {"input": logic},
        "TOF": {"input": bools[0]},
        "R_TRIG": {"clk": logic},
        "CTU": {"cu": logic, "pv": 10},
        "SR_LATCH": {"set": logic, "reset": bools[0]},
        "SCALE": {"input": one},
        "LAG": {"input": one},
        "LIMIT": {"input": number, "minimum": 0.0, "maximum": 50.0},
        "HYSTERESIS": {"input": one, "high": 80.0, "low": 20.0},
        "SELECT": {"selector": logic, "in0": one, "in1": two},
        "ADD": {"in1": one, "in2": number},
        "MUL": {"in1": two, "in2": "0.5"},
        "EQ": {"a": whole, "b": 3},
        "GT": {"a": one, "b": 75.0},
    }
    params: dict[str, Values] = {
        "TON": {"preset_ms": 500.0},
        "SCALE": {"in_min": 4.0, "in_max": 20.0},
    }
    return inputs.get(kind, {"a": one, "b": two}), params.get(kind, {})
