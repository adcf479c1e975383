"""What blocks keep over a restart: one small file, replaced as a whole or not at all."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from petra.scan.program import States

log = logging.getLogger("petra.engine")

_VERSION = 1


class RetainFile:
    """The file. A power cut leaves the old one or the new one, never half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: str | None = None
        self._failed = False

    def load(self) -> States:
        """Return what was kept; nothing, with a warning, of a file that cannot be used."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.warning("retained state is not used: %s cannot be read: %s", self.path, error)
            return {}
        try:
            kept = json.loads(data)
            if kept["version"] != _VERSION:
                raise ValueError(f"it is of version {kept['version']}")
            return {
                str(block): {str(name): _restored(value) for name, value in states.items()}
                for block, states in kept["blocks"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            aside = self.path.with_name(self.path.name + ".broken")
            log.warning(
                "retained state is not used: %s is broken (%s); it is kept as %s", self.path, error, aside
            )
            try:
                self.path.replace(aside)
            except OSError as moving:
                log.warning("%s cannot be moved aside: %s", self.path, moving)
            return {}

    def save(self, states: States) -> bool:
        """Keep this, if it differs from what is kept; say whether it is safe now."""
        text = json.dumps({"version": _VERSION, "blocks": states})
        if text == self._kept:
            return True
        beside = self.path.with_name(self.path.name + ".new")
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            if not self._failed:
                log.error("retained state cannot be kept in %s: %s", self.path, error)  # noqa: TRY400 - no bug of ours
            self._failed = True
            return False
        self._kept, self._failed = text, False
        return True


def _restored(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
