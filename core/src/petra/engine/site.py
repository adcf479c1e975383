"""Where a plant comes from: what its process knows of it, and the engine does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from petra._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from petra.config.document import Loaded


@frozen
class Site:
    """The document and the folder of a plant, and what its process does on request."""

    name: str = ""
    document: str = ""
    data_dir: str = ""
    version: str = __version__
    pid: int = os.getpid()
    read: Callable[[], Loaded] | None = None
    """Reads the document again; None where there is none."""
    stop: Callable[[], None] | None = None
    """Asks the process to stop the plant, and does not wait for it."""
    audit: Path | None = None
    """The file of the audit."""
