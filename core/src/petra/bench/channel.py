"""What clients of a plant's channel get, and what they cost its scan: all of it in processes of their own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve

from petra.bench.memory import resident
from petra.bench.results import Result, result, single
from petra.scan.statistics import percentile

if TYPE_CHECKING:
    from types import TracebackType

CLIENTS = 20
_LONGEST_TURN = 10.0
_SETTLED = 1.0
_FOLLOWED = 100_000


def measure_channel(rounds: int, seconds: float) -> Iterator[Result]:
    """Measure watches of many clients, and then a follow that lasts so long."""
    with tempfile.TemporaryDirectory(prefix="petra-") as folder:
        yield from _watches(Path(folder), rounds, min(seconds, _LONGEST_TURN))
        yield from _follow(Path(folder) / "follow.sock", seconds)


class Child:
    """A process that answers each line with one line of JSON."""

    def __init__(self, act: str, *arguments: str) -> None:
        code = f"from petra.bench.channel_plant import {act}; {act}()"
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def say(self, line: str) -> None:
        """Ask for something."""
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - it was asked for
        stream.write(line + "\n")
        stream.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the answer."""
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - as above
        found: dict[str, Any] = json.loads(stream.readline())
        return found

    def ask(self, line: str) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self.say(line)
        return self.hear()


def ask_all(children: Sequence[Child], line: str) -> list[dict[str, Any]]:
    """Ask all of them, and wait for all answers."""
    for child in children:
        child.say(line)
    return [child.hear() for child in children]


class _Turns:
    """Windows of one plant: without clients, with clients of its own, and with those of another plant."""

    def __init__(self, plant: Child, clients: Sequence[Child], seconds: float) -> None:
        self.late: dict[str, list[list[float]]] = {}
        """The lateness of the scan, in ms, in each window of a kind."""
        self.plant_cpu: dict[str, list[float]] = {}
        self.clients_cpu: list[float] = []
        self.delivered: list[float] = []
        self.merged = 0
        self.resident: list[float] = []
        self._plant, self._clients, self._seconds = plant, clients, seconds

    def alone(self, kind: str) -> None:
        """Measure one window of the scan."""
        self._plant.ask("mark")
        time.sleep(self._seconds)
        found = self._plant.ask("tell")
        self.late.setdefault(kind, []).append([1e3 * late for late in found["lateness"]])
        self.plant_cpu.setdefault(kind, []).append(found["cpu"] / self._seconds)

    def beside(self, kind: str, path: Path) -> Sequence[dict[str, Any]]:
        """Measure one window while the clients watch the plant of this path; return what they found."""
        ask_all(self._clients, f"on {path}")
        time.sleep(_SETTLED)  # the one that does not read is left out from here on
        ask_all(self._clients, "mark")
        self.alone(kind)
        return ask_all(self._clients, "off")

    def watched(self, path: Path) -> None:
        """Measure one window with clients of this plant."""
        told = self.beside("watched", path)
        self.resident.append(resident(self._plant.pid))
        self.clients_cpu.append(sum(each["cpu"] for each in told) / self._seconds)
        self.delivered += [late for each in told[:-1] for late in each["late"]]
        self.merged += sum(each["merged"] for each in told[:-1])


def _watches(folder: Path, rounds: int, seconds: float) -> Iterator[Result]:
    here, elsewhere = folder / "plant.sock", folder / "other.sock"
    with ExitStack() as stack:
        plant, other = (stack.enter_context(Child("serve", str(path), "100")) for path in (here, elsewhere))
        kinds = ["watch"] * (CLIENTS - 1) + ["deaf"]
        clients = [stack.enter_context(Child("attend", kind)) for kind in kinds]
        for child in (plant, other, *clients):
            child.hear()
        turns = _Turns(plant, clients, seconds)
        for _ in range(rounds):
            turns.alone("alone")
            turns.beside("elsewhere", elsewhere)
            turns.watched(here)
    note = f"worst {max(turns.delivered):.1f} ms, {turns.merged} of {len(turns.delivered):,} merged"
    yield result("channel", f"delivery to {CLIENTS - 1} clients", "ms", turns.delivered, note=note)
    yield _lateness(turns, "alone", "without clients")
    yield _lateness(turns, "elsewhere", "while they watch another plant")
    plant_cpu = _median(turns.plant_cpu["watched"]), _median(turns.plant_cpu["alone"])
    note = f"{100 * plant_cpu[1]:.1f} % without them; all of them {_median(turns.clients_cpu):.1%}"
    yield single("channel", f"processor beside {CLIENTS} clients", "%", 100 * plant_cpu[0], note=note)
    rounds_said = " ".join(f"{each:.1f}" for each in turns.resident)
    yield single("channel", "resident beside them", "MiB", turns.resident[-1], note=f"rounds: {rounds_said}")


def _lateness(turns: _Turns, kind: str, said: str) -> Result:
    """Return the lateness of all windows, compared with other windows of the same rounds."""
    without, beside = turns.late[kind], turns.late["watched"]
    name = f"lateness beside {CLIENTS} clients, to {kind}"
    found = result("channel", name, "ms", [late for window in beside for late in window])
    other = result("channel", kind, "ms", [late for window in without for late in window])
    rounds = " ".join(f"{_p99(b) / _p99(a):.2f}" for a, b in zip(without, beside, strict=True))
    note = f"p99 {other.p99:.3f} ms {said}: {found.p99 / other.p99:.2f} times (rounds: {rounds})"
    return evolve(found, note=note)


def _follow(path: Path, seconds: float) -> Iterator[Result]:
    with Child("serve", str(path), "10") as plant:
        plant.hear()
        with Child("attend", "follow") as client:
            client.hear()
            client.ask(f"on {path}")
            held = resident(plant.pid)
            time.sleep(seconds)
            grown = resident(plant.pid) - held
            found = client.ask("off")
    note = f"{found['seen']:,} seen, {found['gaps']} gaps, plant {grown:+.1f} MiB"
    name = f"follow {_FOLLOWED:,} changes/s for {seconds:g} s, missed"
    yield single("channel", name, "", found["missed"], note=note)


def _p99(samples: Sequence[float]) -> float:
    return percentile(sorted(samples), 99)


def _median(samples: Sequence[float]) -> float:
    return statistics.median(samples)
