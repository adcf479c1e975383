"""What is seen of an activity: its health, what is logged of it, and when it is tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from petra.errors import PetraError
from petra.failures import error_text
from petra.supervise import Activity, ActivityState, Backoff, HungError, Supervisor
from petra.testing import run_virtual

Run = Callable[[Activity], Awaitable[None]]


def steady() -> Backoff:
    """Return a pause of a second, then of two, of four, of eight."""
    return Backoff(first=1.0, longest=8.0, random=lambda: 1.0)


def watched(run: Run, watch: Callable[[Activity], Awaitable[None]], **how: Any) -> None:
    """Let an activity live in virtual time for as long as it is watched."""

    async def main() -> None:
        options = {"patience": 30.0, "stable_after": 10.0, "backoff": steady(), "failed": None, **how}
        activity = Activity("pump", run, **options)
        task = asyncio.create_task(activity.keep())
        try:
            await watch(activity)
        finally:
            task.cancel()
            await asyncio.wait({task})
        assert activity.state is ActivityState.STOPPED

    run_virtual(main())


async def refuses(_: Activity) -> None:
    raise OSError("refused")


def test_its_health_says_where_it_is_and_for_how_long():
    async def run(activity: Activity) -> None:
        await asyncio.sleep(2.0)
        activity.serving()
        await asyncio.sleep(3.0)
        activity.serving()
        await asyncio.sleep(2.0)
        raise OSError("the cable was cut")

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(1.5)
        found = activity.health()
        assert (found.name, found.state, found.since_s) == ("pump", ActivityState.TRYING, 1.5)
        assert (found.starts, found.failures, found.hangs, found.retry_s, found.error) == (1, 0, 0, 0.0, "")
        await asyncio.sleep(5.0)
        found = activity.health()
        assert (found.state, found.since_s) == (ActivityState.SERVING, 4.5), "since it said so first"
        assert found.failing_s == 0.0
        await asyncio.sleep(0.75)
        found = activity.health()
        assert (found.state, found.since_s, found.retry_s) == (ActivityState.WAITING, 0.25, 0.75)
        assert (found.starts, found.failures, found.error) == (1, 1, "the cable was cut")
        await asyncio.sleep(1.0)
        found = activity.health()
        assert (found.state, found.starts, found.retry_s) == (ActivityState.TRYING, 2, 0.0)
        assert found.error == "the cable was cut", "until it is known that it works"
        assert found.failing_s == 1.25, "since it served last"
        await asyncio.sleep(1.75)
        assert activity.health().failing_s == 0.0

    watched(run, watch)


def test_a_failure_is_logged_once_for_as_long_as_it_is_the_same(caplog):
    """A device that is away for a night fills no disk; what is new of it is said."""
    errors: list[Exception] = [
        OSError("refused"),
        OSError("refused"),
        OSError("no route"),
        OSError("no route"),
    ]

    async def run(_: Activity) -> None:
        raise errors[0]

    async def watch(activity: Activity) -> None:
        for count in range(1, 5):
            await asyncio.sleep(activity.health().retry_s + 0.001)
            assert activity.failures == count
            errors[:] = errors[1:]

    caplog.set_level(logging.DEBUG, "petra.supervise")
    watched(run, watch)
    found = [(each.levelname, each.message) for each in caplog.records]
    assert found == [
        ("WARNING", "pump: refused; next try within 1.0 s"),
        ("DEBUG", "pump: refused; next try within 2.0 s"),
        ("WARNING", "pump: no route; next try within 4.0 s"),
        ("DEBUG", "pump: no route; next try within 8.0 s"),
    ]
    assert all(record.exc_info is None for record in caplog.records)


def test_a_defect_is_logged_once_with_where_it_was(caplog):
    """Another one is, too; the first one is logged without it when it comes back, also in other words."""

    async def run(activity: Activity) -> None:
        if activity.starts == 3:
            raise KeyError("another one")
        raise KeyError("a bug" if activity.starts < 3 else "the bug once more")

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(14.0)
        assert activity.starts == 4

    watched(run, watch)
    found = [(record.message.split(";")[0], bool(record.exc_info)) for record in caplog.records]
    assert found == [
        ("pump: KeyError: 'a bug'", True),
        ("pump: KeyError: 'another one'", True),
        ("pump: KeyError: 'the bug once more'", False),
    ]


def test_a_reason_that_comes_back_again_and_again_is_counted(caplog):
    """It serves in between: the log neither fills, nor says only that it serves again."""

    async def run(activity: Activity) -> None:
        activity.serving()
        await asyncio.sleep(0.5)
        raise KeyError("a bug")

    async def watch(_: Activity) -> None:
        await asyncio.sleep(130.0)

    caplog.set_level(logging.INFO, "petra.supervise")
    watched(run, watch, backoff=Backoff(first=1.5, longest=1.5, random=lambda: 1.0))
    found = [(record.levelname, record.message) for record in caplog.records]
    again = ("WARNING", "pump: KeyError: 'a bug', 30 times since this was last logged; next try within 1.5 s")
    serves = ("INFO", "pump: serves again, after 1.5 s")
    assert found == [
        ("WARNING", "pump: KeyError: 'a bug'; next try within 1.5 s"),
        serves,
        again,
        serves,
        again,
        serves,
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [True, *[False] * 5]


def test_one_that_fails_soon_after_the_log_has_said_so_and_stays_away_is_said_later(caplog):
    async def run(activity: Activity) -> None:
        if activity.starts == 2:
            activity.serving()
        raise OSError("refused")

    async def watch(_: Activity) -> None:
        await asyncio.sleep(3_600.0)

    caplog.set_level(logging.INFO, "petra.supervise")
    watched(run, watch)
    assert [record.message.split(";")[0] for record in caplog.records] == [
        "pump: refused",
        "pump: serves again, after 1.0 s",
        "pump: refused, 10 times since this was last logged",
    ]


@pytest.mark.parametrize(
    ("errors", "text", "traced"),
    [
        ([PetraError("the cable is out")], "the cable is out", False),
        ([ExceptionGroup("x", [OSError("refused")])], "refused", False),
        ([ExceptionGroup("x", [KeyError("a bug")])], "KeyError: 'a bug'", True),
        ([OSError("refused"), PetraError("no"), OSError("refused")], "refused; no", False),
        ([OSError("refused"), KeyError("a bug")], "refused; KeyError: 'a bug'", True),
    ],
)
def test_the_errors_of_a_group_of_tasks_are_the_reason(caplog, errors, text, traced):
    """What a TaskGroup raises is a group: it hides neither the reason, nor that it was expected."""

    async def run(_: Activity) -> None:
        raise ExceptionGroup("unhandled errors in a TaskGroup", errors)

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(0.5)
        assert activity.error == text

    watched(run, watch)
    assert [bool(record.exc_info) for record in caplog.records] == [traced]


def test_that_it_serves_again_is_said_once_with_how_long_it_did_not(caplog):
    async def run(activity: Activity) -> None:
        if activity.starts in (2, 3):
            raise OSError("refused")
        await asyncio.sleep(0.5)
        activity.serving()
        activity.serving()
        await asyncio.sleep(20.0)
        raise OSError("gone")

    async def watch(_: Activity) -> None:
        await asyncio.sleep(30.0)

    caplog.set_level(logging.INFO, "petra.supervise")
    watched(run, watch, patience=60.0)
    # it fails after 20.5 s, is tried after 1, 2 and 4 more, and serves half a second later
    assert [record.message for record in caplog.records if "again" in record.message] == [
        "pump: serves again, after 7.5 s"
    ]


@pytest.mark.parametrize(("served", "pauses"), [(9.9, [1.0, 2.0, 4.0]), (10.0, [1.0, 1.0, 1.0])])
def test_pauses_begin_again_when_it_has_served_for_long_enough(served, pauses):
    found: list[float] = []

    async def run(activity: Activity) -> None:
        activity.serving()
        await asyncio.sleep(served)
        raise OSError("gone")

    async def watch(activity: Activity) -> None:
        for _ in range(3):
            await asyncio.sleep(served + 0.001)
            found.append(round(activity.health().retry_s + 0.001, 6))
            await asyncio.sleep(activity.health().retry_s)

    watched(run, watch)
    assert found == pytest.approx(pauses, abs=0.01)


def test_one_that_never_said_that_it_serves_has_not_been_stable():
    async def run(_: Activity) -> None:
        await asyncio.sleep(20.0)
        raise OSError("gone")

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(60.0)
        assert activity.backoff.failures == 2

    watched(run, watch)


def test_a_wait_can_be_cut_short_but_not_before_its_time():
    async def watch(activity: Activity) -> None:
        activity.hurry()  # it does not wait yet: nothing of it is kept
        await asyncio.sleep(1.0 + 2.0 + 0.5)
        assert (activity.starts, activity.state) == (3, ActivityState.WAITING)
        activity.hurry(after=0.6)
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.01)
        assert activity.starts == 3
        activity.hurry(after=0.5)
        await asyncio.sleep(0.01)
        assert activity.starts == 4
        await asyncio.sleep(1.0)
        assert activity.starts == 4, "the next pause is a whole one"

    watched(refuses, watch)


def test_one_of_its_tasks_may_break_it_off_and_the_first_reason_counts():
    async def run(activity: Activity) -> None:
        activity.serving()
        await asyncio.sleep(1_000.0)

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(1.0)
        activity.break_off(PetraError("a child has failed"))
        activity.break_off(PetraError("and another"))
        await asyncio.sleep(0.5)
        assert (activity.failures, activity.error) == (1, "a child has failed")
        activity.break_off(PetraError("late"))
        await asyncio.sleep(5.0)
        assert (activity.starts, activity.error) == (2, "a child has failed")

    watched(run, watch)


def test_what_does_not_end_when_it_is_cancelled_is_left_behind_and_said(caplog):
    async def run(activity: Activity) -> None:
        activity.serving()
        for _ in range(2):
            try:
                await asyncio.sleep(20.0)
            except asyncio.CancelledError:
                await asyncio.sleep(4.0)

    async def watch(activity: Activity) -> None:
        await asyncio.sleep(5.0 + 2.0 + 0.5)
        assert (activity.hangs, activity.error) == (1, "no progress for 5 s")
        assert activity.state is ActivityState.WAITING
        await asyncio.sleep(30.0)

    watched(run, watch, patience=5.0)
    assert "pump: does not end when it is cancelled; it is left behind" in caplog.text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (None, "it ended by itself"),
        (TimeoutError(), "timed out"),
        (TimeoutError("no answer\n from  it"), "no answer from it"),
        (OSError("refused"), "refused"),
        (PetraError("two\nlines"), "two lines"),
        (HungError(""), "HungError"),
        (ValueError("a bug"), "ValueError: a bug"),
        (ValueError(), "ValueError: ValueError"),
    ],
)
def test_why_something_has_ended_is_said_in_one_line(error, text):
    assert error_text(error) == text


def test_a_supervisor_that_was_not_started_says_so():
    supervisor = Supervisor()
    with pytest.raises(PetraError, match="was not started"):
        _ = supervisor.loop
    assert supervisor.remove(["pump"]) == []
    assert supervisor.stop() == []


def test_what_is_called_in_the_loop_returns_raises_or_is_cancelled_in_time():
    async def returns() -> int:
        return 7

    async def raises() -> int:
        raise KeyError("x")

    cancelled: list[bool] = []

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    with Supervisor() as supervisor:
        assert supervisor.call(returns()) == 7
        with pytest.raises(KeyError):
            supervisor.call(raises())
        with pytest.raises(TimeoutError):
            supervisor.call(hangs(), within=0.01)
        supervisor.call(returns())
    assert cancelled == [True]


def test_activities_end_the_last_one_added_first():
    begun: list[str] = []
    ended: list[str] = []

    async def run(activity: Activity) -> None:
        begun.append(activity.name)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(activity.name)

    with Supervisor() as supervisor:
        for name in ("a", "b", "c"):
            supervisor.add(name, run)

        async def all_begun() -> None:
            while len(begun) < 3:  # noqa: ASYNC110 - they begin in the next turns of the loop
                await asyncio.sleep(0)

        supervisor.call(all_begun())
        assert [health.name for health in supervisor.health()] == ["a", "b", "c"]
        assert supervisor.remove(["b", "unknown"]) == []
        assert ended == ["b"]
    assert ended == ["b", "c", "a"]


def test_what_does_not_end_with_the_plant_is_left_behind_and_said(caplog):
    """It is cancelled from outside, and not because it hangs."""

    async def run(activity: Activity) -> None:
        activity.serving()
        try:
            await asyncio.sleep(20.0)
        except asyncio.CancelledError:
            await asyncio.sleep(4.0)

    watched(run, lambda _: asyncio.sleep(1.0))
    assert "pump: does not end when it is cancelled; it is left behind" in caplog.text
