"""The engine's own signals: how the tasks keep their time, and the time itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import astuple

from petra.scan.engine_signals import CLOCK, figure_names

if TYPE_CHECKING:
    from petra.scan import Task
    from petra.signals import Bus, Group, Value


class EngineSignals:
    """Writes the engine's signals, once a second."""

    def __init__(self, bus: Bus, tasks: Sequence[str]) -> None:
        self._bus = bus
        self._names = [name for task in tasks for name in figure_names(task)] + list(CLOCK)
        self._group: Group | None = (
            None  # resolved when it writes: a reload makes it before its layout is there
        )

    def write(self, now: int, tasks: Sequence[Task]) -> None:
        """Write the figures of these tasks and the local time; the next scan sees them."""
        values: list[Value] = []
        for task in tasks:
            values += astuple(task.statistics.figures(task.period))
        local = time.localtime(now // 10**9)
        second = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec
        if self._group is None:
            self._group = self._bus.group(self._names)
        self._group.write([*values, second, local.tm_wday, now // 10**9])
