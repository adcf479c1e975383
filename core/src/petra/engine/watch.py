"""The watchdog: it looks at the scan, shows safe values when one does not end, and does nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.scan import Scheduler

log = logging.getLogger("petra.engine")

_EVERY = 0.05
_SHARE = 4
"""How often it looks within the time that a scan may take, at least."""


class Watchdog:
    """Runs on a thread of its own, which waits for nothing but its next look."""

    def __init__(self, scheduler: Scheduler, clock: Clock, limit: Callable[[], float]) -> None:
        self.trips = 0
        self._scheduler = scheduler
        self._clock = clock
        self._limit = limit
        self._tripped: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="petra-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """End watching; waits for so long at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(within)

    def _run(self) -> None:
        while not self._stop.wait(min(_EVERY, self._limit() / _SHARE)):
            try:
                self._look()
            except Exception:
                log.exception("the watchdog goes on")

    def _look(self) -> None:
        since, limit = self._scheduler.busy_since, self._limit()
        if since is None or since == self._tripped or self._clock.monotonic() - since <= limit:
            return
        self._tripped = since
        self.trips += 1
        self._scheduler.store.show_safe("a scan does not end")
        log.critical("a scan has not ended within %g s: signals go to their safe values", limit)
