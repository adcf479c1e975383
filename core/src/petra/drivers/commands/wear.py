"""When a point was written to, and when its limits let it be written again."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from petra.drivers.contract.point import Limits

_DAY = 86_400.0


@define
class Written:
    """When a point was written to."""

    last: float = -math.inf
    before: float = -math.inf
    day: deque[float] = field(factory=deque)

    def wait(self, limits: Limits, now: float) -> float:
        """Return how long the next write has to wait."""
        return max(0.0, self.last + limits.interval - now)

    def worn(self, limits: Limits, now: float) -> bool:
        """Return whether a day's writes are used up."""
        while self.day and self.day[0] <= now - _DAY:
            self.day.popleft()
        return bool(limits.per_day) and len(self.day) >= limits.per_day

    def note(self, limits: Limits, now: float) -> None:
        """Count a write."""
        self.before, self.last = self.last, now
        if limits.per_day:
            self.day.append(now)

    def take_back(self) -> None:
        """Count the last write no more: it never went out."""
        self.last = self.before
        if self.day:
            self.day.pop()

    @property
    def worn_until(self) -> float:
        """Return when the oldest write of a day counts no more."""
        return self.day[0] + _DAY
