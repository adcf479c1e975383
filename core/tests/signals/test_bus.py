"""The bus: one writer, any number of readers, all or nothing."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petra.signals import (
    GOOD,
    INT_MAX,
    INT_MIN,
    InboxFullError,
    LocalBus,
    NotWritableError,
    Quality,
    QualityReason,
    Signal,
    SignalType,
    Store,
    UnknownSignalError,
    WrongTypeError,
)
from petra.testing import ManualClock

BAD = QualityReason(Quality.BAD, "no answer")


def signals() -> list[Signal]:
    return [
        Signal("level", SignalType.FLOAT, 1.5),
        Signal("high", SignalType.BOOL, written_by="compare"),
        Signal("count", SignalType.INT),
        Signal("ready", SignalType.BOOL, initial=True),
        Signal("mode", SignalType.STRING, "auto"),
        Signal("sum", SignalType.FLOAT, written_by="add"),
    ]


class Scans:
    """A bus and the thread that would scan it."""

    def __init__(self, made: list[Signal], **options: int) -> None:
        self.clock = ManualClock()
        self.bus = LocalBus(Store(made, self.clock, **options))
        self.number = 0
        self.observed = self.bus.observe()

    def scan(self, **outputs: object) -> list[str]:
        """Latch, compute, publish; return the names of what changed."""
        self.clock.advance(0.1)
        self.number += 1
        self.bus.store.latch()
        for name, value in outputs.items():
            self.bus.store.values[self.bus.layout.index[name]] = value
        self.bus.store.publish(self.number, self.clock.now_ns(), "main", 0.1)
        return [self.bus.signals[i].name for frame in self.observed.take() for i in frame.indices]


@pytest.fixture
def scans() -> Scans:
    return Scans(signals())


def test_initial_values(scans):
    bus = scans.bus
    assert [bus.read(s.name).value for s in signals()] == [1.5, False, 0, True, "auto", 0.0]
    assert bus.read("level").quality is Quality.GOOD


def test_a_write_is_visible_after_the_next_scan(scans):
    scans.bus.write("level", 2.5)
    assert scans.bus.read("level").value == 1.5
    assert scans.scan() == ["level"]
    assert scans.bus.read("level").value == 2.5


def test_outputs_are_published_with_the_time_of_their_change(scans):
    assert scans.scan(high=True, sum=7.0) == ["high", "sum"]
    changed_at = scans.clock.now_ns()
    assert scans.scan() == []
    assert scans.bus.read("sum") == (7.0, Quality.GOOD, changed_at)


def test_source_time_travels_with_the_value(scans):
    scans.bus.write("level", 3.0, time=12345)
    scans.scan()
    assert scans.bus.read("level").time == 12345


def test_the_same_value_again_is_no_change_but_a_new_time(scans):
    scans.bus.write("level", 1.5, time=1)
    assert scans.scan() == []
    assert scans.bus.read("level").time == 1


def test_quality_and_reason_travel_with_the_value(scans):
    scans.bus.write("level", 1.5, status=BAD)
    assert scans.scan() == ["level"]
    assert scans.bus.read("level").quality is Quality.BAD
    assert scans.bus.status("level") == BAD
    scans.bus.write("level", 1.5)
    assert scans.scan() == ["level"]
    assert scans.bus.status("level") is GOOD


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("level", 3, 3.0),
        ("level", math.inf, math.inf),
        ("level", 10**400, float(INT_MAX)),
        ("count", 2**70, INT_MAX),
        ("count", -(2**70), INT_MIN),
        ("ready", False, False),
        ("mode", "", ""),
    ],
)
def test_values_are_held_as_their_type(scans, name, value, held):
    scans.bus.write(name, value)
    scans.scan()
    found = scans.bus.read(name).value
    assert found == held
    assert type(found) is type(held)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "1"),
        ("level", True),
        ("count", 1.0),
        ("count", True),
        ("ready", 1),
        ("mode", 5),
        ("mode", None),
    ],
)
def test_a_wrong_type_is_refused_before_it_waits(scans, name, value):
    for write in (
        lambda: scans.bus.write(name, value),
        lambda: scans.bus.write_many({"level": 9.0, name: value}),
        lambda: scans.bus.group([name]).write([value]),
        lambda: scans.bus.force(name, value, "me"),
    ):
        with pytest.raises(WrongTypeError, match=f"'{name}' holds"):
            write()
    assert scans.bus.waiting == 0


def test_what_a_block_writes_nobody_else_may(scans):
    for write in (
        lambda: scans.bus.write("high", True),
        lambda: scans.bus.write_many({"level": 1.0, "high": True}),
        lambda: scans.bus.group(["level", "high"]).write([1.0, True]),
    ):
        with pytest.raises(NotWritableError, match="'high' is written by the block 'compare'"):
            write()
    assert scans.scan() == []


def test_an_unknown_name_meets_the_closest(scans):
    with pytest.raises(UnknownSignalError, match="did you mean 'level'"):
        scans.bus.read("levle")


def test_the_inbox_is_bounded_and_counts_what_it_refused():
    scans = Scans(signals(), inbox_limit=2)
    scans.bus.write("count", 1)
    scans.bus.write("count", 2)
    with pytest.raises(InboxFullError):
        scans.bus.write("count", 3)
    assert scans.bus.refused == 1
    scans.scan()
    scans.bus.write("count", 4)


def test_two_signals_of_one_name():
    with pytest.raises(ValueError, match="same name"):
        LocalBus(Store([Signal("a", SignalType.INT), Signal("a", SignalType.BOOL)], ManualClock()))


# groups


def test_an_output_that_stays_nan_is_no_change(scans):
    scans.scan(sum=float("nan"))
    mine = scans.bus.changes()
    mine.take()
    for _ in range(3):
        scans.scan(sum=float("inf") - float("inf"))
        assert mine.take().indices == []
    scans.scan(sum=1.0)
    assert len(mine.take().indices) == 1


def test_a_text_has_a_limit(scans):
    scans.bus.write("mode", "x" * 65_536)
    group = scans.bus.group(["mode"])
    for write in (lambda text: scans.bus.write("mode", text), lambda text: group.write([text])):
        with pytest.raises(WrongTypeError, match="at most 65536 characters"):
            write("x" * 65_537)


@pytest.mark.parametrize(
    "names",
    [[], ["count"], ["sum"], ["level", "mode"], ["sum", "high"], ["sum", "level", "high", "mode", "level"]],
    ids="+".join,
)
def test_a_group_reads_in_its_own_order(scans, names):
    scans.scan(high=True, sum=5.0)
    group = scans.bus.group(names)
    assert group.read() == tuple(scans.bus.read(name).value for name in names)
    assert len(group) == len(names)


def test_a_group_writes_together(scans):
    group = scans.bus.group(["level", "count", "ready"])
    group.write([9, 2**65, False], status=BAD, time=7)
    assert scans.scan() == ["level", "count", "ready"]
    assert group.read() == (9.0, INT_MAX, False)
    assert group.statuses() == [BAD] * 3
    assert scans.bus.read("count").time == 7
    with pytest.raises(ValueError, match="takes as many values"):
        group.write([1.0])


def test_after_the_end_no_scan_shows_anything():
    """A scan that was left behind ends at last: the safe values stay."""
    scans = Scans([Signal("pump", SignalType.BOOL, written_by="b", safe=False)])
    scans.scan(pump=True)
    scans.bus.store.end("the engine has stopped")
    scans.observed.take()
    assert scans.scan(pump=True) == []
    assert (scans.bus.read("pump").value, scans.bus.image.stopped) == (False, True)
    scans.bus.store.publish(9, 9)
    assert scans.bus.status("pump").reason == "safe value: the engine has stopped"


@pytest.mark.parametrize("status", [Quality.BAD, None, "bad"])
def test_what_is_no_status_is_refused_before_a_scan_meets_it(scans, status):
    for write in (
        lambda: scans.bus.write("level", 1.0, status),
        lambda: scans.bus.write_many({"level": 1.0}, status),
        lambda: scans.bus.group(["level"]).write([1.0], status),
    ):
        with pytest.raises(WrongTypeError, match="a status is a QualityReason"):
            write()
    assert scans.scan() == []


# forces


def test_a_forced_input_stays_until_it_is_let_go(scans):
    scans.bus.force("level", 50.0, "engineer")
    assert scans.scan() == ["level"]
    scans.bus.write("level", 2.0, status=BAD)
    assert scans.scan() == []
    assert scans.bus.read("level") == (50.0, Quality.GOOD, scans.clock.now_ns())
    assert dict(scans.bus.image.forced) == {scans.bus.layout.index["level"]: 50.0}
    scans.bus.unforce("level", "engineer")
    scans.scan()
    assert scans.bus.read("level")[:2] == (2.0, Quality.BAD)
    assert scans.bus.image.forced == {}


def test_forcing_twice_remembers_what_was_beneath(scans):
    scans.bus.force("level", 50.0, "a")
    scans.bus.force("level", 60.0, "b")
    scans.scan()
    scans.bus.unforce("level", "b")
    scans.scan()
    assert scans.bus.read("level").value == 1.5


def test_an_output_that_is_let_go_waits_for_its_block(scans):
    """A slow task's pump that was forced off does not start again on what was wanted before the force."""
    scans.scan(sum=7.0)
    scans.bus.force("sum", 0.0, "a")
    scans.scan()
    scans.bus.unforce("sum", "a")
    scans.scan()
    assert scans.bus.read("sum").value == 0.0
    scans.scan(sum=8.0)
    assert scans.bus.read("sum").value == 8.0


