"""Clocks. Code that needs the time takes a Clock as an argument, so that tests can control the time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for timestamps, monotonic time for durations, and sleep."""

    def now_ns(self) -> int:
        """Return the wall time in nanoseconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Return the monotonic time in seconds; it never decreases."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for some seconds; return at once for zero or less."""
        ...


class SystemClock:
    """The clock of the operating system."""

    def now_ns(self) -> int:
        """Return the wall time in nanoseconds since 1970, UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return the monotonic time in seconds; it never decreases."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for some seconds; return at once for zero or less."""
        if seconds > 0:
            time.sleep(seconds)
