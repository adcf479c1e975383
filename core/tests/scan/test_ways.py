"""Every way of running gives the same bits, qualities and faults; a second implementation is the judge."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from petra.engine.record import entry_data, entry_of, state_text
from petra.engine.replay import state_of
from petra.scan import Network, Program, SignalPlaces
from petra.signals import GOOD, LocalBus, Store
from petra.testing import ManualClock

SCANS = 60
REPLAYED_FROM = 10
BATCHES = 10
NETWORKS = int(os.environ.get("PETRA_FUZZ_NETWORKS", "100"))


def neighbour(name: str) -> Any:
    """Import a module of this folder: tests are no packages."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"scan_tests_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


networks, reference = neighbour("networks"), neighbour("reference")


def bits(value: Any) -> Any:
    """Return something equal only for the same bits of the same type."""
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return type(value), value


class Way:
    """One way of running a life."""

    def __init__(self, life: Any, *, inline: bool) -> None:
        self.bus = LocalBus(Store(life.signals, ManualClock()))
        place = SignalPlaces(self.bus.layout.index, life.resolution.types)
        self.program = Program(Network(life.blocks), place, life.resolution, inline=inline)
        self.number = 0

    def scan(self, what: Any) -> dict[str, Any]:
        bus = self.bus
        for name, value, status in what.writes:
            bus.write(name, value, status if status.quality else GOOD)
        for name, value in what.forces:
            bus.unforce(name, "test") if value is None else bus.force(name, value, "test")
        self.entries = json.dumps([entry_data(entry) for entry in bus.store.latch()])
        self.before = {
            s.name: (bus.store.values[i], bus.store.flawed.get(i, GOOD)) for i, s in enumerate(bus.signals)
        }
        self.program.scan(bus.store, what.dt)
        self.number += 1
        bus.store.publish(self.number, self.number)
        return self.after()

    def replay(self, entries: str, dt: float) -> dict[str, Any]:
        """Run a scan again, from what was recorded of it."""
        for data in json.loads(entries):
            self.bus.store.apply(entry_of(data, self.bus.layout))
        self.program.scan(self.bus.store, dt)
        return self.after()

    def begin_as(self, other: Way) -> None:
        """Begin where another one is, by what is recorded of it."""
        saved, states = state_of(json.loads(state_text(other.bus.store.save(), other.program.snapshot())))
        self.bus.store.restore(saved)
        self.program.restore(states)

    def after(self) -> dict[str, Any]:
        bus = self.bus
        return {
            s.name: (bits(bus.store.values[i]), bus.store.flawed.get(i, GOOD))
            for i, s in enumerate(bus.signals)
        }

    def states(self) -> dict[str, Any]:
        declared = {u.wired.name: u.wired.cls.spec.states for u in self.program.units}
        kept = (
            self.program.snapshot()
        )  # with outputs that are wired to nothing, which only `called` must keep
        return {b: {n: bits(v) for n, v in kept[b].items() if n in declared[b]} for b in kept}


def run(seed: int) -> None:
    life = networks.life(seed, SCANS)
    compiled, called = Way(life, inline=True), Way(life, inline=False)
    kinds = [
        {name: life.resolution.output(i, port) for name, port in block.cls.spec.outputs.items()}
        for i, block in enumerate(life.blocks)
    ]
    judge = reference.Reference(life.blocks, kinds, life.resolution.types)
    again = Way(life, inline=True)
    for number, what in enumerate(life.scans):
        where = f"network {seed}, scan {number}"
        if number == REPLAYED_FROM:
            again.begin_as(compiled)
        seen = compiled.scan(what)
        if number >= REPLAYED_FROM:
            assert again.replay(compiled.entries, what.dt) == seen, where
            assert again.states() == compiled.states(), where
            assert again.program.faults == compiled.program.faults, where
        assert called.scan(what) == seen, where
        assert called.states() == compiled.states(), where
        assert called.program.faults == compiled.program.faults, where
        forced = {compiled.bus.signals[i].name for i in compiled.bus.store.forced}
        expected = judge.scan(compiled.before, forced, what.dt)
        found = {name: (value, status.quality) for name, (value, status) in seen.items()}
        assert {n: (bits(v), status.quality) for n, (v, status) in expected.items()} == found, where
        assert judge.faults == compiled.program.faults, where
        # of several reasons any one will do, of all that there are now from outside
        outside = {compiled.before[n][1].reason for n in compiled.before if n not in judge.writer}
        outside |= {status.reason for status in judge.faults.values()} | {""}
        assert {status.reason for _, status in seen.values()} <= outside, where


@pytest.mark.parametrize("batch", range(BATCHES))
def test_compiled_called_replayed_and_by_the_book_are_the_same(batch):
    for seed in range(batch, NETWORKS, BATCHES):
        run(seed)


def test_the_networks_have_loops_faults_and_every_block():
    """What the comparison runs over is as nasty as it means to be."""
    seen: set[str] = set()
    loops = faults = called = 0
    for seed in range(150):
        life = networks.life(seed, 20)
        way = Way(life, inline=True)
        for what in life.scans:
            way.scan(what)
            faults += len(way.program.faults)
        seen |= {block.cls.spec.type for block in life.blocks}
        loops += len(way.program.network.feedback())
        called += sum(bool(way.program.reason_called(block.name)) for block in life.blocks)
    assert seen == {cls.spec.type for cls in networks.LIBRARY}
    assert min(loops, faults, called) > 30