def test_forces_are_recorded(scans):
    scans.bus.force("high", True, "engineer")
    scans.bus.unforce("high", "operator")
    scans.bus.unforce("high", "operator")
    scans.scan()
    assert [(f.actor, f.signal, f.value) for f in scans.bus.store.force_record] == [
        ("engineer", "high", True),
        ("operator", "high", None),
        ("operator", "high", None),
    ]


# changes


def test_a_reader_is_told_once_what_changed(scans):
    mine = scans.bus.changes(["level", "sum"])
    scans.bus.write("level", 2.0)
    scans.bus.write("count", 5)
    scans.scan(sum=1.0)
    scans.scan(sum=2.0)
    image, indices = mine.take()
    assert [scans.bus.signals[i].name for i in indices] == ["level", "sum"]
    assert image is scans.bus.image
    assert mine.take().indices == []


def test_a_deadband_is_measured_from_what_was_told(scans):
    mine = scans.bus.changes(["level", "ready"], deadband={"level": 1.0})
    told = []
    for value in (2.0, 2.4, 2.6, 3.0, math.nan, math.nan, 3.1):
        scans.bus.write("level", value)
        scans.scan()
        told.append(bool(mine.take().indices))
    assert told == [False, False, True, False, True, True, True]


def test_bad_quality_passes_every_deadband(scans):
    mine = scans.bus.changes(deadband=100.0)
    scans.bus.write("level", 1.5, status=BAD)
    scans.scan()
    assert mine.take().indices == [scans.bus.layout.index["level"]]


