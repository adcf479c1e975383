"""Points: what connects a signal with an address of a device."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from petra.signals import nearest

if TYPE_CHECKING:
    from petra.signals import SignalType, Value


class Direction(Enum):
    """Which way values go."""

    READ = "read"
    WRITE = "write"
    BOTH = "read_write"

    @property
    def reads(self) -> bool:
        """Whether the device is asked for the value."""
        return self is not Direction.WRITE

    @property
    def writes(self) -> bool:
        """Whether the device is given values."""
        return self is not Direction.READ


@frozen
class Limits:
    """What may be written to a point, and how often."""

    minimum: float | None = None
    maximum: float | None = None
    interval: float = 0.0
    """Seconds from one write to the next, at least."""
    per_day: int = 0
    """Writes in 24 hours, at most, where a memory wears out; 0 for any number."""
    deadband: float = 0.0
    """How far the program's value has to move before it is written at once; 0 for any change."""

    def refusal(self, value: Value) -> str:
        """Return why a value must not be written; an empty text when it may."""
        if isinstance(value, str | bool):
            return ""
        if not math.isfinite(value):
            return f"{value!r} is not a number that a device takes"
        if self.minimum is not None and value < self.minimum:
            return f"{value!r} is less than {self.minimum:g}, the least that is allowed"
        if self.maximum is not None and value > self.maximum:
            return f"{value!r} is more than {self.maximum:g}, the most that is allowed"
        return ""

    def nearest(self, value: Value) -> Value:
        """Return the value that may be written and is nearest to one; NaN and infinities stay as they are."""
        return nearest(value, self.minimum, self.maximum)

    def holds_back(self, before: Value | None, value: Value) -> bool:
        """Return whether a value is so near to the one before that it is not written at once."""
        if not self.deadband or before is None or isinstance(value, str | bool):
            return False
        if isinstance(before, str | bool):
            return False
        # 0.3 - 0.2 is a little less than 0.1, and yet a whole step
        return abs(value - before) < self.deadband * 0.999


@frozen(cache_hash=True)
class Point:
    """One mapping between a signal and an address."""

    signal: str
    type: SignalType
    address: str
    """The address as its user writes it, for every message."""
    direction: Direction = Direction.READ
    period: float = 1.0
    """Seconds from one reading to the next."""
    station: str = ""
    """The device that holds it, where several share a connection."""
    limits: Limits = Limits()
    verify: bool = True
    """Whether what was written is read back."""
    settle: float = 0.0
    """Seconds that the device takes until what was written can be read back."""
    detail: Any = field(default=None, repr=False)
    """What the plugin itself knows of it."""
