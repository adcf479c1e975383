"""What is kept beside a running scan, and may wait for a disk: commands, forces, what blocks retain."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol

from petra.signals.store import FORCES_KEPT

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.engine.retain import Kept, RetainFile
    from petra.scan import Scheduler
    from petra.signals import Force

log = logging.getLogger("petra.engine")

RETAIN_EVERY = 5.0
_EVERY = 0.1


class KeptFile(Protocol):
    """What is written to a file now and then."""

    def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""


class Keeper:
    """Runs on a thread of its own. Whatever goes wrong with one of its duties, it goes on with all.

    `duties` are further ones: they are called at every turn.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Clock,
        snapshot: Callable[[], Kept],
        *,
        retain: RetainFile | None,
        files: Sequence[KeptFile],
        duties: Sequence[Callable[[], None]],
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._snapshot = snapshot
        self._retain = retain
        self._files = files
        self._duties = (self._tell_forces, self.flush, *duties, self._keep_now_and_then)
        self._keep_at = clock.monotonic() + RETAIN_EVERY
        self._forces: deque[Force] = deque(maxlen=FORCES_KEPT)
        self._told: Force | None = None
        self._last: Kept | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="petra-keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within: float, kept: Kept | None) -> None:
        """Do everything once more and keep this; waits for so long at most, whatever a disk does."""
        self._last = kept
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(within)
        if self._thread.is_alive():
            log.critical(
                "commands and retained state were not written within %g s; the stop goes on without them",
                within,
            )

    def note_forces(self) -> None:
        """Take note of forces since the last call; the scan thread calls it, the log is written elsewhere."""
        record = reversed(self._scheduler.store.force_record)
        fresh = list(takewhile(lambda force: force is not self._told, record))
        if fresh:
            self._told = fresh[0]
            self._forces.extend(reversed(fresh))

    def flush(self) -> None:
        """Write what waits for a file: commands that have ended, the audit."""
        for file in self._files:
            file.flush()

    def keep(self, kept: Kept) -> None:
        """Keep what is to be retained."""
        if self._retain is not None:
            self._retain.save(kept)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            for duty in self._duties:
                self._do(duty)
        kept = self._last
        for duty in (self._tell_forces, self.flush, lambda: None if kept is None else self.keep(kept)):
            self._do(duty)

    def _do(self, duty: Callable[[], None]) -> None:
        try:
            duty()
        except Exception:  # whatever it is, the others and the end go on
            log.exception("one of the engine's duties has failed")

    def _tell_forces(self) -> None:
        while self._forces:
            force = self._forces.popleft()
            if force.value is None:
                log.warning("let go: %s, by %s", force.signal, force.actor)
            else:
                log.warning("forced: %s = %r, by %s", force.signal, force.value, force.actor)

    def _keep_now_and_then(self) -> None:
        if self._retain is None or self._clock.monotonic() < self._keep_at:
            return
        self._keep_at = self._clock.monotonic() + RETAIN_EVERY
        future = self._scheduler.between(self._snapshot)
        try:
            self.keep(future.result(timeout=1.0))
        except TimeoutError:
            future.cancel()
