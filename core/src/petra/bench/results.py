"""What a benchmark finds: figures with their spread, and the ratio to a reference of the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import asdict, evolve, frozen

from petra.scan.statistics import percentile


@frozen
class Result:
    """One figure. `ratio` is how many times slower the reference was, measured in the same run."""

    group: str
    name: str
    unit: str
    p50: float
    p95: float
    p99: float
    minimum: float
    samples: int
    ratio: float | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """The key that identifies the same figure in another run."""
        return f"{self.group}: {self.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as data."""
        return asdict(self)


def result(group: str, name: str, unit: str, samples: Sequence[float], *, note: str = "") -> Result:
    """Sum up samples."""
    ordered = sorted(samples)
    return Result(
        group,
        name,
        unit,
        percentile(ordered, 50),
        percentile(ordered, 95),
        percentile(ordered, 99),
        ordered[0],
        len(ordered),
        note=note,
    )


def single(group: str, name: str, unit: str, value: float, *, note: str = "") -> Result:
    """Return a figure that was measured once."""
    return result(group, name, unit, [value], note=note)


def against(fast: Result, reference: Result) -> Result:
    """Return a result with its ratio to the reference."""
    return evolve(fast, ratio=reference.p50 / fast.p50 if fast.p50 else None)


def timed(action: Callable[[], object], *, batches: int, calls: int) -> list[float]:
    """Return the seconds of one call, batch by batch."""
    clock = time.perf_counter
    samples = []
    for _ in range(batches):
        begin = clock()
        for _ in range(calls):
            action()
        samples.append((clock() - begin) / calls)
    return samples


def interleaved(actions: Sequence[Callable[[], object]], *, batches: int, calls: int) -> list[list[float]]:
    """Time several actions in turns, so that other load on the machine affects all of them alike."""
    samples: list[list[float]] = [[] for _ in actions]
    for action in actions:
        timed(action, batches=1, calls=calls)
    for _ in range(batches):
        for found, action in zip(samples, actions, strict=True):
            found.extend(timed(action, batches=1, calls=calls))
    return samples
