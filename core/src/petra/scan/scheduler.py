"""The scheduler: runs tasks at absolute deadlines, one at a time, in the one thread that scans.

A task that is late is run once and its missed periods are counted, never caught up in a burst; `dt` tells its
blocks how much time has passed since its last scan, in whole periods, also in the scan that begins late.
Between two scans the thread does what others ask of it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

from petra.scan.garbage import GarbageSchedule
from petra.scan.statistics import TaskStatistics

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.scan.program import Program
    from petra.signals import Force, Store, Write

T = TypeVar("T")

SLICE = 0.05  # the longest sleep: how soon a stop or a request is heard
_SWITCH_INTERVAL = 1e-4  # other threads give the interpreter back sooner than by default
_SLACK = 0.005  # the least idle time in which to collect garbage


@define(eq=False)
class Task:
    """Blocks that run together: a program, its period in seconds, and how it keeps its time."""

    name: str
    period: float
    priority: int
    program: Program
    statistics: TaskStatistics = field(factory=TaskStatistics)
    origin: float = 0.0
    """When its deadlines begin: the first one."""
    number: int = 0
    """Which deadline comes next, counted in periods from the origin."""
    periods: int = 1
    """How many periods it will be since the last scan."""

    @property
    def due(self) -> float:
        """The next deadline. Counted, not summed up: it does not drift."""
        return self.origin + self.number * self.period

    def begin(self, now: float) -> None:
        """Let deadlines begin now."""
        self.origin, self.number, self.periods = now, 0, 1

    def skip(self, now: float) -> int:
        """Skip the deadlines that are missed by now; return how many."""
        missed = int((now - self.due) / self.period) if now > self.due else 0
        self.number += missed
        self.periods += missed
        return missed

    def take_over(self, before: Task) -> None:
        """Carry on from a task of the same period."""
        self.origin, self.number, self.periods = before.origin, before.number, before.periods


class Scheduler:
    """Runs tasks. `run` belongs to the scan thread; `stop` and `between` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tasks: Sequence[Task],
        *,
        spin: float = 0.0,
        failed: Callable[[Task, BaseException], None] | None = None,
    ) -> None:
        self.store = store
        self.tasks = tuple(tasks)
        self.scans = 0
        self.each_second: Callable[[], None] | None = None
        self.busy_since: float | None = None
        """When the scan that is running began; the watchdog reads it."""
        self._clock = clock
        self._spin = spin
        self._failed = failed
        self._stop = False
        self._asked: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._garbage = GarbageSchedule(clock)

    def stop(self) -> None:
        """End `run` after the scan that is running."""
        self._stop = True

    def between(self, action: Callable[[], T]) -> Future[T]:
        """Have something done by the scan thread between two scans."""
        future: Future[T] = Future()
        self._asked.append((action, future))
        return future

    def run(self, scans: int | None = None) -> None:
        """Scan until `stop`, or until each task has scanned so many times."""
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self._garbage.begin()
        begin = self._clock.monotonic()
        for task in self.tasks:
            task.begin(begin)
        second = begin + 1.0
        try:
            while not self._stop:
                self._answer()
                waiting = [task for task in self.tasks if scans is None or task.statistics.scans < scans]
                if not waiting and scans is not None:
                    break
                now = self._clock.monotonic()
                due = [task for task in waiting if task.due <= now]
                if due:
                    self._scan(min(due, key=_rank))
                elif waiting:
                    self._wait(min(task.due for task in waiting) - now)
                else:
                    self._clock.sleep(SLICE)
                if self._clock.monotonic() >= second:
                    second += max(1.0, self._clock.monotonic() - second)
                    if self.each_second is not None:
                        self.each_second()
        finally:
            self._garbage.end()
            sys.setswitchinterval(interval)
            self._answer()

    def prepare(self, tasks: Sequence[Task]) -> tuple[Task, ...]:
        """Return tasks ready to be run in place of these: nothing that runs now is changed.

        Those of the same name keep their statistics, and with the same period their deadlines.
        """
        old = {task.name: task for task in self.tasks}
        now = self._clock.monotonic()
        for task in tasks:
            before = old.get(task.name)
            task.begin(now)
            if before is not None:
                task.statistics = before.statistics
                if before.period == task.period:
                    task.take_over(before)
        return tuple(tasks)

    def _scan(self, task: Task) -> None:
        clock, store, due = self._clock, self.store, task.due
        begin = clock.monotonic()
        self.busy_since = begin
        task.statistics.overruns += task.skip(begin)  # it begins so many periods late: they have passed
        dt = task.periods * task.period
        self.scans += 1
        taken: Sequence[Write | Force] = ()
        try:
            taken = store.latch()
            task.program.scan(store, dt)
        except BaseException as error:  # a defect of ours, or a machine out of memory: count it, go on
            task.statistics.faults += 1
            if self._failed is None or isinstance(error, KeyboardInterrupt):
                raise
            self._failed(task, error)
        store.publish(self.scans, clock.now_ns(), task.name, dt, taken)
        end = clock.monotonic()
        self.busy_since = None
        task.statistics.add(begin - due, end - begin)
        task.number += 1
        task.periods = 1
        if task.due <= end:  # the next deadline is the first one still to come
            task.statistics.overruns += task.skip(end) + 1
            task.number += 1
            task.periods += 1

    def _wait(self, seconds: float) -> None:
        """Sleep towards a deadline, for a slice at most; collect garbage where there is time for it."""
        if seconds > _SLACK and self._garbage.collect(seconds):
            return
        if self._spin and seconds <= self._spin:
            deadline = self._clock.monotonic() + seconds
            while self._clock.monotonic() < deadline:
                pass
        else:
            self._clock.sleep(min(seconds - self._spin, SLICE))

    def _answer(self) -> None:
        while self._asked:
            action, future = self._asked.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(action())
            except BaseException as error:  # noqa: BLE001 - the caller of `between` handles it
                future.set_exception(error)


def _rank(task: Task) -> tuple[int, float, float]:
    return -task.priority, task.period, task.due
