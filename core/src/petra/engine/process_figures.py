"""What a process uses: processor time and memory, as the system or else the process itself reports them."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_APART = 1.0
"""Seconds between two looks: the share of a processor is worked out over at least so long."""


class ProcessFigures:
    """The figures of one process; any thread may read them."""

    def __init__(self, pid: int, now: float) -> None:
        self.pid = pid
        self.cpu_s = self.cpu_percent = 0.0
        self.memory_bytes = 0
        self._folder = Path("/proc", str(pid))
        self._looked: tuple[float, float] = now, 0.0
        """When the share of a processor was last worked out, and the processor time until then."""

    def look(self, now: float) -> None:
        """Read them from the system, where it has them."""
        try:
            stat = (self._folder / "stat").read_text()
            memory = int((self._folder / "statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError, ValueError):  # no such system, or no such process any more
            return
        # the name of the program is in parentheses and may hold any: the fields behind it are counted from 3
        fields = stat.rpartition(")")[2].split()
        self.take(now, (int(fields[11]) + int(fields[12])) / _TICKS, memory)

    def take(self, now: float, cpu_s: float, memory_bytes: int) -> None:
        """Take figures."""
        self.cpu_s, self.memory_bytes = cpu_s, memory_bytes
        at, before = self._looked
        if now - at >= _APART:
            self.cpu_percent = max(0.0, 100.0 * (cpu_s - before) / (now - at))
            self._looked = now, cpu_s
