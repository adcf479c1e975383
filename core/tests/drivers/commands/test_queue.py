"""Commands: one gate, one outcome, bounds, limits, and nothing sent late."""

from __future__ import annotations

import pytest

from petra.drivers import Command, Limits, Origin, Outcome, Point
from petra.drivers.commands.ledger import LEDGER_LENGTH, Ledger
from petra.drivers.commands.queue import CAPACITY, CommandQueue
from petra.signals import SignalType
from petra.testing import ManualClock


def point(signal: str = "a", **limits: float) -> Point:
    return Point(signal, SignalType.FLOAT, "1", limits=Limits(**limits))


@pytest.fixture
def ledger():
    return Ledger(ManualClock())


@pytest.fixture
def put(ledger):
    box = CommandQueue(lambda: 0)

    def put(
        to: Point,
        value: float,
        now: float = 0.0,
        origin: Origin = Origin.LOCAL,
        *,
        last_word: bool = False,
    ) -> Command:
        command = ledger.open(to.signal, value, "me", origin, point=to, last_word=last_word)
        box.put(command, now)
        return command

    put.box = box
    return put


def test_an_outcome_is_final_and_wakes_who_waits(ledger):
    command = ledger.open("a", 1.0, "me", Origin.LOCAL)
    with pytest.raises(TimeoutError):
        command.wait(0.001)
    command.end(Outcome.CONFIRMED, 5)
    command.end(Outcome.TIMED_OUT, 6, "late")
    assert command.wait(0.001).outcome is Outcome.CONFIRMED
    assert ledger.counts == {Outcome.CONFIRMED: 1}


def test_the_ledger_is_bounded(ledger):
    for number in range(LEDGER_LENGTH + 5):
        ledger.open("a", float(number), "me", Origin.LOCAL)
    assert len(ledger.commands()) == LEDGER_LENGTH
    assert ledger.commands()[0].order.id == 6


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-1.0, "less than 0"),
        (11.0, "more than 10"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
    ],
)
def test_values_out_of_limits_are_rejected(put, value, said):
    command = put(point(minimum=0.0, maximum=10.0), value)
    assert command.outcome is Outcome.REJECTED
    assert said in command.reason
    assert len(put.box) == 0


def test_what_the_program_wants_is_kept_once_the_newest(put):
    first = put(point(), 1.0, origin=Origin.LOGIC)
    mine = put(point(), 5.0)
    second = put(point(), 2.0, origin=Origin.LOGIC)
    assert first.outcome is Outcome.SUPERSEDED
    assert [put.box.take(0.0), put.box.take(0.0), put.box.take(0.0)] == [mine, second, None]


def test_what_waits_too_long_is_given_up_and_never_sent(put):
    command = put(point(), 1.0, now=0.0)
    logic = put(point("b"), 1.0, now=0.0, origin=Origin.LOGIC)
    assert put.box.take(6.0) is logic, "what the program wants it still wants"
    assert command.outcome is Outcome.TIMED_OUT
    assert put.box.take(6.0) is None


def test_the_rate_is_kept_and_others_go_ahead(put):
    slow = point("slow", interval=1.0)
    first, second = put(slow, 1.0), put(slow, 2.0)
    other = put(point("other"), 3.0)
    assert put.box.take(0.0) is first
    assert put.box.take(0.1) is other
    assert put.box.take(0.5) is None
    assert put.box.next_at(0.5) == 1.0
    assert put.box.take(1.0) is second


def test_a_person_is_told_when_the_rate_makes_it_wait_too_long(put):
    slow = point(interval=60.0)
    put(slow, 1.0)
    put.box.take(0.0)
    command = put(slow, 2.0, now=1.0)
    assert command.outcome is Outcome.REJECTED
    assert "every 60 s" in command.reason


def test_wear_is_counted_by_the_day(put):
    worn = point(per_day=2)
    for _ in range(2):
        command = put(worn, 1.0)
        assert put.box.take(0.0) is command
    third = put(worn, 1.0, now=10.0)
    assert put.box.take(10.0) is None
    assert "2 times a day" in third.reason
    later = put(worn, 1.0, now=86_401.0)
    assert put.box.take(86_401.0) is later


def test_the_queue_refuses_more_than_it_holds(put):
    for number in range(CAPACITY):
        put(point(f"s{number}"), 1.0)
    command = put(point("one more"), 1.0)
    assert command.outcome is Outcome.REJECTED
    assert "are waiting" in command.reason


def test_closing_ends_everything_also_what_comes_late(put):
    commands = [put(point(f"s{number}"), 1.0) for number in range(3)]
    put.box.close("the end")
    assert {c.outcome for c in commands} == {Outcome.TIMED_OUT}
    assert put.box.take(0.0) is None
    late = put(point(), 1.0)
    assert (late.outcome, late.reason) == (Outcome.REJECTED, "the end")


def test_the_log_has_each_refusal_of_the_program_once(ledger, caplog):
    """A ramp beyond its limit is refused at every scan, and said once until it is taken again."""
    caplog.set_level("INFO", "petra.commands")

    def end(outcome: Outcome) -> None:
        ledger.open("a", 1.0, "ramp", Origin.LOGIC).end(outcome, 0, "more than 10")

    for outcome in (Outcome.REJECTED, Outcome.REJECTED, Outcome.CONFIRMED, Outcome.REJECTED):
        end(outcome)
    assert len(caplog.records) == 2


