"""Why a plugin was put in quarantine."""

from __future__ import annotations

import traceback
from enum import Enum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from petra.plugin.candidate import PluginSource


class Stage(Enum):
    """The step at which a plugin failed; each value is a code documented in the problem reference."""

    IMPORT = "plugin-import"
    API = "plugin-api"
    HOOK = "plugin-hook"
    CONTRACT = "plugin-contract"
    CONFLICT = "plugin-conflict"


@frozen
class PluginFault:
    """A plugin in quarantine: its source, the step at which it failed, and the reason in one line."""

    name: str
    distribution: str
    version: str
    stage: Stage
    message: str
    details: str = field(default="", repr=False)

    @classmethod
    def of(cls, name: str, source: PluginSource, rejected: Rejected) -> PluginFault:
        """Return the fault of a plugin that was rejected, with the traceback of what caused it."""
        cause = rejected.__cause__
        details = "".join(traceback.format_exception(cause)) if cause else ""
        return cls(name, source.distribution, source.version, rejected.stage, str(rejected), details)

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.source}) is quarantined: {self.message} [{self.stage.value}]"

    @property
    def source(self) -> str:
        """The distribution and version, or the file, that the plugin came from."""
        return f"{self.distribution} {self.version}".strip()


class Rejected(Exception):  # noqa: N818 - it is caught within this package; a caller never gets it
    """A plugin cannot enter the catalog: at which step and why."""

    def __init__(self, stage: Stage, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def one_line(error: BaseException) -> str:
    """Return an exception as one line: its type, its text, and the file and line where it was raised."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the __str__ of an exception may raise, too
        text = "it has no readable text"
    if len(text) > 300:
        text = text[:297] + "..."
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return said + place
