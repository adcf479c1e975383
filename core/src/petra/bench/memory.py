"""The memory of a process, the time to its first scan, and whether reloads leave memory behind."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from petra.bench.plants import plant
from petra.bench.results import Result, single
from petra.config import Configuration, PlantConfig
from petra.engine import Engine

if TYPE_CHECKING:
    from petra.plugin import Catalog

_CHILD = """
import sys, time
from petra.plugin import Catalog
from petra.config import load, configuration
from petra.engine import Engine
from petra.bench.memory import resident
catalog = Catalog.load()
with Engine(configuration(load(sys.argv[1], catalog)), catalog) as engine:
    while not engine.scheduler.scans:
        time.sleep(0.001)
    print("first", flush=True)
    time.sleep(2)
    print(resident(), flush=True)
    time.sleep(float(sys.argv[2]))
    print(resident(), engine.scheduler.scans, flush=True)
"""


def measure_memory(
    catalog: Catalog, signals: int, blocks: int, *, seconds: float, reloads: int
) -> Iterator[Result]:
    """Measure a new process that runs a plant, and this process over many reloads."""
    name = f"{signals:,} signals, {blocks:,} blocks"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plant.yaml"
        path.write_text(document(plant(signals, blocks, 10.0)), "utf-8")
        begin = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _CHILD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
        )
        out = process.stdout
        assert out is not None  # noqa: S101 - it was asked for
        with out:
            out.readline()
            first = time.perf_counter() - begin
            early = float(out.readline())
            late, scans = out.readline().split()
        process.wait()
    yield single("memory", f"from start to first scan, {name}", "s", first)
    yield single("memory", f"resident, {name}", "MiB", early)
    yield single("memory", f"growth over {seconds:g} s", "MiB", float(late) - early, note=f"{scans} scans")
    if reloads:
        yield from _reloads(catalog, reloads)


def document(made: PlantConfig) -> str:
    """Return a plant as a document; JSON is YAML."""
    data: dict[str, Any] = {
        "signals": [{"name": s.name, "type": s.type.value, "initial": s.initial} for s in made.signals],
        "blocks": [
            {
                key: value
                for key, value in attrs.asdict(block).items()
                if key in ("name", "type", "inputs", "outputs", "params")
            }
            for block in made.blocks
        ],
        "scan_time_ms": made.tasks[0].period_ms,
    }
    return json.dumps(data)


def resident(process: int | None = None) -> float:
    """Return how much memory a process holds, in MiB; without its number, this one."""
    for line in Path(f"/proc/{process or 'self'}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _reloads(catalog: Catalog, count: int) -> Iterator[Result]:
    """Measure how much memory so many reloads leave behind."""
    both = [Configuration(plant(60 + more, 20)) for more in (0, 4)]
    engine = Engine(both[0], catalog)
    for number in range(200):
        engine.reload(both[number % 2])
    gc.collect()
    objects, held = len(gc.get_objects()), resident()
    begin = time.perf_counter()
    for number in range(count):
        engine.reload(both[number % 2])
    took = time.perf_counter() - begin
    gc.collect()
    left = len(gc.get_objects()) - objects
    yield single(
        "memory", f"growth over {count:,} reloads", "MiB", resident() - held, note=f"{left} objects more"
    )
    yield single("memory", "one reload of a small plant", "ms", 1e3 * took / count)
