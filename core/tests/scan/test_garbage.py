"""Garbage is collected when the scan has time for it, on a clock that is turned by hand."""

from __future__ import annotations

import gc
import itertools

import pytest

from petra.scan.garbage import GarbageSchedule
from petra.testing import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


def collections(clock, monkeypatch, *, took: float) -> list[tuple[float, int]]:
    """Note when garbage of which generation is collected, and let it take this long."""
    began = clock.monotonic()
    found: list[tuple[float, int]] = []

    def collect(generation: int = 2) -> int:
        found.append((round(clock.monotonic() - began, 3), generation))
        clock.advance(took)
        return 0

    monkeypatch.setattr(gc, "collect", collect)
    return found


def test_garbage_is_collected_when_there_is_room_for_it(clock, monkeypatch):
    """A collection that takes more than half of the idle time waits, for ten of its intervals at most."""
    found = collections(clock, monkeypatch, took=0.06)
    schedule = GarbageSchedule(clock)
    schedule.begin()
    began = clock.monotonic()
    at = []
    for _ in range(3_000):
        clock.advance(0.01)
        if schedule.collect(0.1):
            at.append(round(clock.monotonic() - 0.06 - began, 2))
    schedule.end()
    assert [generation for _, generation in found] == [2, 1, 1, 1]
    assert at[0] == pytest.approx(1.0)  # nothing is known of how long it takes
    assert [b - a for a, b in itertools.pairwise(at)] == pytest.approx([11.06, 11.06], abs=0.03)


def test_garbage_with_room_is_collected_each_second(clock, monkeypatch):
    collections(clock, monkeypatch, took=0.01)
    schedule = GarbageSchedule(clock)
    schedule.begin()
    collected = 0
    for _ in range(450):
        clock.advance(0.01)
        collected += schedule.collect(0.1)
    schedule.end()
    assert collected == 4


def test_a_full_collection_comes_each_minute(clock, monkeypatch):
    found = collections(clock, monkeypatch, took=0.001)
    schedule = GarbageSchedule(clock)
    schedule.begin()
    for _ in range(1_300):
        clock.advance(0.1)
        schedule.collect(0.1)
    schedule.end()
    full = [at for at, generation in found if generation == 2]
    assert len(full) == 3, "at the beginning, and each minute"
    assert [b - a for a, b in itertools.pairwise(full)] == pytest.approx([60.0, 60.0], abs=0.5)
