"""Another layout in the middle of everything: what stays, what goes, and that nobody reads a mixture."""

from __future__ import annotations

import threading

import pytest

from petra.signals import (
    GOOD,
    Bus,
    Layout,
    LocalBus,
    Quality,
    QualityReason,
    ReasonCode,
    Signal,
    SignalType,
    Store,
    UnknownSignalError,
    Write,
)
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "no contact")


def floats(*names: str, block: str = "") -> list[Signal]:
    return [Signal(name, SignalType.FLOAT, written_by=block) for name in names]


@pytest.fixture
def bus():
    return LocalBus(Store([*floats("a", "b", "c"), *floats("x", "y", block="one")], ManualClock()))


def scan(bus: Bus, **outputs: float) -> None:
    bus.store.latch()
    for name, value in outputs.items():
        bus.store.values[bus.layout.index[name]] = value
    bus.store.publish(bus.image.scan + 1, 1)


def test_signals_of_the_same_name_and_type_keep_everything(bus):
    bus.write("b", 2.5, BAD, time=77)
    bus.force("c", 9.0, "me")
    scan(bus, x=4.0)
    bus.store.rearrange(Layout([*floats("new", "c", "b"), *floats("y", "x", block="one")]))
    assert bus.read("b") == (2.5, Quality.BAD, 77)
    assert bus.status("b") == BAD
    assert bus.read("x").value == 4.0
    assert bus.read("new").value == 0.0
    bus.write("c", 1.0)
    scan(bus)
    assert bus.read("c").value == 9.0
    bus.unforce("c", "me")
    scan(bus)
    assert bus.read("c").value == 1.0
    with pytest.raises(UnknownSignalError):
        bus.read("a")


def test_a_signal_of_another_type_begins_anew(bus):
    bus.write("a", 2.5, BAD)
    bus.force("b", 3.0, "me")
    scan(bus)
    bus.store.rearrange(Layout([Signal("a", SignalType.INT, 7), Signal("b", SignalType.BOOL)]))
    assert bus.read("a").value == 7
    assert bus.status("a") == GOOD
    assert bus.read("b").value is False
    assert bus.store.forced == {}


def test_an_input_becomes_an_output_and_back(bus):
    bus.write("a", 5.0)
    scan(bus)
    bus.store.rearrange(Layout([*floats("x", "b"), *floats("a", block="two")]))
    assert bus.read("a").value == 5.0
    scan(bus, a=6.0)
    bus.write("x", 8.0)
    scan(bus)
    bus.store.rearrange(Layout([*floats("a"), *floats("x", block="one")]))
    assert (bus.read("a").value, bus.read("x").value) == (6.0, 8.0)


def test_what_was_written_before_arrives_after(bus):
    """A write for the layout before finds its signals; those that are gone or a block's now are left out."""
    old = bus.layout
    bus.store.rearrange(Layout([*floats("z", "c", "a"), *floats("b", block="one")]))
    bus.enqueue(Write((0, 1, 2), (1.0, 2.0, 3.0), GOOD, None, slice(0, 3), old, (0,)))
    scan(bus)
    assert [bus.read(name).value for name in ("a", "b", "c", "z")] == [1.0, 0.0, 3.0, 0.0]


def test_a_force_for_a_signal_that_is_gone_does_no_harm(bus):
    bus.force("a", 1.0, "me")
    bus.force("b", 1.0, "me")
    waiting = [bus.store.inbox._entries.popleft(), bus.store.inbox._entries.popleft()]
    bus.store.rearrange(Layout([Signal("b", SignalType.STRING), *floats("c")]))
    bus.store.inbox._entries.extend(waiting)
    scan(bus)
    assert bus.store.forced == {}


def test_a_subscription_is_told_of_everything_once(bus):
    mine, every = bus.changes(["a", "x"]), bus.changes()
    mine.take(), every.take()
    bus.store.rearrange(Layout([*floats("new", "a"), *floats("x", block="one")]))
    changes = mine.take()
    assert [changes.image.layout.signals[i].name for i in changes.indices] == ["a", "x"]
    assert len(every.take().indices) == 3
    assert mine.take().indices == []
    bus.write("a", 3.0)
    scan(bus)
    assert [bus.signals[i].name for i in mine.take().indices] == ["a"]


