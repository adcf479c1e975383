"""The figures of a task: what a percentile is."""

from __future__ import annotations

import random

import attrs
import pytest

from petra.scan.engine_signals import engine_signal_types, figure_names
from petra.scan.statistics import Figures, TaskStatistics, percentile
from petra.signals import SignalType


@pytest.mark.parametrize("percent", [1, 25, 50, 75, 90, 99])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 99, 100, 101, 999, 1_000])
def test_a_percentile_is_where_that_share_of_the_values_ends(percent, count):
    """No less than that share of all values does not exceed it, and no more than that share is below it."""
    chance = random.Random(count)
    ordered = sorted(chance.random() for _ in range(count))
    found = percentile(ordered, percent)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= percent * count
    assert sum(value < found for value in ordered) * 100 <= percent * count


def test_the_middle_the_least_and_the_most():
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50) == 3.0
    assert percentile([1.0, 2.0, 3.0], 100) == 3.0
    assert percentile([1.0, 2.0, 3.0], 0) == 1.0
    assert percentile([7.0], 99) == 7.0
    assert percentile([], 99) == 0.0


def test_figures_are_milliseconds_of_what_was_added():
    mine = TaskStatistics()
    for lateness, execution in ((0.001, 0.030), (0.004, 0.050), (0.002, 0.010)):
        mine.add(lateness, execution)
    mine.overruns, mine.faults = 4, 5
    assert mine.figures(0.1) == Figures(
        scans=3,
        overruns=4,
        faults=5,
        period_ms=100.0,
        execution_ms=10.0,
        execution_p99_ms=50.0,
        execution_max_ms=50.0,
        lateness_p50_ms=2.0,
        lateness_p99_ms=4.0,
        lateness_max_ms=4.0,
    )


def test_before_the_first_scan_every_figure_is_zero():
    assert TaskStatistics().figures(0.25) == Figures(period_ms=250.0)
    assert set(attrs.astuple(Figures())) == {0}


def test_percentiles_look_back_over_a_thousand_scans_and_the_longest_one_is_kept():
    mine = TaskStatistics()
    mine.add(9.0, 8.0)
    for _ in range(999):
        mine.add(1.0, 2.0)
    assert mine.figures(1.0).lateness_max_ms == 9_000.0
    assert max(mine.lateness) == 9.0
    mine.add(1.0, 2.0)
    figures = mine.figures(1.0)
    assert max(mine.lateness) == 1.0
    assert (figures.scans, figures.execution_max_ms, figures.lateness_max_ms) == (1_001, 8_000.0, 9_000.0)
    assert (figures.execution_p99_ms, figures.lateness_p99_ms) == (2_000.0, 1_000.0)


def test_the_engine_s_own_signals_have_names_and_types_of_their_own():
    made = engine_signal_types(["main", "slow"])
    assert figure_names("main")[0] == "petra.main.scans"
    assert made["petra.slow.overruns"] is SignalType.INT
    assert made["petra.slow.lateness_p99_ms"] is SignalType.FLOAT
    assert made["petra.clock.unix_time"] is SignalType.INT
    assert len(made) == 2 * 10 + 3
    assert figure_names("main") == [f"petra.main.{each.name}" for each in attrs.fields(Figures)]


def test_each_figure_has_the_percentile_of_its_name():
    mine = TaskStatistics()
    for number in range(1, 1_001):
        mine.add(number / 1e3, number / 1e2)
    figures = mine.figures(1.0)
    assert figures.lateness_p50_ms == pytest.approx(501.0)
    assert figures.lateness_p99_ms == pytest.approx(991.0)
    assert figures.execution_p99_ms == pytest.approx(9_910.0)
