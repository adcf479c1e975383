"""Supervision: what dies is seen, counted and begun anew; what hangs is cancelled."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from petra.errors import PetraError
from petra.supervise import Activity, ActivityState, Backoff, Supervisor
from petra.testing import run_virtual

QUICK = {"first": 0.001, "longest": 0.002, "least": 0.0}


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


@pytest.fixture
def supervisor():
    before = threading.active_count()
    made = Supervisor()
    made.start()
    yield made
    assert made.stop() == []
    assert threading.active_count() == before


def test_the_pause_doubles_up_to_a_limit_and_jitter_fills_all_of_it():
    longest = Backoff(random=lambda: 1.0)
    assert [longest.next() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert Backoff(random=lambda: 0.0).next() == 0.05
    longest.reset()
    assert longest.next() == 0.5
    never = Backoff(failures=10_000, random=lambda: 1.0)
    assert never.next() == 30


@pytest.mark.parametrize(
    "error", [OSError("refused"), PetraError("no"), ValueError("a bug"), asyncio.CancelledError(), None]
)
def test_whatever_ends_an_activity_it_begins_anew(supervisor, error):
    """An error, a bug, a stray cancellation, a plain return: each is counted and followed by a try."""
    reasons: list[str] = []

    async def run(activity) -> None:
        activity.serving()
        if error is not None:
            raise error

    activity = supervisor.add("a", run, backoff=Backoff(**QUICK), failed=reasons.append)
    until(lambda: activity.starts >= 5)
    assert activity.failures >= 4
    assert all(reasons)


def lived(run, seconds: float, **how) -> Activity:
    """Supervise an activity for so long, in virtual time."""

    async def main() -> Activity:
        how.setdefault("patience", 30.0)
        how.setdefault("stable_after", 10.0)
        activity = Activity("a", run, failed=None, **how)
        task = asyncio.create_task(activity.keep())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait({task})
        return activity

    return run_virtual(main())


def test_what_hangs_is_cancelled_and_begun_anew():
    ended = []

    async def run(activity) -> None:
        activity.serving()
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(1)

    activity = lived(run, 100.0, patience=20.0, backoff=Backoff(**QUICK))
    assert activity.hangs == 4
    assert len(ended) == activity.starts == 5
    assert "no progress for 20 s" in activity.error


def test_progress_keeps_it_alive():
    async def run(activity) -> None:
        activity.serving()
        while True:
            activity.progress()
            await asyncio.sleep(0.9)

    activity = lived(run, 1_000.0, patience=1.0, backoff=Backoff(**QUICK))
    assert (activity.starts, activity.hangs) == (1, 0)


def test_one_that_dies_does_not_touch_the_others(supervisor):
    ticks = []

    async def dies(_) -> None:
        raise RuntimeError("again")

    async def lives(activity) -> None:
        while True:
            ticks.append(1)
            activity.serving()
            await asyncio.sleep(0.001)

    bad = supervisor.add("bad", dies, backoff=Backoff(**QUICK))
    good = supervisor.add("good", lives)
    until(lambda: bad.failures > 20 and len(ticks) > 20)
    assert good.starts == 1
    assert {h.name: h.state for h in supervisor.health()}["good"] is ActivityState.SERVING


def test_a_stable_period_forgets_earlier_failures():
    async def run(activity) -> None:
        if activity.starts > 3:
            activity.serving()
            await asyncio.sleep(50)
        raise OSError("gone")

    activity = lived(run, 1_000.0, stable_after=30.0, backoff=Backoff(first=0.001, longest=1.0, least=0.0))
    assert activity.starts > 10
    assert activity.backoff.failures <= 1


def test_stop_ends_all_and_names_what_does_not_end():
    supervisor = Supervisor()
    supervisor.start()
    release = threading.Event()

    async def stubborn(_) -> None:
        while not release.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    async def good(_) -> None:
        await asyncio.sleep(1000)

    supervisor.add("stubborn", stubborn)
    activity = supervisor.add("good", good)
    assert supervisor.remove(["stubborn", "good"], within=1.0) == ["stubborn"]
    assert activity.state is ActivityState.STOPPED
    release.set()
    supervisor.stop()


def test_a_name_is_taken_once_and_free_again_when_it_is_gone(supervisor):
    async def run(_) -> None:
        await asyncio.sleep(1000)

    supervisor.add("a", run)
    with pytest.raises(PetraError, match="already"):
        supervisor.add("a", run)
    supervisor.remove(["a"])
    supervisor.add("a", run)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt], ids=["exit", "interrupt"])
@pytest.mark.parametrize("how", ["group", "alone", "callback", "stop"])
def test_what_a_child_task_raises_never_ends_the_loop(supervisor, how, error):
    """The task fails its own activity, which starts again; the others do not notice."""

    async def child() -> None:
        raise error

    def ends() -> None:
        raise error

    async def run(activity) -> None:
        activity.serving()
        loop = asyncio.get_running_loop()
        if how == "group":
            async with asyncio.TaskGroup() as group:
                group.create_task(child())
        elif how == "alone":
            task = loop.create_task(child())
            task.add_done_callback(lambda ended: ended.exception())
            await asyncio.sleep(1_000)
            task.cancel()
        else:
            loop.call_soon(ends if how == "callback" else loop.stop)
            await asyncio.sleep(0.001)

    ticks = []

    async def lives(activity) -> None:
        while True:
            ticks.append(1)
            activity.serving()
            await asyncio.sleep(0.001)

    good = supervisor.add("good", lives)
    bad = supervisor.add("bad", run, backoff=Backoff(**QUICK))
    until(lambda: bad.failures >= 3 and len(ticks) > 20)
    assert good.starts == 1
    if how in ("group", "alone"):
        assert "the code tried to end the process" in bad.error
