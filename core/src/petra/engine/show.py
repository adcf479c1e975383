"""The engine's own signals: how the tasks keep their time, and the time itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import astuple

from petra.scan.statistics import CLOCK, figure_names

if TYPE_CHECKING:
    from petra.scan import Task
    from petra.signals import Bus, Value


class Shown:
    """Writes the engine's signals, once a second."""

    def __init__(self, bus: Bus, tasks: Sequence[str]) -> None:
        self._group = bus.group([name for task in tasks for name in figure_names(task)] + list(CLOCK))

    def write(self, now: int, tasks: Sequence[Task]) -> None:
        """Write the figures of these tasks and the local time; the next scan sees them."""
        values: list[Value] = []
        for task in tasks:
            values += astuple(task.statistics.figures(task.period))
        local = time.localtime(now // 10**9)
        second = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec
        self._group.write([*values, second, local.tm_wday, now // 10**9])
