"""What blocks keep over a restart: one small file, replaced as a whole or not at all."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from pathlib import Path

    from petra.scan.program import States

log = logging.getLogger("petra.engine")

_VERSION = 1


@frozen
class Kept:
    """What blocks are to keep, and of which type they are: a name may be another block's the next time."""

    states: States
    types: Mapping[str, str]


class RetainFile:
    """The file. A power cut leaves the old one or the new one, never half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept: str | None = None
        self._failed = False

    def load(self, types: Mapping[str, str]) -> States:
        """Return what was kept for blocks of these types; nothing, with a warning, of a broken file."""
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
            before = kept.get("types", {})  # earlier versions kept none
            found = {
                str(block): {str(name): _restored(value) for name, value in states.items()}
                for block, states in kept["blocks"].items()
            }
            return {
                block: states
                for block, states in found.items()
                if self._is_usable(block, states, before.get(block), types.get(block))
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            aside = self.path.with_name(self.path.name + ".broken")
            log.warning(
                "retained state is not used: %s is broken (%s); it is kept as %s", self.path, error, aside
            )
            try:
                self.path.replace(aside)
            except OSError as moving:
                log.warning("%s cannot be moved aside: %s", self.path, moving)
            return {}

    def _is_usable(self, block: str, states: Mapping[str, Any], before: str | None, now: str | None) -> bool:
        """Return whether what was kept for a block is taken; say why not."""
        if before is not None and now is not None and before != now:
            log.warning(
                "what %s retains for %s is not used: it was a %s and is a %s", self.path, block, before, now
            )
            return False
        if not all(map(_is_finite, states.values())):
            log.warning("what %s retains for %s is not used: it is not finite", self.path, block)
            return False
        return True

    def save(self, kept: Kept) -> bool:
        """Keep this, if it differs from what is kept; say whether it is safe now."""
        states = {block: each for block, each in kept.states.items() if all(map(_is_finite, each.values()))}
        types = {block: kept.types[block] for block in states}
        text = json.dumps({"version": _VERSION, "types": types, "blocks": states})
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
        if self._failed:
            log.info("retained state is kept in %s again", self.path)
        self._kept, self._failed = text, False
        return True


def _is_finite(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _restored(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
