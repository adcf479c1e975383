"""What signals were lately: the same as a list of everything that was seen would tell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petra.engine.recent import EVERY, RecentChanges
from petra.plant import NoTableLibraryError, Recent
from petra.plant.tables import trend_of
from petra.signals import Layout, LocalBus, Quality, QualityReason, Signal, SignalType, Store
from petra.testing import ManualClock

NAMES = ("a", "b", "c")
BAD = QualityReason(Quality.BAD, "gone")


def plant(names=NAMES):
    clock = ManualClock()
    store = Store(Layout([Signal(name, SignalType.INT) for name in names]), clock)
    return clock, store, LocalBus(store)


def scan(store, clock, number):
    store.latch()
    store.publish(number, clock.now_ns())


writes = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(0, 3), st.booleans())), max_size=25
)


@settings(max_examples=100, deadline=None)
@given(writes, st.integers(0, 30), st.integers(3, 40), st.permutations(NAMES))
def test_it_tells_what_a_list_of_everything_would(steps, begin, most, asked):
    """Of what it still keeps; and it says from when on that is."""
    clock, store, bus = plant()
    began = clock.now_ns()
    recent = RecentChanges(bus.image, began, most)
    seen = {began: dict.fromkeys(NAMES, (0, 0))}
    for number, step in enumerate(steps):
        for name, (value, bad) in step.items():
            bus.write(name, value, BAD) if bad else bus.write(name, value)
        scan(store, clock, number)
        clock.advance(1.0)
        recent.look(bus.image, clock.now_ns())
        image, index = bus.image, bus.layout.index
        seen[clock.now_ns()] = {
            n: (image.value(index[n]), image.status(index[n]).quality.value) for n in NAMES
        }
    found = recent.read(asked, began + begin * EVERY, clock.now_ns())
    assert found.since >= began + begin * EVERY or not steps
    held: dict[str, tuple] = {}
    rows = list(zip(found.times, found.signals, found.values, found.qualities, strict=True))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    for moment, expected in seen.items():
        held |= {asked[place]: (value, quality) for time, place, value, quality in rows if time <= moment}
        if moment >= found.since:
            assert held == expected


def test_what_is_kept_is_bounded_and_looked_at_once_a_second():
    clock, store, bus = plant()
    recent = RecentChanges(bus.image, clock.now_ns(), most=10)
    for number in range(100):
        bus.write("a", number)
        scan(store, clock, number)
        clock.advance(0.5)
        recent.look(bus.image, clock.now_ns())
    assert recent._count <= 10
    found = recent.read(["a"], 0, clock.now_ns())
    assert list(found.values)[-1] == 99
    assert len(found.values) <= 11
    assert {b - a for a, b in zip(found.times, found.times[1:], strict=False)} == {EVERY}


def test_a_reload_ends_nothing():
    clock, store, bus = plant()
    recent = RecentChanges(bus.image, clock.now_ns())
    bus.write("b", 5)
    scan(store, clock, 1)
    clock.advance(1)
    recent.look(bus.image, clock.now_ns())
    _, other, shown = plant(("b", "d"))
    shown.write("b", 6)
    other.latch()
    other.publish(2, clock.now_ns())
    clock.advance(1)
    recent.look(shown.image, clock.now_ns())
    found = recent.read(["b", "d"], 0, clock.now_ns())
    assert [(found.names[s], v) for s, v in zip(found.signals, found.values, strict=True)] == [
        ("b", 0),
        ("b", 5),
        ("b", 6),
        ("d", 0),
    ]


def test_a_clock_that_is_set_back_does_not_stop_it():
    clock, store, bus = plant()
    recent = RecentChanges(bus.image, clock.now_ns())
    bus.write("a", 1)
    scan(store, clock, 1)
    recent.look(bus.image, clock.now_ns() - 3_600 * EVERY)
    assert recent._count == 4


RECENT = Recent(("a", "b"), 0, 9, (0, 0, 1, 2), (0, 1, 0, 0), (1.0, True, 2.0, 3.0), (0, 0, 3, 0))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_trend_has_a_column_for_each_signal_and_gaps_where_it_was_bad(library, monkeypatch):
    pytest.importorskip(library)
    monkeypatch.setattr("petra.plant.tables.LIBRARIES", (library,))
    table = trend_of(RECENT)
    column = list(table["a"])
    assert column[0] == 1.0
    assert column[2] == 3.0
    assert column[1] is None or column[1] != column[1]
    assert list(table["b"]) == [True, True, True]


def test_without_a_library_for_tables_it_says_which_one_to_install(monkeypatch):
    monkeypatch.setattr("petra.plant.tables.LIBRARIES", ("no_such_library",))
    with pytest.raises(NoTableLibraryError, match="pip install pandas"):
        trend_of(RECENT)