# transactions


def test_no_reader_sees_half_a_transaction():
    """A million reads beside a thread that writes and scans as fast as it can."""
    names = [f"s{i}" for i in range(8)]
    inputs = [Signal(name, SignalType.INT) for name in names]
    outputs = [Signal(f"o{i}", SignalType.INT, written_by=f"b{i}") for i in range(8)]
    scans = Scans([*inputs, *outputs])
    bus = scans.bus
    stop = threading.Event()

    def write() -> None:
        group, number = bus.group(names), 0
        while not stop.is_set():
            number += 1
            if number % 2:
                bus.write_many(dict.fromkeys(names, number))
            else:
                group.write([number] * 8)
            scans.scan(**{f"o{i}": number for i in range(8)})

    writer = threading.Thread(target=write)
    writer.start()
    everything = bus.group([*names, *(f"o{i}" for i in range(8))])
    seen, torn = set(), 0
    try:
        for _ in range(1_000_000):
            row = everything.read()
            if row.count(row[0]) != 16:
                torn += 1
            seen.add(row[0])
    finally:
        stop.set()
        writer.join()
    assert torn == 0
    assert len(seen) > 10


actions = st.lists(
    st.tuples(st.just("write"), st.sampled_from(["level", "count"]), st.integers(-3, 3), st.booleans())
    | st.tuples(st.just("force"), st.sampled_from(["level", "count", "sum"]), st.integers(-3, 3), st.none())
    | st.tuples(st.just("unforce"), st.sampled_from(["level", "count", "sum"]), st.none(), st.none())
    | st.tuples(st.just("scan"), st.none(), st.integers(-3, 3), st.none()),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(actions=actions)
def test_any_order_of_writes_forces_and_scans(actions):
    """The bus agrees with a model in which a force lies above what is written, and every scan applies all."""
    scans = Scans(signals())
    bus, mine = scans.bus, scans.bus.changes(["level", "count"])
    written = {"level": (1.5, True), "count": (0, True)}
    waiting, forced, told = [], {}, {}
    for action, name, number, good in actions:
        if action == "write":
            bus.write(name, number, status=GOOD if good else BAD)
            waiting.append(lambda n=name, x=number, g=good: written.update({n: (x, g)}))
        elif action == "force":
            bus.force(name, number, "me")
            waiting.append(lambda n=name, x=number: forced.update({n: x}))
        elif action == "unforce":
            bus.unforce(name, "me")
            waiting.append(lambda n=name: forced.pop(n, None))
        else:
            while waiting:
                waiting.pop(0)()
            scans.scan(**({} if "sum" in forced else {"sum": float(number)}))
            expected = {n: (forced[n], True) if n in forced else written[n] for n in written}
            found = {n: (bus.read(n).value, bus.read(n).quality is Quality.GOOD) for n in written}
            assert found == expected
            if "sum" in forced:
                assert bus.read("sum").value == forced["sum"]
            heard = {bus.signals[i].name for i in mine.take().indices}
            assert {
                n for n in expected if told.get(n, (1.5 if n == "level" else 0, True)) != expected[n]
            } <= heard
            told = expected


def test_what_waits_is_bounded_in_values_and_one_scan_takes_a_part_of_it():
    bus = LocalBus(
        Store([Signal(f"s{i}", SignalType.FLOAT) for i in range(1_000)], ManualClock(), inbox_limit=30_000)
    )
    group = bus.group([f"s{i}" for i in range(1_000)])
    for turn in range(30):
        group.write([float(turn)] * 1_000)
    assert bus.waiting == 30_000
    with pytest.raises(InboxFullError, match="30000 values are waiting"):
        bus.write("s0", 1.0)
    assert bus.refused == 1
    bus.store.latch()
    bus.store.publish(1, 1)
    assert bus.waiting == 0
    for turn in range(20_000):
        bus.write("s0", float(turn))
    scans = 0
    before = -1.0
    while bus.waiting:
        bus.store.latch()
        bus.store.publish(scans, scans)
        scans += 1
        assert bus.read("s0").value > before  # in the order in which they were written
        before = bus.read("s0").value
    assert before == 19_999.0
    assert scans == 4  # 5,556 single values are as much as one scan takes


def test_a_group_larger_than_what_may_wait_is_taken_when_nothing_else_waits():
    bus = LocalBus(
        Store([Signal(f"s{i}", SignalType.FLOAT) for i in range(100)], ManualClock(), inbox_limit=10)
    )
    group = bus.group([f"s{i}" for i in range(100)])
    group.write([1.0] * 100)
    with pytest.raises(InboxFullError):
        group.write([2.0] * 100)
    bus.store.latch()
    bus.store.publish(1, 1)
    assert bus.read("s99").value == 1.0


def test_a_signal_that_goes_to_a_device_is_written_by_its_driver_and_nobody_else():
    bus = LocalBus(
        Store([Signal("sp", SignalType.FLOAT, commanded=True), Signal("x", SignalType.FLOAT)], ManualClock())
    )
    for write in (
        lambda: bus.write("sp", 1.0),
        lambda: bus.write_many({"x": 1.0, "sp": 1.0}),
        lambda: bus.group(["sp"]).write([1.0]),
    ):
        with pytest.raises(NotWritableError, match="'sp' goes to a device: write it by a command"):
            write()
    bus.served(["sp"]).write([2.0])
    bus.store.latch()
    bus.store.publish(1, 1)
    assert (bus.read("sp").value, bus.read("x").value) == (2.0, 0.0)
    bus.serve("sp", 3.0)
    bus.store.latch()
    bus.store.publish(2, 2)
    assert bus.read("sp").value == 3.0


@pytest.mark.parametrize(
    ("kind", "low", "high", "begins"),
    [
        (SignalType.FLOAT, 10, None, 10.0),
        (SignalType.FLOAT, None, -0.5, -0.5),
        (SignalType.FLOAT, -1, 1, 0.0),
        (SignalType.FLOAT, 0, 5, 0.0),
        (SignalType.INT, 10, 20, 10),
        (SignalType.INT, 1.5, None, 2),
        (SignalType.INT, -9, -1.5, -2),
    ],
)
def test_a_signal_without_an_initial_value_begins_within_its_limits(kind, low, high, begins):
    bus = LocalBus(Store([Signal("a", kind, minimum=low, maximum=high)], ManualClock()))
    assert bus.read("a").value == begins
    assert type(bus.read("a").value) is kind.python