def test_a_new_session_drops_what_the_program_wanted_but_no_last_word(put):
    """Of an output that a reload gives up nobody will ask again."""
    wanted = put(point("a"), 1.0, origin=Origin.LOGIC)
    last = put(point("b"), 0.0, origin=Origin.LOGIC, last_word=True)
    put.box.drop_logic()
    assert (wanted.outcome, last.outcome) == (Outcome.SUPERSEDED, Outcome.REQUESTED)
    assert put.box.take(0.0) is last


def test_a_reload_wears_no_memory_out(put):
    """The queue of the next driver counts on from what was written before."""
    worn = point(per_day=1)
    put(worn, 1.0)
    assert put.box.take(0.0) is not None
    after = CommandQueue(lambda: 0)
    after.take_over(put.box)
    command = Ledger(ManualClock()).open("a", 2.0, "me", Origin.LOCAL, point=worn)
    after.put(command, 10.0)
    assert after.take(10.0) is None
    assert "1 times a day" in command.reason


MANY = 2_000
"""Outputs of one driver; what is looked at for each of them does not depend on how many there are."""


def logic(put, count: int = MANY, **limits: float) -> list[Command]:
    return [put(point(f"s{i}", **limits), 1.0, origin=Origin.LOGIC) for i in range(count)]


def all_taken(box: CommandQueue, now: float = 0.0, **how: object) -> list[Command]:
    return list(iter(lambda: box.take(now, **how), None))


def test_one_command_is_looked_at_for_each_that_is_taken(put):
    commands = logic(put)
    assert all_taken(put.box) == commands
    assert put.box.looked_at == MANY


def test_what_is_held_is_looked_at_once_and_again_when_it_is_released(put):
    commands = logic(put)
    held = {each.signal for each in commands}
    assert put.box.take(0.0, held) is None
    for command in reversed(commands):
        assert put.box.next_at(0.0, held) == float("inf")
        held.discard(command.signal)
        put.box.released(command.signal)
        assert put.box.take(0.0, held) is command
    assert put.box.looked_at <= 3 * MANY


def test_what_is_released_keeps_its_place(put):
    commands = logic(put, 3)
    held = {"s0", "s1"}
    put.box.changed.clear()
    assert put.box.next_at(0.0, held) == 0.0
    put.box.released("s1")
    put.box.released("s0")
    assert put.box.changed.is_set()
    assert all_taken(put.box) == commands


def test_what_limits_hold_back_is_looked_at_once_until_its_time_has_come(put):
    logic(put, interval=100.0)
    assert len(all_taken(put.box)) == MANY
    again = logic(put, interval=100.0)
    before = put.box.looked_at
    for tenth in range(990):
        assert put.box.take(tenth / 10) is None
        assert put.box.next_at(tenth / 10) == 100.0
    assert put.box.looked_at - before == MANY
    assert all_taken(put.box, 100.0) == again


def test_what_was_superseded_while_it_was_set_aside_is_not_kept(put):
    """A ramp behind an interval of an hour wants something else at every scan."""
    slow = point(interval=3_600.0)
    put(slow, 0.0)
    put.box.take(0.0)
    for number in range(1_000):
        put(slow, float(number), now=1.0, origin=Origin.LOGIC)
        assert put.box.take(1.0) is None
    assert len(put.box) == 1
    assert put.box.looked_at < 1_100
    assert len(put.box._later) < 100
    assert put.box.take(3_600.0).value == 999.0


def test_a_write_that_never_went_out_lets_the_next_one_go_at_once(put):
    slow = point(interval=60.0)
    first, second = put(slow, 1.0), put(slow, 2.0, origin=Origin.LOGIC)
    assert put.box.take(0.0) is first
    assert put.box.take(0.0) is None
    put.box.unsent(first)
    assert put.box.take(0.0) is second


def test_a_point_that_the_peer_has_again_does_not_wait_for_all_others(put):
    away, *_ = logic(put, 50)
    gone = {"s0"}

    def why_gone(each: Point) -> str:
        return "gone" if each.signal in gone else ""

    assert put.box.take(0.0, why_gone=why_gone).signal == "s1"
    gone.clear()
    assert put.box.take(0.1, why_gone=why_gone).signal == "s2"
    assert put.box.take(0.3, why_gone=why_gone) is away


def test_last_words_to_stations_that_answer_again_come_before_those_to_silent_ones(put):
    silent = {"x", "y"}
    points = [Point(f"s{i}", SignalType.FLOAT, "1", station=s) for i, s in enumerate("xxyz")]
    words = [put(each, 0.0, origin=Origin.LOGIC, last_word=True) for each in points]
    assert put.box.take(0.0, silent=silent.__contains__) is words[3]
    assert put.box.next_at(0.0) == 0.0
    assert put.box.next_at(0.0, {"s0", "s1", "s2"}) == float("inf")
    for signal in ("s0", "s1", "s2"):
        put.box.released(signal)
    silent.discard("y")
    assert all_taken(put.box, silent=silent.__contains__) == [words[2], words[0], words[1]]


def test_the_next_session_holds_nothing_that_the_last_one_held(put):
    mine = put(point(), 1.0)
    assert put.box.take(0.0, {"a"}) is None
    put.box.abandon()
    assert put.box.take(0.0) is mine


def test_what_has_ended_does_not_leave_for_the_device(ledger):
    ended_twice = ledger.open("a", 1.0, "me", Origin.LOCAL)
    ended_twice.end(Outcome.TIMED_OUT, 5, "late")
    ended_twice.sent(6)
    ended_twice.end(Outcome.CONFIRMED, 7)
    assert (ended_twice.outcome, ended_twice.sent_at, ended_twice.ended_at) == (Outcome.TIMED_OUT, None, 5)
    assert ledger.counts == {Outcome.TIMED_OUT: 1}
