"""What readers of changes cost the scan, and whether one that observes everything misses anything."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

from petra.bench.memory import resident
from petra.bench.results import Result, interleaved, result, single
from petra.clock import SystemClock
from petra.signals import LocalBus, Signal, SignalType, Store

_READERS = 100
_OBSERVED = 1_000  # changes in each scan that is observed
_SCANS_PER_SECOND = 100


def measure_readers(signals: int, *, batches: int, seconds: float) -> Iterator[Result]:
    """Measure the scan beside readers of so many signals."""
    yield _changes(signals, batches)
    for changed in (10, 100, 1_000):
        yield _observe(changed, batches)
    yield from _complete(seconds)


class _Plant:
    """Outputs that change with every scan."""

    def __init__(self, outputs: int, inputs: int = 0) -> None:
        signals = [Signal(f"o{i}", SignalType.FLOAT, written_by="b") for i in range(outputs)]
        signals += [Signal(f"s{i}", SignalType.FLOAT) for i in range(inputs)]
        self.store = Store(signals, SystemClock())
        self.bus = LocalBus(self.store)
        self.scans = 0
        self._begin = inputs
        self._values = [[float(i + flip) for i in range(outputs)] for flip in (0, 1)]

    def scan(self) -> None:
        self.scans += 1
        self.store.latch()
        self.store.values[self._begin :] = self._values[self.scans % 2]
        self.store.publish(self.scans, self.scans, "main", 0.01)


def _changes(signals: int, batches: int) -> Result:
    """Measure a scan of 1,000 changes beside a hundred readers in a loop that stands still."""
    alone, beside = (_Plant(_OBSERVED, max(0, signals - _OBSERVED)) for _ in range(2))

    async def follow() -> list[list[float]]:
        followed = [beside.bus.changes(woken=_ignore) for _ in range(_READERS)]
        samples = interleaved([alone.scan, beside.scan], batches=batches, calls=50)
        for changes in followed:
            changes.close()
        return samples

    without, with_readers = (
        result("bus", "", "µs", [1e6 * s for s in samples]) for samples in asyncio.run(follow())
    )
    note = f"1,000 changes {without.p50:.1f} µs alone, {with_readers.p50:.1f} µs beside them"
    name = f"{_READERS} readers of {signals:,} signals"
    return single("bus", name, "µs", with_readers.p50 - without.p50, note=note)


def _observe(changed: int, batches: int) -> Result:
    alone, observed = _Plant(changed), _Plant(changed)
    frames = observed.bus.observe(limit=10**9)

    def scan_and_take() -> None:
        observed.scan()
        if not observed.scans % 500:  # what is kept stays small, as beside a reader that keeps up
            frames.take()

    without, with_one = (
        result("bus", "", "µs", [1e6 * s for s in samples])
        for samples in interleaved([alone.scan, scan_and_take], batches=batches, calls=100)
    )
    frames.close()
    note = f"{without.p50:.1f} µs alone, {with_one.p50:.1f} µs observed"
    return single("bus", f"observe {changed:,} changes", "µs", with_one.p50 - without.p50, note=note)


def _complete(seconds: float) -> Iterator[Result]:
    """Let a reader in another thread observe 1,000 changes in each of 100 scans a second."""
    plant, done = _Plant(_OBSERVED), threading.Event()
    frames = plant.bus.observe(limit=100 * _OBSERVED)
    seen, scans = [0], [0]

    def read() -> None:
        while True:
            last = done.wait(0.05)
            for frame in frames.take():
                seen[0] += len(frame.indices)
                scans[0] += frame.scan == scans[0] + 1
            if last:
                return

    reader = threading.Thread(target=read)
    reader.start()
    _pace(plant.scan, 1.0)
    held = resident()
    _pace(plant.scan, seconds)
    done.set()
    reader.join()
    wanted = plant.scans * _OBSERVED
    name = f"observe {_OBSERVED * _SCANS_PER_SECOND:,} changes/s for {seconds:g} s"
    yield single(
        "bus", f"{name}, missed", "", wanted - seen[0] + frames.lost, note=f"{seen[0]:,} seen in order"
    )
    yield single("bus", f"{name}, growth", "MiB", resident() - held)


def _pace(scan: Callable[[], None], seconds: float) -> None:
    begin = time.monotonic()
    for number in range(int(seconds * _SCANS_PER_SECOND)):
        scan()
        time.sleep(max(0.0, begin + (number + 1) / _SCANS_PER_SECOND - time.monotonic()))


def _ignore() -> None:
    pass
