"""The schedule: absolute times, no bursts, stations left in peace alone, probes in the slack."""

from __future__ import annotations

import pytest

from petra.drivers.contract.point import Point
from petra.drivers.polling.agenda import Agenda, Slot
from petra.drivers.polling.planner import ReadPart, Request, Span
from petra.signals import SignalType
from petra.supervise import Backoff


def request(station: str, period: float = 1.0, at: int = 0) -> Request:
    point = Point(f"{station}.{at}", SignalType.INT, str(at), station=station, period=period)
    return Request(station, period, (ReadPart("a", at, 1, (Span("a", at, 1, point),)),))


def drain(agenda: Agenda, now: float) -> list[Slot]:
    found = []
    while (slot := agenda.take(now)) is not None:
        found.append(slot)
    return found


def test_requests_fall_due_at_absolute_times():
    agenda = Agenda([request("u")], 100.0, shared=True, patience=0.1)
    (slot,) = drain(agenda, 100.0)
    agenda.done(slot, 100.4)
    assert agenda.when() == 101.0
    assert agenda.take(100.99) is None
    (slot,) = drain(agenda, 101.3)
    agenda.done(slot, 101.31)
    assert agenda.when() == 102.0, "being late once does not shift what follows"


def test_missed_times_are_counted_and_not_made_up_for():
    agenda = Agenda([request("u")], 0.0, shared=True, patience=0.1)
    (slot,) = drain(agenda, 0.0)
    agenda.done(slot, 3.5)
    assert agenda.missed == 3
    assert agenda.when() == 4.0


def test_a_station_is_left_in_peace_after_two_silences_and_probed_alone():
    agenda = Agenda([request("u", at=i) for i in range(3)], 0.0, shared=False, patience=0.1)
    slots = drain(agenda, 0.0)
    agenda.done(slots[0], 0.1)
    assert not agenda.unanswered("u", 0.1)
    agenda.done(slots[1], 0.2)
    assert agenda.unanswered("u", 0.2)
    agenda.done(slots[2], 0.3)
    assert agenda.is_down("u")
    assert agenda.all_down
    (probe,) = drain(agenda, 50.0)
    assert drain(agenda, 60.0) == [], "one probe at a time"
    agenda.done(probe, 60.0)
    assert not agenda.unanswered("u", 60.0), "it was out of order already"
    (probe,) = drain(agenda, 120.0)
    agenda.done(probe, 120.0)
    assert agenda.answered("u", 120.0)
    due = {slot.request.parts[0].start for slot in drain(agenda, 120.0)}
    assert {0, 1, 2} - {probe.request.parts[0].start} <= due, "all of its requests fall due at once"
    assert agenda.missed == 0, "what a station out of order was not asked is not missed"


def test_on_a_shared_line_a_probe_waits_for_the_slack():
    """A dead unit costs the living ones nothing but what is left over."""
    agenda = Agenda([request("dead"), request("alive", period=1.0)], 0.0, shared=True, patience=0.5)
    for slot in drain(agenda, 0.0):
        agenda.done(slot, 0.01)
    for now in (1.0, 2.0):
        for slot in drain(agenda, now):
            agenda.done(slot, now + 0.01)
            if slot.request.station == "dead":
                agenda.unanswered("dead", now + 0.01)
    assert agenda.is_down("dead")
    probed = []
    now = 2.01
    while now < 40.0:
        slot = agenda.take(now)
        if slot is None:
            now = max(now + 0.001, min(agenda.when(), now + 0.05))
            continue
        if slot.request.station == "dead":
            others = [s.due for _, _, s in agenda._heap if s.request.station == "alive"]
            assert min(others) >= now + 0.5
            probed.append(now)
            now += 0.5
            agenda.done(slot, now)
            agenda.unanswered("dead", now)
        else:
            assert now - slot.due < 0.06, "the living unit keeps its times"
            agenda.done(slot, now)
    assert len(probed) >= 3
    assert not agenda.all_down


def test_without_any_slack_a_probe_goes_anyway_in_the_end():
    agenda = Agenda([request("dead"), request("alive", period=0.1)], 0.0, shared=True, patience=0.5)
    agenda.unanswered("dead", 0.0)
    agenda.unanswered("dead", 0.0)
    now, probed = 0.0, False
    while now < 60.0 and not probed:
        slot = agenda.take(now)
        if slot is None:
            now += 0.01
            continue
        probed = slot.request.station == "dead"
        agenda.done(slot, now)
    assert probed
    assert now > 10.0


