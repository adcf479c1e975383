"""The journal of commands: every command that has ended, a line each, in a file that stays small."""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from petra.engine.lines import LineFile, previous

if TYPE_CHECKING:
    from pathlib import Path

    from petra.drivers.commands.ledger import Ledger

log = logging.getLogger("petra.commands")


class CommandJournal:
    """Writes what ends in a ledger; one thread calls `flush`."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self.path = path
        self._file = LineFile(path, "commands", log)
        self._ended = ledger.follow()

    @property
    def lost(self) -> int:
        """Commands that ended faster than the disk takes them."""
        return self._ended.lost

    def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        if not (taken := self._ended.take()):
            return
        if not self._file.append(command.as_dict() for command in taken):
            self._ended.give_back(taken)


def read(path: Path, last: int) -> list[dict[str, Any]]:
    """Return the last commands, the oldest first; a line that is not a command is skipped.

    A crash may have cut it, and the file may have been edited.
    """
    found: deque[dict[str, Any]] = deque(maxlen=last)
    for each in (previous(path), path):
        if not each.exists():
            continue
        with each.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if (entry := _entry(line)) is not None:
                    found.append(entry)
    return list(found)


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    times = (entry.get("requested_at"), entry.get("ended_at"))
    return entry if all(time is None or _is_moment(time) for time in times) else None


def _is_moment(time: object) -> bool:
    return type(time) is int and 0 <= time < 2**63
