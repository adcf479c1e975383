"""What is a literal and what is a name."""

import math

import pytest

from petra.signals import SignalType, literal, nearest
from petra.signals.types import is_name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("75.0", 75.0),
        ("-3", -3),
        ("+3", 3),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 9223372036854775808.0),
    ],
)
def test_literals(text, value):
    found = literal(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["temperature", "1FT101", "True", "", " 5", "1e", "--1", "1_000", "nan", "inf", "٣"]
)
def test_names(text):
    assert literal(text) is None


def test_types_know_their_python_type():
    for kind in SignalType:
        assert type(kind.zero) is kind.python
        assert SignalType.of(kind.python) is kind


@pytest.mark.parametrize(
    ("text", "value"), [("''", ""), ("'a text'", "a text"), ("'75.0'", "75.0"), ("'it''s'", "it''s")]
)
def test_what_is_in_quotes_is_a_text(text, value):
    assert literal(text) == value


@pytest.mark.parametrize("text", ["'", "'a", "a'", '"a"'])
def test_a_quote_that_is_not_closed_makes_no_text(text):
    assert literal(text) is None
    assert not is_name(text)


@pytest.mark.parametrize("text", ["-9223372036854775808", "-9223372036854775809", "1" + "0" * 30])
def test_a_whole_number_beyond_64_bits_is_a_float(text):
    found = literal(text)
    assert found == float(text)
    assert type(found) is (int if text == "-9223372036854775808" else float)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("pump1.speed", True),
        ("line:2/pump-3", True),
        ("größe", True),
        ("x" * 200, True),
        ("x" * 201, False),
        ("75.0", False),
        ("true", False),
        ("a b", False),
        (".a", False),
        ("", False),
    ],
)
def test_a_name_is_no_literal_and_has_a_limit(text, allowed):
    assert is_name(text) is allowed


@pytest.mark.parametrize(
    ("value", "low", "high", "found"),
    [
        (5.0, 0, 10, 5.0),
        (0.0, 0, 10, 0.0),
        (10.0, 0, 10, 10.0),
        (-1.0, 0, 10, 0.0),
        (11.0, 0, 10, 10.0),
        (11.0, None, None, 11.0),
        (11, None, 9.5, 9),
        (1, 2.5, None, 3),
        (-math.inf, 0, 10, -math.inf),
        (True, 2, 3, True),
        ("x", 2, 3, "x"),
    ],
)
def test_the_nearest_value_within_limits_is_of_the_same_type(value, low, high, found):
    assert repr(nearest(value, low, high)) == repr(found)


def test_what_is_not_a_number_is_within_no_limits_and_stays_what_it_is():
    assert math.isnan(nearest(math.nan, 0, 10))