def test_readers_beside_it_never_see_a_mixture(bus):
    """A group's values always belong together, whatever layout they were read from."""
    layouts = [
        Layout([*floats("a", "b", "c"), *floats("x", "y", block="one")]),
        Layout([*floats("p", "q", "c", "a", "r", "b"), *floats("y", "z", "x", block="one")]),
    ]
    stop, wrong = threading.Event(), []

    def read() -> None:
        group = bus.group(["a", "b", "c"])
        while not stop.is_set():
            values = group.read()
            if len(set(values)) != 1:
                wrong.append(values)
            if bus.read("a").value < 0.0:
                wrong.append("a")

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    writer = bus.group(["a", "b", "c"])
    for n in range(1_500):
        writer.write([float(n)] * 3)
        scan(bus)
        bus.store.rearrange(layouts[n % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_safe_state_is_shown_until_the_next_scan(bus):
    bus = LocalBus(
        Store(
            [
                Signal("a", SignalType.FLOAT, 5.0, safe=1),
                Signal("x", SignalType.FLOAT, written_by="one", safe=0.0),
            ],
            ManualClock(),
        )
    )
    scan(bus, x=4.0)
    bus.store.show_safe("why")
    assert (bus.read("a").value, bus.read("x").value) == (1.0, 0.0)
    assert bus.status("x") == QualityReason(Quality.UNCERTAIN, "safe value: why", ReasonCode.SAFE_VALUE)
    scan(bus)
    assert (bus.read("a").value, bus.read("x").value) == (5.0, 4.0)
    assert bus.status("x") == GOOD


def test_a_fault_ends_with_its_block(bus):
    """An output that becomes an input no longer says what its block said of it."""
    bus.store.flawed[bus.layout.index["x"]] = BAD
    scan(bus)
    assert bus.status("x") == BAD
    bus.store.rearrange(Layout([*floats("x", "a")]))
    assert bus.status("x") == GOOD


def test_a_deadband_lets_a_change_of_quality_through():
    bus = LocalBus(Store(floats("a"), ManualClock()))
    mine = bus.changes(["a"], deadband=1.0)
    bus.write("a", 5.0)
    scan(bus)
    mine.take()
    for status in (BAD, GOOD):
        bus.write("a", 5.0, status)
        scan(bus)
        assert mine.take().indices == [0], status
    bus.write("a", 5.2)
    scan(bus)
    assert mine.take().indices == []


def test_a_zero_keeps_its_sign_however_it_is_written():
    import math

    bus = LocalBus(Store(floats("a", "b", "c"), ManualClock()))
    bus.write("a", -0.0)
    bus.write_many({"c": -0.0, "b": -0.0})
    scan(bus)
    assert [math.copysign(1.0, bus.read(name).value) for name in ("a", "b", "c")] == [-1.0] * 3


def test_a_writer_that_never_stops_holds_up_no_reload(bus):
    """What it writes meanwhile is moved to the new layout."""
    latch, wrote = bus.store.latch, []

    def latched() -> object:
        assert len(wrote) < 100, "the reload waits for ever"
        wrote.append(float(len(wrote)))
        taken = latch()
        bus.write("a", wrote[-1])
        return taken

    bus.write("a", -1.0)
    bus.store.latch = latched
    bus.store.rearrange(Layout(floats("x", "a")))
    bus.store.latch = latch
    scan(bus)
    assert bus.read("a").value == wrote[-1]


def test_only_what_no_block_writes_any_more_takes_its_safe_value():
    """What stays as it is keeps what it holds, and so does what a block takes over."""
    made = [Signal(name, SignalType.FLOAT, safe=-1.0) for name in ("stays", "taken")]
    made += [Signal(name, SignalType.FLOAT, written_by="one", safe=-1.0) for name in ("kept", "left")]
    bus = LocalBus(Store(made, ManualClock()))
    bus.write_many({"stays": 5.0, "taken": 6.0})
    scan(bus, kept=7.0, left=8.0)
    after = [Signal(name, SignalType.FLOAT, safe=-2.0) for name in ("stays", "left")]
    after += [Signal(name, SignalType.FLOAT, written_by="two", safe=-2.0) for name in ("kept", "taken")]
    bus.store.rearrange(Layout(after))
    found = {name: bus.read(name).value for name in ("stays", "taken", "kept", "left")}
    assert found == {"stays": 5.0, "taken": 6.0, "kept": 7.0, "left": -2.0}
