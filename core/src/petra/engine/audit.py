"""The audit in a file: who did what, and what was refused, one JSON line each."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from attrs import asdict

from petra.engine.lines import LineFile

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plant.audit import AuditEntry

log = logging.getLogger("petra.audit")

WAITING = 10_000
"""Entries that wait for a disk that does not take them."""


class AuditTrail:
    """Takes entries from any thread; one thread calls `flush`."""

    def __init__(self, path: Path) -> None:
        self.lost = 0
        """Entries that found no room, because the disk takes none."""
        self._told = 0
        self._file = LineFile(path, "the acts of the audit", log)
        self._waiting: deque[AuditEntry] = deque()

    def note(self, entry: AuditEntry) -> None:
        """Take an entry."""
        if len(self._waiting) >= WAITING:
            self.lost += 1
        else:
            self._waiting.append(entry)

    def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if taken and not self._file.append(map(asdict, taken)):
            self._waiting.extendleft(reversed(taken))
        elif self.lost != self._told:
            log.error("%d acts are not in the audit: its disk took none for too long", self.lost - self._told)
            self._told = self.lost
