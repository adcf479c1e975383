"""A file of JSON lines that stays small: what is appended to it, with the file before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable
    from pathlib import Path

MOST_BYTES = 4_000_000


class LineFile:
    """Appends lines; beyond `MOST_BYTES` it goes on in a new file, and keeps one from before."""

    def __init__(self, path: Path, what: str, log: logging.Logger) -> None:
        self.path = path
        self._what = what
        self._log = log
        self._failed = False

    def append(self, entries: Iterable[Any]) -> bool:
        """Append entries, and return whether that went well; a failure is logged once."""
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        try:
            if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
                self.path.replace(previous(self.path))
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(lines)
        except OSError as error:
            if not self._failed:
                self._log.error("%s cannot be written to %s: %s", self._what, self.path, error)
            self._failed = True
            return False
        if self._failed:
            self._log.warning("%s are written to %s again", self._what, self.path)
        self._failed = False
        return True


def previous(path: Path) -> Path:
    """Return where the lines before those in the file are."""
    return path.with_name(path.name + ".1")
