"""How a task keeps its time: execution, lateness, overruns, as figures and as signals."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define, field, frozen

from petra.signals.types import SignalType

PREFIX = "petra."
"""Begins the names of the engine's own signals; no other signal's name does."""

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


_TYPES = {"int": SignalType.INT, "float": SignalType.FLOAT}
FIGURES: dict[str, SignalType] = {
    name: _TYPES[str(attribute.type)] for name, attribute in ((a.name, a) for a in Figures.__attrs_attrs__)
}


CLOCK: dict[str, SignalType] = {
    f"{PREFIX}clock.second_of_day": SignalType.INT,
    f"{PREFIX}clock.day_of_week": SignalType.INT,
    f"{PREFIX}clock.unix_time": SignalType.INT,
}
"""The signals that show the local time, for blocks that switch by it: no block reads a clock."""


def figure_names(task: str) -> list[str]:
    """Return the names of the signals that show a task's figures, in the order of `Figures`."""
    return [f"{PREFIX}{task}.{name}" for name in FIGURES]


def engine_signals(tasks: Iterable[str]) -> dict[str, SignalType]:
    """Return the signals that the engine itself writes, with their types."""
    figures = {
        name: kind for task in tasks for name, kind in zip(figure_names(task), FIGURES.values(), strict=True)
    }
    return {**figures, **CLOCK}


@define
class Statistics:
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
