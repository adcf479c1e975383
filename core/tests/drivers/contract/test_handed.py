"""What a driver hands over: the fast look and the careful one agree, at every bound."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra.drivers import PointError
from petra.drivers.contract.handed import Handed
from petra.signals import INT_MAX, INT_MIN

ANY = st.one_of(
    st.booleans(),
    st.sampled_from([0, 1, INT_MAX, INT_MAX + 1, INT_MIN, INT_MIN - 1]),
    st.floats(),
    st.sampled_from(["", "x" * 65_536, "x" * 65_537]),
    st.none(),
    st.just(PointError("refused")),
)


@given(st.lists(st.tuples(st.sampled_from([bool, int, float, str]), ANY), max_size=5))
def test_all_at_once_are_looked_at_as_each_of_them_alone(given_values):
    kinds, values = [kind for kind, _ in given_values], [value for _, value in given_values]
    handed = Handed(kinds, range(len(kinds)), len(kinds))
    found, good = handed.values(values)
    alone = [handed.one(at, value) for at, value in enumerate(values)]
    assert list(map(_shown, found)) == list(map(_shown, alone))
    assert good is not any(isinstance(value, PointError) for value in alone)
    for kind, value in zip(kinds, found, strict=True):
        assert isinstance(value, PointError) or type(value) is kind


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, PointError) else repr(value)


@pytest.mark.parametrize("wrong", [INT_MAX + 1, INT_MIN - 1])
@pytest.mark.parametrize("at", [0, 1])
def test_one_int_beyond_64_bits_is_an_error_alone(wrong, at):
    values: list[Any] = [5, 6]
    values[at] = wrong
    found, good = Handed([int, int], range(2), 2).values(values)
    assert not good
    assert [isinstance(value, PointError) for value in found] == [at == 0, at == 1]


@pytest.mark.parametrize("values", [[1e308, 1e308], [-1e308, -1e308], [1e308, -1e308]])
def test_floats_that_are_huge_together_are_good(values):
    assert Handed([float, float], range(2), 2).values(values) == (values, True)


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan])
def test_floats_that_are_not_finite_are_errors_alone_whatever_they_sum_up_to(wrong):
    found, good = Handed([float] * 3, range(3), 3).values([wrong, -wrong, 1.0])
    assert not good
    assert [isinstance(value, PointError) for value in found] == [True, True, False]


def test_only_points_of_interest_are_looked_at():
    """The others are written by blocks: what is handed over for them says nothing."""
    handed = Handed([float, int], [3, 1], 4)
    assert handed.values(["?", 7, None, 2.5]) == ([2.5, 7], True)
    found, good = handed.values([1.0, 2.5, 3.0])
    assert (len(found), good) == (2, False)
    assert str(found[0]) == "the driver gives 3 values for 4 points"
    assert Handed([], [], 2).values("ab") == ([], True)
