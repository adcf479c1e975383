"""Groups: the fast path holds what the slow one holds, in whatever order and of however many signals."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra.signals import (
    GOOD,
    INT_MAX,
    INT_MIN,
    InboxFullError,
    Layout,
    LocalBus,
    NotWritableError,
    OutOfLimitsError,
    Quality,
    QualityReason,
    Signal,
    SignalType,
    Store,
    UnknownSignalError,
    WrongTypeError,
)
from petra.signals.layout import PART_SIZE
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "no answer")
FLOAT, INT, BOOL, TEXT = SignalType.FLOAT, SignalType.INT, SignalType.BOOL, SignalType.STRING


def bus_of(*kinds: SignalType, **more: Any) -> LocalBus:
    return LocalBus(Store([Signal(f"s{i}", kind) for i, kind in enumerate(kinds)], ManualClock(), **more))


def scanned(bus: LocalBus) -> LocalBus:
    bus.store.latch()
    bus.store.publish(bus.image.scan + 1, 1)
    return bus


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ([2**63, 0], [INT_MAX, 0]),
        ([0, 2**63], [0, INT_MAX]),
        ([-(2**63) - 1, 0], [INT_MIN, 0]),
        ([2**70, -(2**70)], [INT_MAX, INT_MIN]),
        ([INT_MAX, INT_MIN], [INT_MAX, INT_MIN]),
    ],
)
@pytest.mark.parametrize("each", [False, True], ids=["together", "each"])
def test_ints_beyond_64_bits_saturate(values, held, each):
    """Also where all values are of the right types already."""
    bus = bus_of(INT, INT)
    group = bus.group(["s0", "s1"])
    if each:
        group.write_each(values, times=[7, 8])
    else:
        group.write(values)
    scanned(bus)
    assert list(group.read()) == held


VALUES: dict[SignalType, st.SearchStrategy[Any]] = {
    FLOAT: st.floats(allow_nan=False) | st.integers(-(2**70), 2**70),
    INT: st.integers(-(2**70), 2**70) | st.sampled_from([INT_MAX, INT_MAX + 1, INT_MIN, INT_MIN - 1]),
    BOOL: st.booleans(),
    TEXT: st.text(max_size=5),
}


@given(st.data())
def test_a_group_holds_what_single_writes_hold(data):
    """Each value and its type, whatever the order of the names."""
    kinds = data.draw(st.lists(st.sampled_from(list(SignalType)), min_size=1, max_size=6))
    order = data.draw(st.permutations(range(len(kinds))))
    values = [data.draw(VALUES[kinds[i]]) for i in order]
    single, many = bus_of(*kinds), bus_of(*kinds)
    for i, value in zip(order, values, strict=True):
        single.write(f"s{i}", value)
    many.group([f"s{i}" for i in order]).write(values)
    assert list(map(repr, scanned(many).image.values())) == list(map(repr, scanned(single).image.values()))


def test_a_group_over_many_parts_reads_and_writes_in_its_own_order():
    """Thousands of inputs are kept in parts; outputs of blocks lie behind them."""
    count = 3 * PART_SIZE + 10
    inputs = [Signal(f"s{i}", FLOAT) for i in range(count)]
    bus = LocalBus(Store([*inputs, Signal("o", FLOAT, written_by="b")], ManualClock()))
    names = [f"s{i}" for i in range(count)]
    chance = random.Random(1)
    for picked in (names, names[::-1], chance.sample(names, 50), [names[PART_SIZE]], names[PART_SIZE - 1 :]):
        values = [chance.random() for _ in picked]
        bus.group(picked).write(values)
        scanned(bus)
        assert bus.group(picked).read() == tuple(values)
        assert [bus.read(name).value for name in picked] == values
        mixed = ["o", *picked[:3], "o", *picked[-3:]]
        assert bus.group(mixed).read() == tuple(bus.read(name).value for name in mixed)


def test_a_group_reads_qualities_in_its_own_order():
    bus = bus_of(FLOAT, FLOAT, FLOAT)
    group = bus.group(["s2", "s0"])
    assert group.statuses() == [GOOD, GOOD]
    bus.write("s2", 1.0, BAD)
    bus.write("s1", 1.0, BAD)
    scanned(bus)
    assert group.statuses() == [BAD, GOOD]


def test_a_group_that_is_refused_writes_nothing_at_all():
    bus = LocalBus(
        Store([Signal("a", FLOAT, minimum=0, maximum=9), Signal("b", INT), Signal("t", TEXT)], ManualClock())
    )
    group = bus.group(["b", "a", "t"])
    for values, error, said in (
        ([1, 9.5, ""], OutOfLimitsError, "'a' is at most 9, not 9.5"),
        ([1, -0.5, ""], OutOfLimitsError, "'a' is at least 0, not -0.5"),
        ([1, math.nan, ""], OutOfLimitsError, "'a' is at least 0, not nan"),
        ([1, "5", ""], WrongTypeError, "'a' holds float, not '5'"),
        ([1.0, 5.0, ""], WrongTypeError, "'b' holds int, not 1.0"),
        ([1, 5.0, "x" * 65_537], WrongTypeError, "'t' holds at most 65536 characters"),
        ([1, 5.0], ValueError, "a group of 3 signals takes as many values, not 2"),
    ):
        with pytest.raises(error, match=said):
            group.write(values)
        with pytest.raises(error, match=said):
            group.write_each(values, times=[1, 2, 3])
    assert bus.waiting == 0
    group.write([1, 9, "x" * 65_536])
    group.write([1, 0.0, ""])
    scanned(bus)
    assert group.read() == (1, 0.0, "")


def test_what_a_device_holds_may_be_beyond_the_limits_of_its_signal():
    """Limits say what may be written, not what may be measured."""
    bus = LocalBus(Store([Signal("a", FLOAT, maximum=9, commanded=True)], ManualClock()))
    bus.served(["a"]).write([12.0])
    assert scanned(bus).read("a").value == 12.0
    bus.serve("a", 13.0)
    assert scanned(bus).read("a").value == 13.0


def test_a_group_follows_a_reload_and_says_what_is_gone():
    bus = bus_of(FLOAT, FLOAT)
    group = bus.group(["s1", "s0"])
    bus.store.rearrange(Layout([Signal(name, FLOAT) for name in ("new", "s1", "s0")]))
    group.write([5.0, 6.0])
    scanned(bus)
    assert group.read() == (5.0, 6.0)
    assert group.statuses() == [GOOD, GOOD]
    assert bus.read("new").value == 0.0
    bus.store.rearrange(Layout([Signal("s1", FLOAT), Signal("s0", FLOAT, written_by="adder")]))
    assert group.read() == (5.0, 6.0)
    with pytest.raises(NotWritableError, match="'s0' is written by the block 'adder'"):
        group.write([7.0, 8.0])
    bus.store.rearrange(Layout([Signal("s1", FLOAT)]))
    for use in (group.read, lambda: group.write([7.0, 8.0])):
        with pytest.raises(UnknownSignalError, match="there is no signal 's0'"):
            use()


@pytest.mark.parametrize("kind", [INT, BOOL, TEXT], ids=lambda kind: kind.value)
@pytest.mark.parametrize("how", ["alone", "together", "each"])
def test_a_write_that_waits_is_not_moved_onto_another_type(kind, how):
    """A reload takes place while it waits; what it says of other signals arrives, each with its own."""
    store = Store([Signal(name, FLOAT) for name in ("a", "b", "c")], ManualClock())
    bus, entries = LocalBus(store), []
    store.enqueue = entries.append  # type: ignore[method-assign]
    bus.enqueue = entries.append  # type: ignore[method-assign]
    if how == "alone":
        for name, value in (("c", 4.5), ("b", 5.5), ("a", 6.5)):
            bus.write(name, value, time=int(value))
    elif how == "together":
        bus.group(["c", "b", "a"]).write([4.5, 5.5, 6.5], time=6)
    else:
        bus.group(["c", "b", "a"]).write_each([4.5, 5.5, 6.5], [GOOD, GOOD, BAD], [4, 5, 6])
    store.rearrange(Layout([Signal("a", FLOAT), Signal("x", FLOAT), Signal("b", kind), Signal("c", FLOAT)]))
    for entry in entries:
        store.inbox.put(entry)
    scanned(bus)
    assert repr(bus.read("b").value) == repr(kind.python())
    assert bus.read("b").quality is Quality.GOOD
    assert (bus.read("a").value, bus.read("x").value, bus.read("c").value) == (6.5, 0.0, 4.5)
    assert (bus.status("a") == BAD) is (how == "each")
    assert bus.read("c").time == {"alone": 4, "together": 6, "each": 4}[how]


def test_names_that_are_written_together_again_and_again_are_resolved_again_after_a_reload():
    bus = bus_of(FLOAT, FLOAT)
    bus.write_many({"s1": 1.0, "s0": 2.0})
    scanned(bus)
    bus.store.rearrange(Layout([Signal("s1", INT), Signal("s0", FLOAT)]))
    with pytest.raises(WrongTypeError, match="'s1' holds int"):
        bus.write_many({"s1": 1.5, "s0": 3.0})
    bus.write_many({"s1": 7, "s0": 3.0})
    assert scanned(bus).group(["s0", "s1"]).read() == (3.0, 7)


def test_different_names_together_leave_nothing_that_grows():
    bus = bus_of(*[FLOAT] * 200)
    for number in range(1, 200):
        bus.write_many({"s0": 1.0, f"s{number}": float(number)})
    assert len(bus._groups) <= 64
    scanned(bus)
    assert bus.read("s199").value == 199.0


def test_what_is_refused_because_too_much_waits_is_counted_each_time():
    bus = bus_of(FLOAT, FLOAT, inbox_limit=3)
    bus.group(["s0", "s1"]).write([1.0, 2.0])
    assert (bus.waiting, bus.refused) == (2, 0)
    for count in (1, 2):
        with pytest.raises(InboxFullError, match="2 values are waiting"):
            bus.group(["s0", "s1"]).write([3.0, 4.0])
        assert (bus.waiting, bus.refused) == (2, count)
    bus.write("s0", 5.0)
    assert (bus.waiting, bus.refused) == (3, 2)
    assert scanned(bus).group(["s0", "s1"]).read() == (5.0, 2.0)
    assert bus.waiting == 0


def test_what_a_block_writes_no_driver_serves():
    bus = LocalBus(Store([Signal("o", FLOAT, written_by="adder")], ManualClock()))
    for serve in (lambda: bus.serve("o", 1.0), lambda: bus.served(["o"]).write([1.0])):
        with pytest.raises(NotWritableError, match="'o' is written by the block 'adder'"):
            serve()
    assert bus.waiting == 0


@pytest.mark.parametrize(
    ("time", "shown"), [(-5, "-5"), (2**63, "a number of 64 bits"), (2**70, "a number of 71 bits")]
)
def test_a_time_that_cannot_be_is_refused_and_nothing_is_written(time, shown):
    """By each way to write; the message names a signal of the write."""
    bus = LocalBus(Store([Signal(name, SignalType.FLOAT) for name in "ab"], ManualClock()))
    group = bus.group("ab")
    said = f"a time is an int within 0 and 2\\^63, nanoseconds since 1970, not {shown}"
    for name, write in {
        "a": lambda: bus.write("a", 1.0, time=time),
        "b": lambda: group.write_each([1.0, 2.0], times=[5, time]),
    }.items():
        with pytest.raises(WrongTypeError, match=f"'{name}': {said}"):
            write()
    for write in (
        lambda: bus.serve("a", 1.0, time=time),
        lambda: bus.write_many({"a": 1.0, "b": 2.0}, time=time),
        lambda: group.write([1.0, 2.0], time=time),
        lambda: group.write_each([1.0, 2.0], time=time),
    ):
        with pytest.raises(WrongTypeError, match=said):
            write()
    with pytest.raises(WrongTypeError, match=r"not 1\.5"):
        bus.write("a", 1.0, time=1.5)
    assert bus.waiting == 0
    bus.write("a", 1.0, time=0)
    group.write_each([1.0, 2.0], times=[0, 2**63 - 1])
    assert bus.waiting == 3


@pytest.mark.parametrize("count", [1, 40, 200, 2_900], ids=lambda n: f"{n} signals")
@pytest.mark.parametrize("order", ["kept", "turned", "mixed", "twice"])
@pytest.mark.parametrize("outputs", [0, 700])
def test_a_group_over_several_parts_reads_what_its_names_read(count, order, outputs):
    """Whatever way of picking is the fastest for it."""
    signals = [Signal(f"i{i}", FLOAT, float(i)) for i in range(2_500)]
    signals += [Signal(f"o{i}", FLOAT, -float(i), written_by="b") for i in range(outputs)]
    bus = LocalBus(Store(signals, ManualClock()))
    names = [signal.name for signal in bus.signals][-count:]
    chance = random.Random(count)
    if order == "turned":
        names.reverse()
    elif order == "mixed":
        chance.shuffle(names)
    elif order == "twice":
        names = names + names[: count // 2]
    assert bus.group(names).read() == tuple(bus.read(name).value for name in names)


def test_what_waits_for_the_scan_is_not_the_callers_any_more():
    """A caller that uses its lists again changes nothing that was written, and ends no scan."""
    bus = LocalBus(Store([Signal(name, FLOAT) for name in "ab"], ManualClock()))
    values, statuses, times = [1.0, 2.0], [GOOD, GOOD], [5, 6]
    bus.group("ab").write_each(values, statuses, times)
    values.clear(), statuses.clear(), times.clear()
    bus.store.latch()
    bus.store.publish(1, 1)
    assert [bus.read(name)[::2] for name in "ab"] == [(1.0, 5), (2.0, 6)]
