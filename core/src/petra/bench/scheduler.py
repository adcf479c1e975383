"""How punctual the scan is: alone in its process, and next to a thread that is always busy."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from petra.bench.plants import plant
from petra.bench.results import Result, result
from petra.clock import SystemClock
from petra.engine import build
from petra.scan import Scheduler
from petra.signals import Store

if TYPE_CHECKING:
    from petra.plugin import Catalog


def measure_scheduler(catalog: Catalog, periods_ms: Sequence[float], seconds: float) -> Iterator[Result]:
    """Measure lateness at these periods, for so long each."""
    for busy in (False, True):
        for period in periods_ms:
            yield _lateness(catalog, period, seconds, busy=busy)


def _lateness(catalog: Catalog, period_ms: float, seconds: float, *, busy: bool) -> Result:
    built = build(plant(10_000, 100, period_ms), catalog)
    clock = SystemClock()
    running = Scheduler(Store(built.layout, clock), clock, built.tasks)
    lateness: deque[float] = deque()
    (task,) = built.tasks
    task.statistics.lateness = lateness  # all of it, not only the last thousand
    stop = threading.Event()
    beside = threading.Thread(target=_work, args=(stop,), daemon=True)
    if busy:
        beside.start()
    running.run(max(10, int(seconds * 1e3 / period_ms)))
    stop.set()
    if busy:
        beside.join()
    samples = [1e3 * s for s in lateness]
    found = result(
        "scheduler",
        f"lateness at {period_ms:g} ms, {'beside a busy thread' if busy else 'idle'}",
        "ms",
        samples,
    )
    share = found.p99 / period_ms
    note = f"p99 is {share:.1%} of the period, worst {max(samples):.2f} ms, {task.statistics.overruns} missed"
    return evolve(found, note=note)


def _work(stop: threading.Event) -> None:
    """Encode and decode JSON without a pause, as a busy I/O thread does."""
    data = {"values": [{"name": f"signal{i}", "value": i * 0.5} for i in range(200)]}
    while not stop.is_set():
        json.loads(json.dumps(data))
