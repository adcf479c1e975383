"""What a device refuses of what is asked together: the points at fault are found, all others stay together.

A request that is refused as a whole is halved until each point at fault is alone. Where both halves are good,
it is what lies between them that the device does not have: they are not asked for together again. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import define

from petra.drivers.contract.errors import PointError
from petra.drivers.polling.planner import ReadPart, Request, apart, split

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.connection import Answer

TOGETHER = 1.0
"""Seconds to wait, after a point was read that had been refused, for others that come back with it."""
FORGET_AFTER = 600.0
"""Seconds after which points are asked for together again: a device may have failed only once."""


@define(eq=False)
class _Halves:
    """Two pieces that were one."""

    second: Point
    """Where the second one begins."""
    good: int = 0


class Refusals:
    """What is known of one device's refusals."""

    def __init__(self, plan: Callable[[Sequence[Point]], list[Request]], points: Iterable[Point]) -> None:
        self._plan = plan
        self._points = tuple(points)
        self._alone: dict[Request, Point] = {}
        self._pieces: dict[Request, _Halves | None] = {}
        self._gaps: set[Point] = set()
        self._changed = False
        self._not_before = -math.inf
        self._forget_at = 0.0

    @property
    def alone(self) -> tuple[Request, ...]:
        """Requests for the points that are refused, one each."""
        return tuple(self._alone)

    def plan(self) -> list[Request]:
        """Return what reads all other points."""
        refused = set(self._alone.values())
        return [each for request in self._plan(self._points) for each in apart(request, refused, self._gaps)]

    def accepted(self, request: Request, now: float) -> bool:
        """Note that a request was answered with values; return whether its point had been refused."""
        recovered = self._alone.pop(request, None) is not None
        if recovered:
            self._changed = True
            self._not_before = max(self._not_before, now + TOGETHER)
        halves = self._pieces.pop(request, None)
        if halves is not None:
            halves.good += 1
            if halves.good == 2:
                if not self._gaps:
                    self._forget_at = now + FORGET_AFTER
                self._gaps.add(halves.second)
        return recovered

    def refused(self, request: Request, answers: Sequence[Answer]) -> list[Request]:
        """Note that parts of a request were refused; return what to ask in its place.

        Nothing takes the place of a request for one point: that point is at fault.
        """
        self._pieces.pop(request, None)
        self._changed = self._changed or request not in self._alone
        if len(request.points) == 1:
            self._alone[request] = request.points[0]
            return []
        pieces: list[Request] = []
        for part, answer in zip(request.parts, answers, strict=True):
            pieces += self._broken(Request(request.station, request.period, (part,)), part, answer)
        return pieces

    def settled(self, now: float) -> bool:
        """Return, once, that it is time to plan again: everything is known that has changed."""
        if self._pieces or now < self._not_before:
            return False
        if self._gaps and now >= self._forget_at:
            self._gaps.clear()
        elif not self._changed:
            return False
        self._changed = False
        return True

    def _broken(self, alone: Request, part: ReadPart, answer: Answer) -> list[Request]:
        if not isinstance(answer, PointError) or len(part.spans) < 2:
            self._pieces[alone] = None
            return [alone]
        first, second = split(alone, part)
        halves = _Halves(second.points[0])
        self._pieces[first] = self._pieces[second] = halves
        return [first, second]
