"""Every change of every scan: complete, in order, with qualities and times, or counted as lost."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petra.signals import (
    GOOD,
    Frame,
    LocalBus,
    Quality,
    QualityReason,
    Signal,
    SignalType,
    Store,
    WrongTypeError,
)
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "no answer")


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test as a coroutine."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Plant:
    """Three inputs and an output, and what would scan them."""

    def __init__(self) -> None:
        signals = [Signal(n, SignalType.FLOAT) for n in "abc"]
        self.store = Store([*signals, Signal("o", SignalType.FLOAT, written_by="b")], ManualClock())
        self.bus = LocalBus(self.store)
        self.scans = 0

    def scan(self, output: float | None = None) -> None:
        self.scans += 1
        taken = self.store.latch()
        if output is not None:
            self.store.values[3] = output
        self.store.publish(self.scans, 1_000 * self.scans, "main", 0.1, taken)


@pytest.fixture
def plant() -> Plant:
    return Plant()


def rows(frames: list[Frame]) -> list[tuple[int, str, float, str, int]]:
    return [
        (f.scan, f.layout.signals[i].name, value, f.flawed.get(i, GOOD).reason, time)
        for f in frames
        for i, value, time in zip(f.indices, f.values, f.times, strict=True)
    ]


def test_a_frame_of_each_scan_has_values_qualities_and_source_times(plant):
    mine = plant.bus.observe()
    plant.bus.write("b", 2.0, BAD, time=7)
    plant.bus.write("a", 1.0, time=8)
    plant.scan(output=5.0)
    plant.scan()
    plant.bus.write("b", 2.0, time=9)
    plant.scan()
    assert rows(mine.take()) == [
        (1, "a", 1.0, "", 8),
        (1, "b", 2.0, "no answer", 7),
        (1, "o", 5.0, "", 1_000),
        (3, "b", 2.0, "", 9),
    ]
    assert mine.take() == []


def test_each_value_may_have_its_own_status_and_time(plant):
    mine, group = plant.bus.observe(), plant.bus.group("abc")
    group.write_each([1.0, 2.0, 3.0], [GOOD, BAD, GOOD], [11, 12, 13])
    plant.scan()
    group.write_each([4.0, 5.0, 6.0], times=[21, 22, 23])
    plant.scan()
    assert rows(mine.take()) == [
        (1, "a", 1.0, "", 11),
        (1, "b", 2.0, "no answer", 12),
        (1, "c", 3.0, "", 13),
        (2, "a", 4.0, "", 21),
        (2, "b", 5.0, "", 22),
        (2, "c", 6.0, "", 23),
    ]
    with pytest.raises(ValueError, match="as many statuses"):
        group.write_each([1.0, 2.0, 3.0], [GOOD])
    with pytest.raises(WrongTypeError, match="times are of the type int"):
        group.write_each([1.0, 2.0, 3.0], times=[1.0, 2, 3])


def test_scans_without_changes_are_told_to_who_asks_for_them(plant):
    every, changed = plant.bus.observe(idle=True), plant.bus.observe()
    for output in (1.0, None, None, 2.0):
        plant.scan(output)
    assert [(f.scan, f.task, f.dt) for f in every.take()] == [(n, "main", 0.1) for n in (1, 2, 3, 4)]
    assert [f.scan for f in changed.take()] == [1, 4]


def test_only_the_columns_of_the_wanted_signals(plant):
    mine = plant.bus.observe(["c", "a"])
    plant.bus.write_many({"a": 1.0, "b": 2.0, "c": 3.0}, BAD)
    plant.scan(output=1.0)
    plant.scan(output=2.0)
    (frame,) = mine.take()
    assert [row[:4] for row in rows([frame])] == [(1, "a", 1.0, "no answer"), (1, "c", 3.0, "no answer")]
    assert frame.flawed.keys() == {0, 2}


def test_what_does_not_fit_is_counted_and_named(plant):
    mine = plant.bus.observe(limit=10)
    for number in range(25):
        plant.scan(output=number + 1.0)
    assert (mine.lost, mine.waiting) == (15, 10)
    assert [f.scan for f in mine.take()] == list(range(1, 11))
    plant.scan(output=99.0)
    (frame,) = mine.take()
    assert (frame.scan, frame.missed, mine.waiting) == (26, 15, 0)


def test_a_reload_and_safe_values_are_told_too(plant):
    mine = plant.bus.observe()
    plant.store.show_safe("a scan does not end")
    (frame,) = mine.take()
    assert (frame.task, len(frame.indices)) == ("", 4)
    assert frame.flawed[3].reason == "a scan does not end"


@in_loop
async def test_an_iterator_gives_frames_and_ends_when_it_is_closed():
    plant, seen = Plant(), []
    mine, complete = plant.bus.observe(["o"]), asyncio.Event()

    async def read() -> None:
        async for frame in mine:
            seen.append(frame.values)
            if len(seen) == 3:
                complete.set()

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)
    for number in range(3):
        plant.scan(output=number + 1.0)
    await complete.wait()
    mine.close()
    await reader
    assert seen == [[1.0], [2.0], [3.0]]
    assert not plant.store.outgoing.has_readers


writes = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(-2, 2) | st.just(0.0), st.booleans()), max_size=4
)


@settings(max_examples=200, deadline=None)
@given(scans=st.lists(st.tuples(writes, st.none() | st.integers(-1, 1)), max_size=12))
def test_frames_alone_give_every_image(scans):
    """A reader that applies frame after frame has after each scan what the image of that scan had."""
    plant = Plant()
    mine, known = plant.bus.observe(idle=True), dict.fromkeys(range(4), (0.0, GOOD))
    for each, output in scans:
        for name, value, good in each:
            plant.bus.write(name, value, GOOD if good else BAD)
        plant.scan(None if output is None else float(output))
        (frame,) = mine.take()
        known.update(
            (i, (value, frame.flawed.get(i, GOOD)))
            for i, value in zip(frame.indices, frame.values, strict=True)
        )
        image = plant.bus.image
        assert known == {i: (image.value(i), image.status(i)) for i in range(4)}


def test_a_reader_in_another_thread_gets_every_scan_once_and_in_order():
    plant, done, seen = Plant(), threading.Event(), []
    mine = plant.bus.observe(idle=True, limit=10**9)

    def read() -> None:
        while not done.is_set():
            seen.extend(mine.take())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(5_000):
        plant.scan(output=number + 1.0)
    done.set()
    reader.join()
    seen.extend(mine.take())
    assert [f.scan for f in seen] == list(range(1, 5_001))
    assert [f.values for f in seen] == [[number + 1.0] for number in range(5_000)]
    assert mine.lost == 0


def test_what_others_change_is_neither_told_nor_lost(plant):
    """Room is for the changes of the wanted signals: scans without one are not counted."""
    mine, every = plant.bus.observe(["a"], limit=4), plant.bus.observe(limit=3)
    for _ in range(20):
        plant.bus.write("a", 0.0)  # as it is
        plant.scan()
    assert (every.take(), every.lost) == ([], 0)
    for number in range(20):
        plant.scan(output=number + 1.0)
    plant.bus.write("a", 1.0)
    plant.scan()
    assert [f.values for f in mine.take()] == [[1.0]]
    assert mine.lost == 0


@pytest.mark.parametrize("limit", [0, -1, "10", 1.5, True, None])
def test_a_limit_that_is_no_number_is_refused_before_the_scan_meets_it(plant, limit):
    with pytest.raises(ValueError, match="limit is a number of changes"):
        plant.bus.observe(None, limit)
