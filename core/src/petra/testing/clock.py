"""A clock that a test controls."""

from __future__ import annotations

_START_NS = 1_767_225_600 * 10**9  # 2026-01-01T00:00:00Z


class ManualClock:
    """A `petra.Clock` for tests.

    The time changes only by `advance` and `sleep`, and exactly by their amount.
    """

    def __init__(self, now_ns: int = _START_NS) -> None:
        self._start_ns = now_ns
        self._passed_ns = 0

    def advance(self, seconds: float) -> None:
        """Advance the time by some seconds."""
        if seconds < 0:
            raise ValueError(f"time cannot run backwards: advance({seconds})")
        self._passed_ns += round(seconds * 1e9)

    def now_ns(self) -> int:
        """Return the wall time in nanoseconds since 1970, UTC."""
        return self._start_ns + self._passed_ns

    def monotonic(self) -> float:
        """Return the seconds since the clock was created."""
        return self._passed_ns / 1e9

    def sleep(self, seconds: float) -> None:
        """Advance the time without waiting, by at least a nanosecond; do nothing for zero or less."""
        if seconds > 0:
            self._passed_ns += max(1, round(seconds * 1e9))
