"""Deadlines, priorities, overruns, and what is done between scans; on a clock that is turned by hand."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from petra.scan import Scheduler, Task
from petra.signals import Store
from petra.testing import ManualClock


class Program:
    """Takes so much time, and remembers when it ran."""

    def __init__(self, clock: ManualClock, *takes: float) -> None:
        self.clock = clock
        self.takes = list(takes)
        self.ran: list[tuple[float, float]] = []

    def scan(self, store: Store, dt: float) -> None:
        self.ran.append((round(self.clock.monotonic() - self.clock.start, 6), round(dt, 6)))
        if self.takes:
            self.clock.sleep(self.takes.pop(0))


@pytest.fixture
def clock():
    clock = ManualClock()
    clock.start = clock.monotonic()
    return clock


def scheduler(clock, *tasks, **options) -> Scheduler:
    return Scheduler(Store([], clock), clock, tasks, **options)


def task(clock, name: str, period: float, *takes: float, priority: int = 0) -> Task:
    return Task(name, period, priority, Program(clock, *takes))


def test_deadlines_are_absolute(clock):
    """What a scan takes does not move the next one."""
    one = task(clock, "one", 0.1, 0.03, 0.09, 0.001)
    scheduler(clock, one).run(4)
    assert [at for at, _ in one.program.ran] == [0.0, 0.1, 0.2, 0.3]


def test_an_overrun_is_counted_never_bursted(clock):
    """A scan of 2.5 periods costs two; the blocks are told how much time has passed."""
    one = task(clock, "one", 0.1, 0.01, 0.25)
    scheduler(clock, one).run(4)
    assert one.program.ran == [(0.0, 0.1), (0.1, 0.1), (0.4, 0.3), (0.5, 0.1)]
    assert one.statistics.overruns == 2


def test_a_scan_that_ends_at_its_next_deadline_misses_it(clock):
    one = task(clock, "one", 0.1, 0.1)
    scheduler(clock, one).run(2)
    assert one.program.ran == [(0.0, 0.1), (0.2, 0.2)]


def after_each_scan(scheduler: Scheduler, told: Callable[[str], object]) -> None:
    """Do something in the scan thread after each scan, with the name of its task."""
    publish = scheduler.store.publish

    def published(scan: int, now: int, task: str, *rest: Any) -> None:
        publish(scan, now, task, *rest)
        told(task)

    scheduler.store.publish = published  # type: ignore[method-assign]


def test_the_shorter_period_goes_first_and_priority_before_that(clock):
    order: list[str] = []
    tasks = [task(clock, "slow", 0.2), task(clock, "fast", 0.1), task(clock, "urgent", 0.4, priority=1)]
    watched = scheduler(clock, *tasks)
    after_each_scan(watched, order.append)
    watched.run(1)
    assert order == ["urgent", "fast", "slow"]


def test_tasks_keep_their_own_periods(clock):
    fast, slow = task(clock, "fast", 0.01), task(clock, "slow", 0.1)
    both = scheduler(clock, fast, slow)
    after_each_scan(both, lambda _: both.stop() if both.scans >= 111 else None)
    both.run()
    assert len(fast.program.ran) == 101
    assert len(slow.program.ran) == 10


def test_deadlines_do_not_drift(clock):
    """After a million periods of a number that no float is, the deadline is where it belongs."""
    one = task(clock, "one", 0.1)
    one.begin(1000.0)
    one.number = 1_000_000
    assert one.due == 1000.0 + 1_000_000 * 0.1


def test_something_is_done_between_two_scans(clock):
    one = task(clock, "one", 0.1)
    watched = scheduler(clock, one)
    good = watched.between(lambda: len(one.program.ran))
    bad = watched.between(lambda: 1 / 0)
    watched.run(1)
    assert good.result(0) == 0
    with pytest.raises(ZeroDivisionError):
        bad.result(0)


def test_a_replaced_task_keeps_its_deadlines_and_statistics(clock):
    old, new = task(clock, "one", 0.1), task(clock, "one", 0.1)
    watched = scheduler(clock, old)

    def replace() -> None:
        watched.tasks = watched.prepare([new])

    after_each_scan(watched, lambda _: watched.between(replace) if watched.scans == 3 else None)
    watched.run(5)
    assert [at for at, _ in old.program.ran] == [0.0, 0.1, 0.2]
    assert [at for at, _ in new.program.ran] == [0.3, 0.4]
    assert new.statistics.scans == 5


def test_a_scan_that_fails_is_counted_and_the_next_one_runs(clock):
    failed: list[str] = []
    one = task(clock, "one", 0.1)
    one.program.scan = lambda *_: 1 / 0
    scheduler(clock, one, failed=lambda task, error: failed.append(type(error).__name__)).run(3)
    assert failed == ["ZeroDivisionError"] * 3
    assert one.statistics.faults == 3


def test_each_second_is_told_once(clock):
    told: list[float] = []
    one = task(clock, "one", 0.3)
    watched = scheduler(clock, one)
    watched.each_second = lambda: told.append(round(clock.monotonic() - clock.start, 3))
    watched.run(11)
    assert len(told) == 3


def test_figures_sum_up_what_was(clock):
    one = task(clock, "one", 0.1, 0.01, 0.02, 0.25)
    scheduler(clock, one).run(4)
    figures = one.statistics.figures(one.period)
    assert (figures.scans, figures.overruns) == (4, 2)
    assert figures.execution_max_ms == pytest.approx(250.0)
    assert figures.lateness_max_ms == pytest.approx(0.0, abs=1e-6)


def test_the_interpreter_is_left_as_it_was(clock):
    gc.enable()
    interval = sys.getswitchinterval()
    scheduler(clock, task(clock, "one", 0.1)).run(1)
    assert sys.getswitchinterval() == interval
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_garbage_is_collected_in_idle_time_and_never_in_a_scan(clock):
    seen: list[bool] = []
    one = task(clock, "one", 0.5)
    one.program.scan = lambda *_: seen.append(gc.isenabled())
    before = gc.get_stats()[1]["collections"]
    scheduler(clock, one).run(20)
    assert not any(seen)
    assert gc.get_stats()[1]["collections"] > before


def test_a_scan_that_begins_late_is_told_of_the_time_that_has_passed(clock):
    """Another task has taken long: the time before belongs to this scan, not to the one after it."""
    seen: list[float] = []
    slow = task(clock, "slow", 10.0, 1.5)
    quick = task(clock, "quick", 0.1)
    slow.priority = 1
    quick.program.scan = lambda _, dt: seen.append(round(dt, 6))
    scheduler(clock, slow, quick).run(4)
    assert seen[:3] == [1.6, 0.1, 0.1]
    assert quick.statistics.overruns == 15


def replaced(clock, old: Task, new: Task, *, after: int, scans: int) -> None:
    """Run one task, and from a scan on another one in its place."""
    watched = scheduler(clock, old)

    def replace() -> None:
        watched.tasks = watched.prepare([new])

    after_each_scan(watched, lambda _: watched.between(replace) if watched.scans == after else None)
    watched.run(scans)


def test_another_period_begins_its_own_deadlines(clock):
    """The count of deadlines belongs to a period: with another one a task scans at once, then by its own."""
    old, new = task(clock, "one", 0.1), task(clock, "one", 0.4)
    replaced(clock, old, new, after=3, scans=6)
    assert new.program.ran == [(0.2, 0.4), (0.6, 0.4), (1.0, 0.4)]


def test_a_task_that_a_reload_adds_begins_there(clock):
    """Its first dt is one period, not the time that the machine has been up."""
    old, new = task(clock, "one", 0.1), task(clock, "other", 0.5)
    replaced(clock, old, new, after=3, scans=3)
    assert new.program.ran == [(0.2, 0.5), (0.7, 0.5), (1.2, 0.5)]


def test_what_was_asked_and_cancelled_is_not_done(clock):
    done: list[str] = []
    watched = scheduler(clock, task(clock, "one", 0.1))
    watched.between(lambda: done.append("cancelled")).cancel()
    watched.between(lambda: done.append("asked"))
    watched.run(1)
    assert done == ["asked"]


def test_who_had_switched_garbage_collection_off_finds_it_off(clock):
    gc.disable()
    try:
        scheduler(clock, task(clock, "one", 0.1)).run(1)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_stop_is_heard_in_the_middle_of_a_long_wait(clock):
    """Neither a stop nor a request waits for the next deadline of a slow task."""
    one = task(clock, "one", 3_600.0)
    watched = scheduler(clock, one)
    asked: list[float] = []
    after_each_scan(watched, lambda _: clock_calls(clock, watched, asked))
    watched.run()
    assert one.statistics.scans == 1
    assert asked == pytest.approx([1.0], abs=0.06)
    assert clock.monotonic() - clock.start < 2.1


def clock_calls(clock: ManualClock, watched: Scheduler, asked: list[float]) -> None:
    """Ask for something after a second, and for the stop after two."""
    sleep = clock.sleep

    def slept(seconds: float) -> None:
        sleep(seconds)
        now = clock.monotonic() - clock.start
        if now >= 1.0 and not asked:
            watched.between(lambda: asked.append(clock.monotonic() - clock.start))
        if now >= 2.0:
            watched.stop()

    clock.sleep = slept  # type: ignore[method-assign]


def test_without_tasks_it_still_answers_and_stops(clock):
    watched = scheduler(clock)
    watched.each_second = watched.stop
    asked = watched.between(lambda: 7)
    watched.run()
    assert asked.result(0) == 7
    assert clock.monotonic() - clock.start == pytest.approx(1.0, abs=0.06)


def test_what_is_asked_after_the_stop_is_answered_all_the_same(clock):
    """Whoever waits for the answer does not wait for ever."""
    watched = scheduler(clock, task(clock, "one", 0.1))
    after_each_scan(watched, lambda _: (watched.stop(), watched.between(lambda: done.append(1))))
    done: list[int] = []
    watched.run()
    assert done == [1]


def test_the_watchdog_sees_since_when_a_scan_runs(clock):
    seen: list[float | None] = []
    one = task(clock, "one", 0.1)
    watched = scheduler(clock, one)
    one.program.scan = lambda *_: seen.append(watched.busy_since)
    watched.run(2)
    assert seen == pytest.approx([clock.start, clock.start + 0.1])
    assert watched.busy_since is None


def test_the_last_part_of_a_wait_is_spun_where_that_is_asked_for(clock):
    """Sleeping ends early by what is spun, so that a late wake-up of the system costs no lateness."""
    slept: list[float] = []
    sleep, monotonic = clock.sleep, clock.monotonic

    def counted() -> float:
        clock.advance(1e-6)  # the time passes while it looks
        return monotonic()

    clock.sleep = lambda seconds: (slept.append(seconds), sleep(seconds))[1]
    clock.monotonic = counted
    one = task(clock, "one", 0.01)
    scheduler(clock, one, spin=0.0002).run(3)
    assert len(slept) == 2
    assert slept == pytest.approx([0.0098] * 2, abs=0.0001)
    assert one.statistics.lateness_max < 0.0001
