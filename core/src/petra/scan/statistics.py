"""How a task keeps its time: execution, lateness and overruns."""

from __future__ import annotations

from collections import deque

from attrs import define, field, frozen

_WINDOW = 1_000  # scans that percentiles look back over


@frozen
class Figures:
    """A task's figures at one moment; times in milliseconds, over the last thousand scans."""

    scans: int = 0
    overruns: int = 0
    faults: int = 0
    period_ms: float = 0.0
    execution_ms: float = 0.0
    execution_p99_ms: float = 0.0
    execution_max_ms: float = 0.0
    lateness_p50_ms: float = 0.0
    lateness_p99_ms: float = 0.0
    lateness_max_ms: float = 0.0


@define
class TaskStatistics:
    """Collects a task's times; the scan thread adds, and sums up now and then."""

    scans: int = 0
    overruns: int = 0
    faults: int = 0
    execution_max: float = 0.0
    lateness_max: float = 0.0
    execution: deque[float] = field(factory=lambda: deque(maxlen=_WINDOW))
    lateness: deque[float] = field(factory=lambda: deque(maxlen=_WINDOW))

    def add(self, lateness: float, execution: float) -> None:
        """Take note of one scan, in seconds."""
        self.scans += 1
        self.execution.append(execution)
        self.lateness.append(lateness)
        self.execution_max = max(self.execution_max, execution)
        self.lateness_max = max(self.lateness_max, lateness)

    def figures(self, period: float) -> Figures:
        """Return the figures of a task of this period in seconds."""
        execution, lateness = sorted(self.execution), sorted(self.lateness)
        return Figures(
            scans=self.scans,
            overruns=self.overruns,
            faults=self.faults,
            period_ms=period * 1e3,
            execution_ms=self.execution[-1] * 1e3 if execution else 0.0,
            execution_p99_ms=percentile(execution, 99) * 1e3,
            execution_max_ms=self.execution_max * 1e3,
            lateness_p50_ms=percentile(lateness, 50) * 1e3,
            lateness_p99_ms=percentile(lateness, 99) * 1e3,
            lateness_max_ms=self.lateness_max * 1e3,
        )


def percentile(ordered: list[float], percent: float) -> float:
    """Return the value that this share of an ordered list does not exceed; 0 for an empty one."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
