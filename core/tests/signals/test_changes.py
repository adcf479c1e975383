"""The newest state for readers of every pace: no change is forgotten, and the scan waits for none."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petra.signals import GOOD, ChangeSet, Layout, LocalBus, Quality, QualityReason, Signal, SignalType, Store
from petra.signals.outgoing import RING
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "no answer")
NAMES = [f"s{i}" for i in range(6)]


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test as a coroutine."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Plant:
    """A bus with inputs and outputs, and what would scan it."""

    def __init__(self, inputs: int = 6, outputs: int = 2) -> None:
        signals = [Signal(f"s{i}", SignalType.FLOAT) for i in range(inputs)]
        signals += [Signal(f"o{i}", SignalType.FLOAT, written_by="b") for i in range(outputs)]
        self.store = Store(signals, ManualClock())
        self.bus = LocalBus(self.store)
        self.scans = 0

    def scan(self, **outputs: float) -> None:
        self.scans += 1
        self.store.latch()
        for name, value in outputs.items():
            self.store.values[self.store.layout.index[name]] = value
        self.store.publish(self.scans, self.scans, "main", 0.1)


@pytest.fixture
def plant() -> Plant:
    return Plant()


def named(change: ChangeSet) -> list[str]:
    return [change.image.layout.signals[i].name for i in change.indices]


@pytest.mark.parametrize("scans", [1, RING - 1, RING, RING + 1, 3 * RING], ids=lambda n: f"{n} scans")
def test_a_slow_reader_is_told_everything_and_nothing_grows(plant, scans):
    """What changed once, long ago, is told; so is the newest change; what did not change is not."""
    mine = plant.bus.changes()
    plant.bus.write("s0", 1.0)
    for number in range(scans):
        plant.bus.write("s1", number + 1.0)
        plant.scan(o0=number + 1.0)
    change = mine.take()
    assert named(change) == ["s0", "s1", "o0"]
    assert change.image.value(1) == scans
    assert mine.conflated == scans - 1
    assert named(mine.take()) == []


@pytest.mark.parametrize("scans", [1, 2 * RING], ids=["at once", "late"])
def test_a_change_of_quality_or_force_alone_is_a_change(plant, scans):
    mine = plant.bus.changes()
    plant.bus.write("s1", 0.0, BAD)
    plant.bus.force("s2", 0.0, "me")
    for _ in range(scans):
        plant.bus.write("s0", plant.bus.read("s0").value + 1.0)
        plant.scan()
    assert named(mine.take()) == ["s0", "s1", "s2"]


def test_after_show_safe_everything_counts_as_changed_and_so_it_does_when_scans_go_on(plant):
    mine = plant.bus.changes()
    plant.store.show_safe("a scan does not end")
    assert named(mine.take()) == [*NAMES, "o0", "o1"]
    plant.scan()
    assert named(mine.take()) == [*NAMES, "o0", "o1"]


def test_a_reader_that_comes_later_is_told_what_changes_from_then_on(plant):
    plant.bus.write("s0", 1.0)
    plant.scan()
    mine = plant.bus.changes()
    assert named(mine.take()) == []
    plant.bus.write("s1", 1.0)
    plant.scan()
    assert named(mine.take()) == ["s1"]


def test_the_boundary_of_a_deadband_is_a_change(plant):
    """Beyond *or at* the deadband, measured from what was told last."""
    mine = plant.bus.changes(["s0"], deadband=1.0)
    told = []
    for value in (0.99, 1.0, 1.99, 2.0, 1.01, 1.0):
        plant.bus.write("s0", value)
        plant.scan()
        told.append(bool(mine.take().indices))
    assert told == [False, True, False, True, False, True]


def test_a_name_that_no_signal_has_is_refused_with_the_closest(plant):
    with pytest.raises(KeyError, match="did you mean 's0'"):
        plant.bus.changes(["s00"])


actions = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), st.booleans())
    | st.just("scan")
    | st.just("take")
    | st.just("reload")
    | st.just("many"),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(actions=actions)
def test_what_a_reader_has_put_together_is_what_there_is(actions):
    """A reader that applies each change to what it knows knows the image, whatever it has missed."""
    layouts = [
        Layout([Signal(n, SignalType.FLOAT) for n in names]) for names in (["a", "b"], ["c", "b", "a"])
    ]
    store, scans = Store(layouts[0], ManualClock()), 0
    bus = LocalBus(store)
    mine, known = bus.changes(), {}

    def take() -> None:
        image, indices = mine.take()
        for i in indices:
            known[image.layout.signals[i].name] = (image.value(i), image.status(i))
        for i, signal in enumerate(image.layout.signals):
            assert known.get(signal.name, (0.0, GOOD)) == (image.value(i), image.status(i))

    for action in actions:
        if action == "take":
            take()
        elif action == "reload":
            layouts.reverse()
            store.rearrange(layouts[0])
        elif action in ("scan", "many"):
            for _ in range(1 if action == "scan" else RING + 5):
                scans += 1
                store.latch()
                store.publish(scans, scans)
                bus.write("a", bus.read("a").value + (action == "many"))
        else:
            name, value, good = action
            bus.write(name, value, GOOD if good else BAD)
    take()


@in_loop
async def test_an_iterator_gives_what_changes_as_one():
    plant = Plant()
    seen: list[list[str]] = []
    told = asyncio.Event()

    async def read() -> None:
        with plant.bus.changes(["s0", "o0"]) as changes:
            async for change in changes:
                seen.append(named(change))
                told.set()
                if "o0" in seen[-1]:
                    return

    reader = asyncio.create_task(read())
    for _ in range(3):
        await asyncio.sleep(0)
    plant.bus.write("s0", 1.0)
    plant.scan()
    plant.bus.write("s1", 1.0)  # nobody wants it
    plant.scan()
    await told.wait()
    plant.scan(o0=1.0)
    await reader
    assert seen == [["s0"], ["o0"]]
    assert not plant.store.outgoing.has_readers


@in_loop
async def test_one_wake_up_is_under_way_however_many_scans_pass(monkeypatch):
    """A loop that stands still is asked once, and not ten thousand times."""
    plant, loop = Plant(), asyncio.get_running_loop()
    calls, asked = [], loop.call_soon_threadsafe
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *args: calls.append(args) or asked(*args))
    woken: list[int] = []
    mine = [plant.bus.changes([name], woken=lambda: woken.append(1)) for name in NAMES]
    for number in range(10_000):
        plant.bus.write("s0", number + 1.0)
        plant.scan()
    assert len(calls) == 1
    await asyncio.sleep(0)
    assert len(woken) == len(mine)
    plant.bus.write("s0", 0.0)
    plant.scan()
    assert len(calls) == 2


@in_loop
async def test_a_reader_that_raises_is_woken_no_more_and_the_others_are(caplog):
    plant, heard = Plant(), []

    def fails() -> None:
        raise SystemExit("a consumer")

    broken = plant.bus.changes(woken=fails)
    whole = plant.bus.changes(woken=lambda: heard.append(1))
    for number in range(2):
        plant.bus.write("s0", number + 1.0)
        plant.scan()
        await asyncio.sleep(0)
    assert heard == [1, 1]
    assert caplog.text.count("a reader of changes has failed") == 1
    broken.close(), whole.close()


@in_loop
async def test_a_reader_that_is_closed_is_woken_no_more():
    plant, heard = Plant(), []
    mine = plant.bus.changes(woken=lambda: heard.append(1))
    plant.bus.write("s0", 1.0)
    plant.scan()
    mine.close()
    mine.close()
    await asyncio.sleep(0)
    plant.bus.write("s0", 2.0)
    plant.scan()
    await asyncio.sleep(0)
    assert heard == []
    assert not plant.store.outgoing.has_readers


def test_a_loop_that_is_closed_stops_no_scan():
    plant = Plant()

    async def subscribe() -> object:
        return plant.bus.changes(woken=lambda: None)

    kept = asyncio.run(subscribe())
    for number in range(3):
        plant.bus.write("s0", number + 1.0)
        plant.scan()
    assert plant.bus.read("s0").value == 3.0
    assert kept.take().indices == [0]


def test_readers_in_other_threads_miss_nothing():
    """Beside a thread that scans as fast as it can, what readers put together ends as what there is."""
    plant, stop = Plant(inputs=3_000, outputs=50), threading.Event()
    readers = [plant.bus.changes() for _ in range(3)]
    known: list[dict[int, float]] = [{} for _ in readers]

    def read(number: int) -> None:
        while not stop.is_set():
            image, indices = readers[number].take()
            known[number].update((i, image.value(i)) for i in indices)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(len(readers))]
    for thread in threads:
        thread.start()
    for number in range(2_000):
        plant.bus.write(f"s{number * 7 % 3_000}", number + 1.0)
        plant.scan(**{f"o{number % 50}": number + 1.0})
    stop.set()
    for number, thread in enumerate(threads):
        thread.join()
        image, indices = readers[number].take()
        known[number].update((i, image.value(i)) for i in indices)
        assert known[number] == {i: value for i, value in enumerate(image.values()) if value}


def test_a_reload_is_told_whatever_the_deadband(plant):
    mine = plant.bus.changes(deadband=100.0)
    mine.take()
    plant.store.rearrange(Layout([Signal(name, SignalType.FLOAT) for name in "cba"]))
    assert len(mine.take().indices) == 3


def test_safe_values_stay_although_a_reload_was_under_way(plant):
    arrangement = plant.store.arrange(Layout([Signal("s0", SignalType.FLOAT, safe=-1.0)]))
    plant.store.end("the engine has stopped")
    plant.store.assume(arrangement)
    assert plant.bus.image.stopped
    assert plant.bus.image.value(0) == -1.0


@in_loop
async def test_a_loop_that_fails_to_be_woken_stops_no_scan(monkeypatch, caplog):
    plant = Plant()
    mine = plant.bus.changes(woken=lambda: None)

    def fails(*_: object) -> None:
        raise OSError("no more descriptors")

    monkeypatch.setattr(asyncio.get_running_loop(), "call_soon_threadsafe", fails)
    for number in range(3):
        plant.bus.write("s0", number + 1.0)
        plant.scan()
    monkeypatch.undo()
    assert plant.bus.read("s0").value == 3.0
    assert caplog.text.count("an event loop cannot be woken") == 1
    assert mine.take().indices == [0]


def test_a_reader_that_comes_between_the_inbox_and_the_image_misses_nothing(plant):
    """What was written was taken without a look, since there was no reader then."""
    plant.bus.group(NAMES).write([1.0] * len(NAMES))
    plant.store.latch()
    mine = plant.bus.changes()
    plant.store.publish(1, 1)
    assert named(mine.take()) == NAMES
