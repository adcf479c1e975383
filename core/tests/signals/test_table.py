"""Readings by name: as new as the image, whoever reads and however seldom."""

from __future__ import annotations

import threading

from petra.signals import Bus, LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock


def make(inputs: int = 20, outputs: int = 5) -> Bus:
    signals = [Signal(f"s{i}", SignalType.INT) for i in range(inputs)]
    signals += [Signal(f"o{i}", SignalType.INT, written_by=f"b{i}") for i in range(outputs)]
    return LocalBus(Store(signals, ManualClock()))


def as_published(bus: Bus) -> dict[str, tuple[object, int]]:
    return {s.name: (bus.image.value(i), bus.image.when(i)) for i, s in enumerate(bus.signals)}


def as_read(bus: Bus) -> dict[str, tuple[object, int]]:
    readings = {s.name: bus.read(s.name) for s in bus.signals}
    return {name: (reading.value, reading.time) for name, reading in readings.items()}


def test_a_reader_after_a_long_time_reads_what_is_there():
    """A thousand scans without a reader leave nothing that grows, and nothing that is forgotten."""
    bus = make()
    for scan in range(1, 1001):
        bus.write(f"s{scan % 20}", scan, time=scan)
        bus.store.latch()
        bus.store.values[bus.layout.split + scan % 5] = scan
        bus.store.publish(scan, scan)
        assert len(bus.store.table._aged) <= 66
    assert as_read(bus) == as_published(bus)


def test_a_time_without_a_change_is_read_too():
    bus = make()
    bus.read("s1")
    bus.write("s1", 0, time=77)
    bus.store.latch()
    bus.store.publish(1, 1)
    assert bus.read("s1").time == 77


def test_many_readers_beside_the_scan_never_keep_an_old_reading():
    bus = make()
    stop = threading.Event()
    backwards: list[tuple[int, int]] = []

    def read() -> None:
        last = 0
        while not stop.is_set():
            value = int(bus.read("s3").value)
            if value < last:
                backwards.append((last, value))
            last = value
            bus.read("o2")

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for scan in range(1, 20_001):
            bus.write("s3", scan, time=scan)
            if scan % 7 == 0:
                bus.write_many({f"s{i}": scan for i in range(20)}, time=scan)
            bus.store.latch()
            bus.store.values[bus.layout.split + 2] = scan
            bus.store.publish(scan, scan)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert as_read(bus) == as_published(bus)
    assert backwards == []
