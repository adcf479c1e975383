# ruff: noqa: T201 - it reports what it has measured
"""A companion that is killed at random, many times: the plant goes on, it comes back, and nothing is left.

    PETRA_KILLS=100 pytest core/tests/engine/test_companion_kills.py -s

prints how the scan kept its time with and without kills, in turns, and how soon the companion was back.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from petra import Catalog
from petra.library import plugin as library
from petra.plugin.discovery import in_folder
from petra.scan.statistics import percentile
from petra.supervise import ActivityState
from petra.testing import ServiceRig
from petra.testing.rig import QUICK, resources

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLS = int(os.environ.get("PETRA_KILLS", "6"))
MEASURED = "PETRA_KILLS" in os.environ
TURN = 5
"""Kills, and then a while of the same length without any."""
BACK_WITHIN = QUICK + 2.0
DOCUMENT = {"signals": [{"name": "count", "type": "int"}], "odd": {}}
(ENTRY,) = in_folder(Path(__file__).parent / "companions")
CATALOG = Catalog.of(library, ENTRY.load())


def children() -> list[str]:
    """Return the processes that this one has started, also those that have ended and wait to be asked."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(os.getpid()):
            found.append(text.rpartition(")")[0])
    return found


def memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Turns:
    """Collects how late the scans were, apart for each kind of turn."""

    def __init__(self, rig: ServiceRig) -> None:
        self.task = rig.engine.scheduler.tasks[0].statistics
        self.lateness: dict[str, list[float]] = {"killed": [], "quiet": []}
        self.overruns = {"killed": 0, "quiet": 0}
        self.grown = {"killed": 0.0, "quiet": 0.0}

    def take(self, kind: str) -> Iterator[None]:
        scans, overruns = self.task.scans, self.task.overruns
        gc.collect()
        memory = memory_mb()
        yield
        count = min(self.task.scans - scans, len(self.task.lateness))
        self.lateness[kind] += list(self.task.lateness)[-count:]
        self.overruns[kind] += self.task.overruns - overruns
        gc.collect()
        self.grown[kind] += memory_mb() - memory

    def __str__(self) -> str:
        return "\n".join(self._said(kind, sorted(found)) for kind, found in self.lateness.items())

    def _said(self, kind: str, late: list[float]) -> str:
        p50, p99 = (f"p{each} {percentile(late, each) * 1e3:.3f} ms" for each in (50, 99))
        late_by = f"{len(late)} scans of 10 ms, {self.overruns[kind]} overruns, late by {p50}, {p99}"
        return f"{kind}: {late_by}; memory grown by {self.grown[kind]:.1f} MB"


def serves(rig: ServiceRig, starts: int) -> bool:
    status = rig.status
    return status.health.state is ActivityState.SERVING and status.health.starts > starts and status.pid != 0


def kill_at_random(rig: ServiceRig, dice: random.Random) -> float:
    """Kill it at any moment of its life, also while it starts; return the seconds until it serves again."""
    due = time.monotonic() + dice.uniform(0.0, 0.6)
    rig.until(lambda: time.monotonic() >= due and rig.status.pid, "it has a process")
    starts = rig.status.health.starts
    rig.kill()
    killed = time.monotonic()
    if dice.random() < 0.3:  # at once again, as soon as there is another process
        rig.until(lambda: rig.status.health.starts > starts and rig.status.pid, "it is started again")
        starts = rig.status.health.starts
        rig.kill()
        killed = time.monotonic()
    rig.until(lambda: serves(rig, starts), "it is back", 60.0)
    return time.monotonic() - killed


def test_a_companion_that_is_killed_at_random_comes_back_and_the_scan_goes_on(tmp_path):
    seed = int(os.environ.get("PETRA_SEED", time.time_ns()))
    dice = random.Random(seed)
    with ServiceRig(CATALOG, tmp_path, DOCUMENT) as rig:
        back = [kill_at_random(rig, dice)]  # what is made once is made
        turns, scans = Turns(rig), rig.plant.scans
        gc.collect()
        before = resources()
        for begun in range(0, KILLS, TURN):
            turn = turns.take("killed")
            next(turn)
            started = time.monotonic()
            back += [kill_at_random(rig, dice) for _ in range(min(TURN, KILLS - begun))]
            next(turn, None)
            lasted = time.monotonic() - started
            if MEASURED:
                turn, until = turns.take("quiet"), time.monotonic() + lasted
                next(turn)
                rig.until(
                    lambda until=until: time.monotonic() >= until, "a while has passed", 2 * lasted + 60
                )
                next(turn, None)
        gc.collect()
        rig.until(lambda: rig.is_serving and rig.channel.clients == 1, "one is connected, and no more")
        rig.until(lambda: resources() == before, "as many threads and open files as before")
        after, status = resources(), rig.plant
        assert len(children()) == 1
        assert list(rig.channel._tokens) == ["odd"]
        assert status.services["odd"].health.failures > KILLS
        assert status.watchdog_trips == 0
        assert rig.engine.failure is None
        assert status.scans > scans
        assert set(status.faults) == set()
    assert children() == []
    assert not rig.channel._tokens
    if MEASURED:
        print(f"\nseed {seed}; {status.services['odd'].health.failures} kills")
        print(f"back after: median {statistics.median(back):.2f} s, longest {max(back):.2f} s")
        print(turns)
        print(f"threads and open files before {before}, after {after}")
        assert max(back) <= BACK_WITHIN, f"back only after {max(back):.2f} s"


@pytest.mark.parametrize("seed", range(3))
def test_a_plant_that_is_stopped_while_a_companion_is_killed_leaves_nothing(tmp_path, seed):
    """At any moment: while it starts, while it serves, while it is being cleared away."""
    dice = random.Random(seed)
    for number in range(max(2, KILLS // 20)):
        with ServiceRig(CATALOG, tmp_path / str(number), DOCUMENT) as rig:
            rig.until(lambda: rig.status.pid, "it has a process")
            rig.kill()
            due = time.monotonic() + dice.uniform(0.0, 0.3)
            rig.until(lambda due=due: time.monotonic() >= due, "a moment has passed")
        assert children() == []
        assert not rig.channel._tokens
