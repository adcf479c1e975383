"""What a device refuses is found in few requests, and costs the other points nothing from then on."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from petra.drivers import Point, PointError, Reach, Request, Span, plan_reads
from petra.drivers.polling.refusals import FORGET_AFTER, Refusals
from petra.signals import SignalType

Area = str


class Device:
    """Has addresses with holes, in two areas; refuses a request as a whole, or each part by itself."""

    def __init__(
        self, spans: list[Span], holes: set[tuple[Area, int]], reach: Reach, *, by_part: bool
    ) -> None:
        self.spans = {span.point: span for span in spans}
        self.holes = holes
        self.by_part = by_part
        self.reach = reach
        self.refusals = Refusals(
            lambda points: plan_reads([self.spans[p] for p in points], reach), self.spans
        )
        self.asked = self.refusals.plan()

    def answer(self, request: Request) -> list:
        assert len(request.parts) <= self.reach.parts
        assert all(part.length <= self.reach.length for part in request.parts)
        found = [
            PointError("no such address")
            if any((part.area, at) in self.holes for at in range(part.start, part.start + part.length))
            else [0] * len(part.spans)
            for part in request.parts
        ]
        refused = any(isinstance(each, PointError) for each in found)
        return [PointError("no such address")] * len(found) if refused and not self.by_part else found

    def round(self, now: float) -> tuple[set[Point], set[Point], int]:
        """Ask for everything once; return what is good, what is bad, and how often something was refused."""
        good: set[Point] = set()
        bad: set[Point] = set()
        pending, last, refusals = deque(self.asked), [], 0
        while pending:
            request = pending.popleft()
            answers = self.answer(request)
            if not any(isinstance(each, PointError) for each in answers):
                self.refusals.accepted(request, now)
                good.update(request.points)
                last.append(request)
                continue
            refusals += 1
            pieces = self.refusals.refused(request, answers)
            pending.extend(pieces)
            if not pieces:
                bad.update(request.points)
                last.append(request)
        again = self.refusals.settled(now)
        self.asked = [*self.refusals.plan(), *self.refusals.alone] if again else last
        return good, bad, refusals

    def touches(self, span: Span) -> bool:
        return any((span.area, at) in self.holes for at in range(span.start, span.end))


def span(area: Area, start: int, length: int) -> Span:
    return Span(area, start, length, Point(f"{area}{start}.{length}", SignalType.INT, str(start)))


AT = st.integers(0, 40)
SPANS = st.lists(
    st.builds(span, st.sampled_from("ab"), AT, st.integers(1, 4)), min_size=1, max_size=25, unique=True
)
HOLES = st.sets(st.tuples(st.sampled_from("ab"), AT), max_size=12)


@given(SPANS, HOLES, st.integers(4, 50), st.integers(0, 10), st.integers(1, 5), st.booleans())
def test_points_at_fault_are_found_and_the_others_are_read(spans, holes, length, gap, parts, by_part):
    """In the end nothing is refused but what is at fault, and that alone."""
    device = Device(spans, holes, Reach(length, gap, parts), by_part=by_part)
    for _ in range(2 * len(spans) + 2):
        good, bad, refusals = device.round(0.0)
        assert good | bad == {each.point for each in spans}
        assert bad == {each.point for each in spans if device.touches(each)}
        if refusals == len(bad):
            break
    assert refusals == len(bad)
    requests = len(device.asked)
    assert device.round(1.0)[2] == len(bad)
    assert len(device.asked) == requests <= len(spans)

    device.holes = set()
    for turn in range(4):
        good, bad, refusals = device.round(FORGET_AFTER + 2.0 * turn)
    assert (bad, refusals) == (set(), 0)
    assert len(device.asked) == len(plan_reads(spans, device.reach))


def test_a_gap_that_a_device_does_not_have_is_not_asked_for_again_and_again():
    """Each point is good, and what lies between two of them is not there."""
    device = Device([span("a", 0, 1), span("a", 5, 1)], {("a", 3)}, Reach(100, 10), by_part=False)
    assert device.round(0.0)[2] == 1
    assert [device.round(now)[2] for now in (1.0, 2.0, 3.0)] == [0, 0, 0]
    assert [device.round(now)[2] for now in (FORGET_AFTER, FORGET_AFTER + 1, FORGET_AFTER + 2)] == [0, 1, 0]


def test_one_good_half_makes_no_gap():
    """The fault is a point in the other half; its neighbours are asked for together with all others again."""
    spans = [span("a", at, 1) for at in range(8)]
    device = Device(spans, {("a", 6)}, Reach(100, 10), by_part=False)
    for now in (0.0, 1.0):
        device.round(now)
    together = sorted(len(request.points) for request in device.asked)
    assert together == [1, 1, 6], "the one at fault, what follows it, and all before it"
    device.holes = set()
    for now in (40.0, 42.0, 44.0):
        _, bad, _ = device.round(now)
    assert bad == set()
    assert [len(request.points) for request in device.asked] == [8]
