"""The read planner: nothing is left out, nothing exceeds its limits, and no plan takes fewer requests."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from petra.drivers import Point, Reach, Span, plan_reads
from petra.drivers.polling.planner import split
from petra.signals import SignalType


def span(start: int, length: int = 1, area: str = "a", station: str = "", period: float = 1.0) -> Span:
    point = Point(
        f"{station}{area}{start}+{length}", SignalType.INT, str(start), station=station, period=period
    )
    return Span(area, start, length, point)


SPANS = st.lists(st.builds(span, st.integers(0, 60), st.integers(1, 4)), min_size=1, max_size=9)


def fewest(spans: list[Span], reach: Reach) -> int:
    """Return how few ranges do, by trying every way to cut the sorted list."""
    spans = sorted(spans, key=lambda s: (s.start, s.end))

    def allowed(some: list[Span]) -> bool:
        end = some[0].end
        for each in some[1:]:
            if each.start - end > reach.gap:
                return False
            end = max(end, each.end)
        return end - some[0].start <= reach.length

    @cache
    def best(at: int) -> int:
        if at == len(spans):
            return 0
        return min(1 + best(to) for to in range(at + 1, len(spans) + 1) if allowed(spans[at:to]))

    return best(0)


@given(SPANS, st.integers(4, 20), st.integers(0, 8))
def test_no_plan_takes_fewer_requests(spans, length, gap):
    reach = Reach(length, gap)
    found = plan_reads(spans, reach)
    assert len(found) == fewest(spans, reach)
    parts = [part for request in found for part in request.parts]
    assert sorted(s.point.signal for part in parts for s in part.spans) == sorted(
        s.point.signal for s in spans
    )
    for part in parts:
        assert part.length <= length
        assert all(part.start <= s.start and s.end <= part.start + part.length for s in part.spans)


def test_a_thousand_registers_in_a_row_take_eight_requests():
    found = plan_reads([span(at) for at in range(1_000)], Reach(125, 16))
    assert len(found) == 8


@given(
    st.lists(
        st.builds(
            span,
            st.integers(0, 90),
            st.integers(1, 4),
            st.sampled_from("ab"),
            st.sampled_from(["", "x"]),
            st.sampled_from([1.0, 2.0]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_only_what_belongs_together_shares_a_request(spans):
    for request in plan_reads(spans, Reach(20, 5, parts=3, budget=60, overhead=4)):
        assert len(request.parts) <= 3
        assert sum(part.length + 4 for part in request.parts) <= 60 or len(request.parts) == 1
        assert {p.station for p in request.points} == {request.station}
        assert {p.period for p in request.points} == {request.period}
        assert all({s.area for s in part.spans} == {part.area} for part in request.parts)


def test_a_span_longer_than_a_request_stands_alone():
    (first, second) = plan_reads([span(0, 300), span(300, 1)], Reach(125, 16))
    assert [len(request.points) for request in (first, second)] == [1, 1]


@given(SPANS)
def test_splitting_ends_with_every_point_alone(spans):
    pending = plan_reads(spans, Reach(200, 200))
    alone: list[str] = []
    while pending:
        request = pending.pop()
        if len(request.points) == 1:
            alone.append(request.points[0].signal)
        else:
            pending += split(request, request.parts[0])
    assert sorted(alone) == sorted(s.point.signal for s in spans)
