"""The figures of a task: what a percentile is."""

from __future__ import annotations

import random

import pytest

from petra.scan.statistics import percentile


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
