"""A file of JSON lines that stays small: what is appended to it, with the file before it."""

from __future__ import annotations

import json
from contextlib import suppress
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
        lines = "".join(f"{_line(entry)}\n" for entry in entries).encode("utf-8", "backslashreplace")
        try:
            if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
                self.path.replace(previous(self.path))
            self._write(lines)
        except OSError as error:
            if not self._failed:
                self._log.error("%s cannot be written to %s: %s", self._what, self.path, error)
            self._failed = True
            return False
        if self._failed:
            self._log.warning("%s are written to %s again", self._what, self.path)
        self._failed = False
        return True

    def _write(self, lines: bytes) -> None:
        """Write lines whole: what a full disk has taken of them is cut off again."""
        with self.path.open("ab", buffering=0) as file:
            begin = file.tell()
            try:
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
            except OSError:
                with suppress(OSError):
                    file.truncate(begin)
                raise


def _line(entry: Any) -> str:
    try:
        return json.dumps(entry, ensure_ascii=False)
    except (TypeError, ValueError):  # one that cannot be written takes no other with it
        return json.dumps(repr(entry))


def previous(path: Path) -> Path:
    """Return where the lines before those in the file are."""
    return path.with_name(path.name + ".1")
