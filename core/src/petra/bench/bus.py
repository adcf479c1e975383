"""How fast the bus is, and whether a reader ever sees half of a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from petra.bench.results import Result, interleaved, result, single
from petra.clock import SystemClock
from petra.signals import LocalBus, Signal, SignalType, Store


def measure_bus(signals: int, *, batches: int, torn_reads: int) -> Iterator[Result]:
    """Measure reading, writing and publishing a bus of so many signals."""
    made, some = _bus(signals), min(1_000, signals)
    names = [signal.name for signal in made.signals]
    every, thousand = made.group(names), made.group(names[:some])
    values = [list(map(float, range(n, n + signals))) for n in (1, 2)]
    mappings = [dict(zip(names[:some], each, strict=False)) for each in values]
    flip = {"at": 0}

    def next_values() -> int:
        flip["at"] ^= 1
        return flip["at"]

    def read_by_name() -> None:
        read = made.read
        for name in names:
            read(name)

    def write_group() -> None:
        every.write(values[next_values()])
        made.store.latch()

    def write_some_by_name() -> None:
        made.write_many(mappings[next_values()])
        made.store.latch()

    def write_some_by_group() -> None:
        thousand.write(values[next_values()][:some])
        made.store.latch()

    actions: dict[str, Callable[[], object]] = {
        f"read {signals:,} by name": read_by_name,
        f"read {signals:,} as a group": every.read,
        f"write {signals:,} as a group, latch": write_group,
        f"write {some:,} by name, latch": write_some_by_name,
        f"write {some:,} as a group, latch": write_some_by_group,
    }
    made.store.publish(1, 1)
    for name, action in actions.items():
        (samples,) = interleaved((action,), batches=batches, calls=20)
        yield result("bus", name, "µs", [1e6 * s for s in samples])
        made.store.publish(1, 1)
    yield _torn(torn_reads)


def _bus(signals: int) -> LocalBus:
    return LocalBus(Store([Signal(f"s{i}", SignalType.FLOAT) for i in range(signals)], SystemClock()))


def _torn(reads: int) -> Result:
    """Count transactions that a reader on another thread saw half of."""
    made = LocalBus(Store([Signal(f"s{i}", SignalType.INT) for i in range(100)], SystemClock()))
    group = made.group([f"s{i}" for i in range(100)])
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            group.write([number] * 100)
            made.store.latch()
            made.store.publish(number, number)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    torn = 0
    seen = set()
    for _ in range(reads):
        values = group.read()
        torn += values[0] != values[-1] or values.count(values[0]) != 100
        seen.add(values[0])
    stop.set()
    writer.join()
    return single(
        "bus", f"torn among {reads:,} reads", "", torn, note=f"{len(seen):,} different transactions seen"
    )
