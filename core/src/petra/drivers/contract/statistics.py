"""What a driver has done, counted."""

from __future__ import annotations

from collections import deque

from attrs import define, field


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
