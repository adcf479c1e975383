"""How fast the scan is: hot, and paced as a task is; against the same blocks called one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from petra.bench.plants import plant
from petra.bench.reference import plain_reference
from petra.bench.results import Result, against, interleaved, result, single
from petra.clock import SystemClock
from petra.engine import Built, build
from petra.scan import Network, Program, Scheduler, SignalPlaces
from petra.signals import Store, Value

if TYPE_CHECKING:
    from petra.plugin import Catalog

_SCANS = 40_000  # blocks stepped in one batch, at least


def measure_scan(
    catalog: Catalog, sizes: Sequence[tuple[int, int]], *, batches: int, paced_s: float
) -> Iterator[Result]:
    """Measure the scan of plants of these numbers of signals and blocks."""
    for signals, blocks in sizes:
        name = f"{signals:,} signals, {blocks:,} blocks"
        built = build(plant(signals, blocks), catalog)
        program = built.tasks[0].program
        plain = plain_reference(program.network, built.layout.index)
        scanners = (
            _scanner(built, program.scan),
            _scanner(built, partial(_step_plainly, plain)),
        )
        calls = max(3, _SCANS // max(blocks, 40))
        fast, slow = interleaved(scanners, batches=batches, calls=calls)
        called = result("scan", f"called, {name}", "µs", [1e6 * s for s in slow])
        hot = against(result("scan", f"hot, {name}", "µs", [1e6 * s for s in fast]), called)
        yield evolve(hot, note=f"called one by one {called.p50:.3g} µs")
        if paced_s:
            yield _paced(catalog, signals, blocks, name, paced_s)
    for _, blocks in sizes[-1:]:
        yield _compiling(catalog, blocks)


def _step_plainly(plain: Callable[[list[Value], float], None], store: Store, dt: float) -> None:
    plain(store.values, dt)


def _scanner(built: Built, step: Callable[[Store, float], None]) -> Callable[[], object]:
    """Return a whole scan: latch, step, publish."""
    clock = SystemClock()
    store = Store(built.layout, clock)
    latch, publish, now = store.latch, store.publish, clock.now_ns

    def run() -> None:
        latch()
        step(store, 0.1)
        publish(1, now())

    for _ in range(50):
        run()
    return run


def _paced(catalog: Catalog, signals: int, blocks: int, name: str, seconds: float) -> Result:
    """Measure scans at a period of 10 ms, with the CPU caches cold at each of them."""
    built = build(plant(signals, blocks, 10.0), catalog)
    clock = SystemClock()
    scheduler = Scheduler(Store(built.layout, clock), clock, built.tasks)
    scheduler.run(max(10, int(seconds * 100)))
    return result("scan", f"paced, {name}", "µs", [1e6 * s for s in built.tasks[0].statistics.execution])


def _compiling(catalog: Catalog, blocks: int) -> Result:
    """Measure how long it takes to compile wired blocks into a program."""
    built = build(plant(blocks * 2, blocks), catalog)
    types = {s.name: s.type.python for s in built.layout.signals}
    wired = list(built.tasks[0].program.network.document)
    samples = []
    for _ in range(5):
        begin = time.perf_counter()
        Program(Network(wired), SignalPlaces(built.layout.index, types), built.resolution)
        samples.append(1e3 * (time.perf_counter() - begin))
    return result("scan", f"compile {blocks:,} blocks", "ms", samples)


def tuning(catalog: Catalog) -> Result:
    """Measure how long a change of a parameter takes, among a thousand blocks."""
    built = build(plant(2_000, 1_000), catalog)
    program = built.tasks[0].program
    begin = time.perf_counter()
    for n in range(20):
        program.tune("b3", "in_min", float(n))
    return single(
        "scan", "tune a parameter among 1,000 blocks", "ms", 1e3 * (time.perf_counter() - begin) / 20
    )
