"""A clock that moves when the test says so."""

from __future__ import annotations

_START_NS = 1_767_225_600 * 10**9  # 2026-01-01T00:00:00Z


class ManualClock:
    """A `petra.Clock` for tests: it stands still until `advance` or `sleep` moves it by exactly that."""

    def __init__(self, now_ns: int = _START_NS) -> None:
        self._start_ns = now_ns
        self._passed_ns = 0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: advance({seconds})")
        self._passed_ns += round(seconds * 1e9)

    def now_ns(self) -> int:
        """Return the wall time in nanoseconds since 1970, UTC."""
        return self._start_ns + self._passed_ns

    def monotonic(self) -> float:
        """Return the seconds that have passed since the clock was made."""
        return self._passed_ns / 1e9

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting, a nanosecond at least; zero or less does nothing."""
        if seconds > 0:
            self._passed_ns += max(1, round(seconds * 1e9))
