"""A plant with a channel in a process of its own, and clients of it in theirs: the children of the benchmark.

Each obeys the lines of its standard input and answers each with one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.bench.plants import plant
from petra.config import BlockConfig, Configuration, PlantConfig, TaskConfig
from petra.engine import Engine
from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.link import Credentials, Link
from petra.plant.channel.server import ChannelServer
from petra.plugin import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNALS = 10_000
CHANGING = 1_000
LOGIC = 100
"""Blocks of the task whose lateness is measured."""
SLOW_MS = 100.0
FAST_MS = 10.0


def counting(period_ms: float) -> PlantConfig:
    """Return a plant of 10,000 signals, of which 1,000 count the scans of a task of this period."""
    made = plant(SIGNALS - CHANGING, LOGIC, FAST_MS)
    counters = tuple(
        BlockConfig(f"c{i}", "ADD", {"in1": f"c{i}", "in2": 1.0}, {"out": f"c{i}"}, task="counting")
        for i in range(CHANGING)
    )
    tasks = (*made.tasks, TaskConfig("counting", period_ms, priority=-1))
    return evolve(made, blocks=made.blocks + counters, tasks=tasks)


def serve() -> None:
    """Run a plant; the arguments are the path of its socket and the period of what changes."""
    path, period = Path(sys.argv[1]), float(sys.argv[2])
    engine = Engine(Configuration(counting(period)), Catalog.load())
    engine.start()
    server = ChannelServer(engine.plant, engine.guard, engine.clock, path)
    server.start()
    statistics = engine.scheduler.tasks[0].statistics
    _say({"path": str(path)})
    began = 0.0
    for line in sys.stdin:
        if line.strip() == "mark":
            statistics.lateness = deque()  # all of them, not only the last thousand
            began = time.process_time()
            _say({})
        else:
            used = time.process_time() - began
            _say({"lateness": list(statistics.lateness), "cpu": used, "clients": server.clients})
    server.stop()
    engine.stop()


def attend() -> None:
    """Be a client; the argument is what it does: `watch`, `deaf` or `follow`. `on PATH` begins."""
    asyncio.run(_attend(sys.argv[1]))


async def _attend(kind: str) -> None:
    client = _Client(kind)
    _say({})
    while (line := await asyncio.to_thread(sys.stdin.readline)).strip():
        word, _, rest = line.strip().partition(" ")
        if word == "on":
            await client.on(Path(rest))
            _say({})
        elif word == "mark":
            client.mark()
            _say({})
        else:
            _say(await client.off())


class _Client:
    """A client that comes and goes."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._tally: Watched | Followed = Watched()

    async def on(self, path: Path) -> None:
        """Connect, and return when the first change is there."""
        self._tally = Followed() if self._kind == "follow" else Watched()
        self._link, began = Link(path, Credentials("bench")), asyncio.Event()
        self._reading = asyncio.create_task(self._tally.read(ChannelPlant(self._link), began.set))
        await began.wait()
        if self._kind == "deaf":
            self._link.pause()
        self.mark()

    def mark(self) -> None:
        """Begin to measure."""
        self._tally.mark()
        self._began = time.process_time()

    async def off(self) -> dict[str, Any]:
        """Leave, and return what was found."""
        used = time.process_time() - self._began
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._link.close()
        return {**self._tally.as_dict(), "cpu": used}


class Watched:
    """How late changes arrive. The first of the counters says which scans were merged into a later one."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.merged = 0
        self._last = 0.0

    def mark(self) -> None:
        """Forget what was before: the first picture of 10,000 signals takes a client 0.1 s of its own."""
        self.late, self.merged = [], 0

    async def read(self, plant: ChannelPlant, began: Callable[[], None]) -> None:
        """Watch everything until it is cancelled."""
        async for change in plant.watch():
            now = time.time_ns()
            counter = change.get("c0")
            if counter is None:
                continue
            began()
            number = float(counter.value)
            skipped = int(number - self._last) - 1 if self._last else 0
            self.merged += skipped
            # what was merged was due when its scan ended: it counts as late as it is
            self.late += [(now - counter.time) / 1e6 + SLOW_MS * i for i in range(skipped + 1)]
            self._last = number

    def as_dict(self) -> dict[str, Any]:
        """Return what was found."""
        return {"late": self.late, "merged": self.merged}


class Followed:
    """Whether every change arrives, in order."""

    def __init__(self) -> None:
        self.seen = self.missed = self.gaps = 0

    def mark(self) -> None:
        """Forget nothing: all of it counts."""

    async def read(self, plant: ChannelPlant, began: Callable[[], None]) -> None:
        """Follow the counters until it is cancelled."""
        last: float | None = None
        async for frame in plant.follow("c*"):
            began()
            self.seen += len(frame.indices)
            self.missed += frame.missed
            if frame.task == "counting":
                number = float(frame.values[0])
                self.gaps += last is not None and number != last + 1
                last = number

    def as_dict(self) -> dict[str, Any]:
        """Return what was found."""
        return {"seen": self.seen, "missed": self.missed, "gaps": self.gaps}


def _say(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()
