"""The read planner: points become the fewest requests that a protocol's limits allow. Pure functions.

Addresses that lie near each other are read together: as one *part*, a range of one area. Protocols that take
several ranges at once get several parts in a request. What is asked equally often, of the same station, may
share a request; nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point


@frozen
class Span:
    """Where a point lies, in the units that its area counts in: registers, bits, bytes."""

    area: Hashable
    start: int
    length: int
    point: Point

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.start + self.length


@frozen(eq=False)
class ReadPart:
    """A range that is read whole, and the points within it. It is itself and equals no other one."""

    area: Hashable
    start: int
    length: int
    spans: tuple[Span, ...]


@frozen(eq=False)
class Request:
    """What is asked at once. It is itself and equals no other one."""

    station: str
    period: float
    parts: tuple[ReadPart, ...]
    points: tuple[Point, ...] = field(init=False, repr=False)
    """Its points, part by part."""

    @points.default
    def _points(self) -> tuple[Point, ...]:
        return tuple(span.point for part in self.parts for span in part.spans)


@frozen
class Reach:
    """What a protocol allows: how long a part is, which gap is worth reading, how parts add up."""

    length: int
    gap: int = 0
    parts: int = 1
    budget: int = 0
    """What all parts of a request may add up to, their `overhead` included; 0 for any sum."""
    overhead: int = 0
    width: int = 1
    """What one address takes of the budget, where an area counts in something else."""


ReachOf = Callable[[Hashable], Reach]


def plan_reads(spans: Iterable[Span], reach: Reach | ReachOf) -> list[Request]:
    """Return the fewest requests that read all spans, in the order of station, period, area and address."""
    reach_of = reach if callable(reach) else lambda _: reach
    found: list[Request] = []
    for (station, period), together in groupby(sorted(spans, key=_by_station), key=_station):
        parts = [
            (part, reach_of(area))
            for area, within in groupby(together, key=lambda span: span.area)
            for part in _merged(list(within), reach_of(area))
        ]
        found += [Request(station, period, tuple(packed)) for packed in _packed(parts)]
    return found


def split(request: Request, part: ReadPart) -> list[Request]:
    """Return two requests in place of a part that a device refuses as a whole."""
    middle = len(part.spans) // 2
    return [
        Request(request.station, request.period, (_part(half),))
        for half in (part.spans[:middle], part.spans[middle:])
        if half
    ]


def apart(request: Request, without: Container[Point], before: Container[Point]) -> list[Request]:
    """Return requests that leave some points out, never reading across them nor on to certain others.

    What remains of a part is asked for in its place; where several ranges remain, the others are asked alone.
    """
    parts: list[ReadPart] = []
    more: list[Request] = []
    for part in request.parts:
        ranges = [_part(run) for run in _runs(part, without, before)]
        parts += ranges[:1]
        more += [Request(request.station, request.period, (rest,)) for rest in ranges[1:]]
    return [Request(request.station, request.period, tuple(parts)), *more] if parts else more


def _runs(part: ReadPart, without: Container[Point], before: Container[Point]) -> Iterator[tuple[Span, ...]]:
    run: list[Span] = []
    for span in part.spans:
        out = span.point in without
        if run and (out or span.point in before):
            yield tuple(run)
            run = []
        if not out:
            run.append(span)
    if run:
        yield tuple(run)


def _station(span: Span) -> tuple[str, float]:
    return span.point.station, span.point.period


def _by_station(span: Span) -> tuple[str, float, str, int, int]:
    return *_station(span), repr(span.area), span.start, span.end


def _merged(spans: Sequence[Span], reach: Reach) -> Iterator[ReadPart]:
    """Go from left to right and extend a part as far as it reaches: no other way takes fewer."""
    waiting: list[Span] = []
    start = end = 0
    for span in spans:
        fits = span.start - end <= reach.gap and max(end, span.end) - start <= reach.length
        if waiting and not fits:
            yield _part(tuple(waiting))
            waiting = []
        if not waiting:
            start, end = span.start, span.end
        waiting.append(span)
        end = max(end, span.end)
    if waiting:
        yield _part(tuple(waiting))


def _part(spans: tuple[Span, ...]) -> ReadPart:
    start = min(span.start for span in spans)
    return ReadPart(spans[0].area, start, max(span.end for span in spans) - start, spans)


def _packed(parts: Iterable[tuple[ReadPart, Reach]]) -> Iterator[list[ReadPart]]:
    waiting: list[ReadPart] = []
    used = 0
    for part, reach in parts:
        cost = part.length * reach.width + reach.overhead
        if waiting and (len(waiting) >= reach.parts or (reach.budget and used + cost > reach.budget)):
            yield waiting
            waiting, used = [], 0
        waiting.append(part)
        used += cost
    if waiting:
        yield waiting
