"""What a driver has done, counted, and how it is at a moment."""

from __future__ import annotations

from collections import deque

from attrs import define, field, frozen

from petra.supervise import Health


@define
class DriverStatistics:
    """What a driver has done since it was made."""

    sessions: int = 0
    requests: int = 0
    refused: int = 0
    """Requests that the device refused: bad addresses, bad values."""
    unanswered: int = 0
    busy: int = 0
    missed: int = 0
    """Readings left out because the one before took too long."""
    writes: int = 0
    """Commands that left for the device and have ended, in whatever way."""
    received: int = 0
    """Values that a peer has told by itself, and that their signals took."""
    response_s: deque[float] = field(factory=lambda: deque(maxlen=1_000), repr=False)


@frozen
class DriverStatus:
    """A driver at one moment."""

    health: Health
    detail: str
    points: int
    sessions: int
    requests: int
    refused: int
    unanswered: int
    missed: int
    writes: int
    waiting: int
    response_p50_ms: float
    response_p99_ms: float
    received: int = 0
