"""The signals that the engine itself writes: the figures of tasks, and the local time."""

from __future__ import annotations

from collections.abc import Iterable

from petra.scan.statistics import Figures
from petra.signals.types import SignalType

PREFIX = "petra."
"""Begins the names of the engine's own signals; no other signal's name does."""

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


def engine_signal_types(tasks: Iterable[str]) -> dict[str, SignalType]:
    """Return the types of the signals that the engine itself writes, by their names."""
    figures = {
        name: kind for task in tasks for name, kind in zip(figure_names(task), FIGURES.values(), strict=True)
    }
    return {**figures, **CLOCK}