def test_a_request_that_is_ignored_is_left_in_peace_alone():
    """Its station answers others: those keep their times, and it is tried less and less often."""
    agenda = Agenda([request("u", 0.1, at=0), request("u", 0.1, at=1)], 0.0, shared=True, patience=0.5)
    now, asked, others = 0.0, 0, 0
    while now < 60.0:
        slot = agenda.take(now)
        if slot is None:
            now += 0.01
        elif slot.request.parts[0].start == 0:
            asked += 1
            now += 0.5
            agenda.ignored(slot, now)
            agenda.unanswered("u", now)
        else:
            others += 1
            agenda.done(slot, now)
            agenda.answered("u", now)
    assert asked < 20
    assert others > 450


def test_replaced_requests_do_not_come_back():
    agenda = Agenda([request("u", at=1)], 0.0, shared=True, patience=0.1)
    (slot,) = drain(agenda, 0.0)
    agenda.replace([request("u", at=2)], 0.0)
    agenda.done(slot, 0.5)
    assert [r.parts[0].start for r in agenda.requests()] == [2]


@pytest.mark.parametrize("after", [5.0, 30.0])
def test_a_refused_request_can_be_put_off(after):
    agenda = Agenda([request("u")], 0.0, shared=True, patience=0.1)
    (slot,) = drain(agenda, 0.0)
    agenda.done(slot, 1.0, after=after)
    assert agenda.when() == 1.0 + after


def test_any_request_of_a_station_may_find_out_that_it_answers_again():
    """One that is always ignored must not be the only one that is tried."""
    agenda = Agenda([request("u", 0.1, at=at) for at in (0, 1, 2)], 0.0, shared=False, patience=0.1)
    now, tried = 0.0, set()
    under_way: list[tuple[float, object]] = []
    while now < 120.0:
        slot = agenda.take(now)
        if slot is not None:
            under_way.append((now + 0.1, slot))
            tried.add(slot.request.parts[0].start) if agenda.is_down("u") else None
        for ends, each in [entry for entry in under_way if entry[0] <= now]:
            under_way.remove((ends, each))
            agenda.ignored(each, now)
            agenda.unanswered("u", now)
        now += 0.05
    assert tried == {0, 1, 2}


def test_a_new_plan_keeps_the_times_of_its_points():
    """Slow ones are not asked for anew because others are planned otherwise."""
    slow, quick = request("u", 60.0, at=0), request("u", 0.1, at=1)
    agenda = Agenda([slow, quick], 0.0, shared=False, patience=0.1)
    for slot in drain(agenda, 0.0):
        agenda.done(slot, 0.0)
    agenda.replace([request("u", 60.0, at=0), request("u", 0.1, at=1), request("u", 0.1, at=2)], 5.0)
    assert [slot.request.parts[0].start for slot in drain(agenda, 5.0)] == [1, 2]
    assert [slot.request.parts[0].start for slot in drain(agenda, 60.0)] == [0]


def test_a_station_that_has_answered_is_left_alone_as_shortly_as_the_first_time():
    """However often it had failed before: its pauses grow from the beginning again."""
    agenda = Agenda(
        [request("u")], 0.0, shared=False, patience=0.1, backoff=lambda: Backoff(random=lambda: 1.0)
    )
    now = 0.0

    def silence() -> float:
        """Let a request be ignored, twice where that is needed; return how long the station is left alone."""
        began = now
        while not agenda.is_down("u"):
            (slot,) = drain(agenda, began)
            agenda.done(slot, began, after=0.0)
            agenda.unanswered("u", began)
        pause = 0.0
        while not (probes := drain(agenda, began + pause)):
            pause += 0.05
        agenda.done(probes[0], began + pause, after=0.0)
        return pause

    pauses = []
    for _ in range(6):
        pauses.append(silence())
        now += pauses[-1]
        agenda.unanswered("u", now)
    assert pauses[-1] > 10.0
    (slot,) = drain(agenda, now + 100.0)
    now += 100.0
    agenda.done(slot, now, after=0.0)
    assert agenda.answered("u", now)
    assert silence() == pytest.approx(0.5, abs=0.1)


def test_a_request_that_was_taken_out_keeps_no_other_one_waiting():
    agenda = Agenda([], 0.0, shared=False, patience=0.1)
    gone = agenda.add(request("u", at=1), 0.0)
    agenda.add(request("u", at=2), 0.5)
    agenda.remove(gone)
    assert [slot.request.parts[0].start for slot in drain(agenda, 1.0)] == [2]


def test_a_station_that_nothing_is_known_of_may_be_written():
    agenda = Agenda([request("u")], 0.0, shared=False, patience=0.1)
    assert (agenda.asks("u"), agenda.asks("v")) == (True, False)
    assert (agenda.is_down("u"), agenda.is_down("v")) == (False, False)
    assert (agenda.may_write("u", 0.0), agenda.may_write("v", 0.0)) == (True, True)
