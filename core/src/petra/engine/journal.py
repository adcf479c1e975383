"""The journal of commands: every command that has ended, a line each, in a file that stays small."""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from petra.drivers.commands.ledger import Ledger

log = logging.getLogger("petra.commands")

MOST_BYTES = 4_000_000


class CommandJournal:
    """Writes what ends in a ledger; one thread calls `flush`."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self.path = path
        self._ended = ledger.follow()
        self._failed = False

    @property
    def lost(self) -> int:
        """Commands that ended faster than the disk takes them."""
        return self._ended.lost

    def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        if not (taken := self._ended.take()):
            return
        lines = "".join(json.dumps(command.as_dict(), ensure_ascii=False) + "\n" for command in taken)
        try:
            if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
                self.path.replace(previous(self.path))
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(lines)
            self._failed = False
        except OSError as error:
            self._ended.give_back(taken)
            if not self._failed:
                log.error("commands cannot be written to %s: %s", self.path, error)  # noqa: TRY400
            self._failed = True


def previous(path: Path) -> Path:
    """Return where the lines before those in the file are."""
    return path.with_name(path.name + ".1")


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
