"""What looks after a running engine beside its scan: the watchdog, the record of forces, what is retained."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from petra.signals.bus import FORCES_KEPT

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.engine.journal import Journal
    from petra.engine.retain import RetainFile
    from petra.scan import Scheduler
    from petra.scan.program import States
    from petra.signals import Force

log = logging.getLogger("petra.engine")

RETAIN_EVERY = 5.0
_EVERY = 0.05


class Watch:
    """Runs on a thread of its own. Whatever goes wrong with one of its duties, it goes on with all."""

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Clock,
        limit: Callable[[], float],
        retain: RetainFile | None,
        journal: Journal | None,
        duties: Sequence[Callable[[], None]],
        snapshot: Callable[[], States],
    ) -> None:
        self.trips = 0
        self._scheduler = scheduler
        self._clock = clock
        self._limit = limit
        self._retain = retain
        self._journal = journal
        self._duties = duties
        self._snapshot = snapshot
        self._tripped: float | None = None
        self._forces: deque[Force] = deque(maxlen=FORCES_KEPT)
        self._told: Force | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="petra-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """End watching; waits for so long at most."""
        self._stop.set()
        self._thread.join(within)

    def note_forces(self) -> None:
        """Take note of forces since the last call; the scan thread calls it, the log is written elsewhere."""
        record = reversed(self._scheduler.bus.force_record)
        fresh = list(takewhile(lambda force: force is not self._told, record))
        if fresh:
            self._told = fresh[0]
            self._forces.extend(reversed(fresh))

    def flush(self) -> None:
        """Write the commands that have ended into their journal."""
        if self._journal is not None:
            self._journal.flush()

    def keep(self, states: States) -> None:
        """Keep what is to be retained."""
        if self._retain is None:
            return
        try:
            self._retain.save(states)
        except Exception:  # whatever it is, the watchdog and the end go on
            log.exception("retained state cannot be kept")

    def _run(self) -> None:
        keep_at = self._clock.monotonic() + RETAIN_EVERY
        while not self._stop.wait(_EVERY):
            try:
                self._look_at_the_scan()
                self._tell_forces()
                self.flush()
                for duty in self._duties:
                    duty()
                if self._retain is not None and self._clock.monotonic() >= keep_at:
                    keep_at = self._clock.monotonic() + RETAIN_EVERY
                    self._keep_beside()
            except Exception:
                log.exception("the watchdog goes on")

    def _look_at_the_scan(self) -> None:
        since = self._scheduler.busy_since
        if since is None or since == self._tripped or self._clock.monotonic() - since <= self._limit():
            return
        self._tripped = since
        self.trips += 1
        log.critical("a scan has not ended within %g s: signals go to their safe values", self._limit())
        self._scheduler.bus.show_safe("a scan does not end")

    def _tell_forces(self) -> None:
        while self._forces:
            force = self._forces.popleft()
            if force.value is None:
                log.warning("let go: %s, by %s", force.signal, force.actor)
            else:
                log.warning("forced: %s = %r, by %s", force.signal, force.value, force.actor)

    def _keep_beside(self) -> None:
        future = self._scheduler.between(self._snapshot)
        try:
            self.keep(future.result(timeout=1.0))
        except TimeoutError:
            future.cancel()
