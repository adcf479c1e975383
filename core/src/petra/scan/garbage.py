"""Collecting garbage when the scan has time for it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.clock import Clock


class GarbageSchedule:
    """Collects cycles when the scan has time for it, since Python would do it in the middle of a scan.

    What was there before the first scan is set aside: it is never looked at again.
    """

    EVERY = (1.0, 60.0)  # seconds between collections of young objects, and of all

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._was_enabled = False
        self._next = [0.0, 0.0]
        self._took = [0.0, 0.0]

    def begin(self) -> None:
        """Take collection over."""
        self._was_enabled = gc.isenabled()
        gc.collect()
        gc.freeze()
        gc.disable()
        now = self._clock.monotonic()
        self._next = [now + every for every in self.EVERY]

    def end(self) -> None:
        """Give collection back."""
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def collect(self, room: float) -> bool:
        """Collect what is due, if it takes less than half of the idle time or has waited for long."""
        now = self._clock.monotonic()
        for kind, every in enumerate(self.EVERY):
            overdue = now - self._next[kind]
            if overdue < 0 or (self._took[kind] * 2 > room and overdue < 10 * every):
                continue
            gc.collect(1 + kind)
            end = self._clock.monotonic()
            self._took[kind], self._next[kind] = end - now, end + every
            return True
        return False
