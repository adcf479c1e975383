"""What a companion tells the engine: JSON lines with its log, its heartbeat and its end."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from typing import Any

from petra.services.context import LOGGER

_LONGEST = 8_000


class Reports:
    """Writes reports; any thread may use it. It is the watcher of the service as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._progressed = False

    def tell(self, what: str, **told: Any) -> None:
        """Write a report."""
        line = json.dumps({"is": what, **told}, ensure_ascii=True).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]

    def serving(self) -> None:
        """Tell that the service works now."""
        self.tell("serving")

    def progress(self) -> None:
        """Let the next heartbeat tell that there was progress."""
        self._progressed = True

    def detail(self, text: str) -> None:
        """Tell what the service says of itself."""
        self.tell("detail", text=text[:_LONGEST])

    def beat(self) -> None:
        """Tell that the loop moves, whether there was progress, and what the process uses."""
        progress, self._progressed = self._progressed, False
        self.tell("beat", progress=progress, cpu_s=time.process_time(), memory_bytes=_memory())


class ReportHandler(logging.Handler):
    """Tells lines of the log."""

    def __init__(self, reports: Reports, name: str) -> None:
        super().__init__()
        self._reports = reports
        self._own = f"{LOGGER}.{name}"

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a line."""
        try:
            text = self.format(record)
            if record.name != self._own:
                text = f"{record.name}: {text}"
            self._reports.tell("log", level=record.levelno, text=text[:_LONGEST])
        except Exception:  # noqa: BLE001 - a caller that logs must not get an exception
            self.handleError(record)


def _memory() -> int:
    """Return the most memory that this process has had, where the system does not tell others of it."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
