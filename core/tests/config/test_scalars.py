"""Plain scalars: read as every YAML reader would, or refused."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from petra.config.scalars import Ambiguous, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("5.5", 5.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        (".5", 0.5),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("hello", "hello"),
        ("y", "y"),
        ("192.168.1.1", "192.168.1.1"),
        ("1.2.3", "1.2.3"),
        ("10 m", "10 m"),
        ("-", "-"),
        ("+", "+"),
        ("12:99", "12:99"),
        ("127.0.0.1:502", "127.0.0.1:502"),
    ],
)
def test_what_every_reader_reads(text, value):
    found = read_plain(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number():
    assert math.isnan(read_plain(".nan"))


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "<<",
        "no",
        "No",
        "NO",
        "yes",
        "on",
        "Off",
        "12:30",
        "1:02:03",
        "-1:30",
        "010",
        "007",
        "08",
        "0o17",
        "0b101",
        "1_000",
        "1_0.5",
        "0x_ff",
        "2026-11-21",
        "2026-11-21T10:00:00Z",
    ],
)
def test_what_readers_disagree_about(text):
    found = read_plain(text)
    assert isinstance(found, Ambiguous)
    assert text in found.reading
    assert "quotes" in found.instead


@given(st.from_regex(r"[-+0-9.:_eExobTZ~a-f]{1,12}", fullmatch=True) | st.text(max_size=8))
def test_no_other_reader_takes_it_for_something_else(text):
    """Whatever PETRA takes for a number or a switch, PyYAML's YAML 1.1 takes for the same, or for a text."""
    found = read_plain(text)
    try:
        (event,) = [e for e in yaml.parse(text, Loader=yaml.SafeLoader) if isinstance(e, yaml.ScalarEvent)]
    except (yaml.YAMLError, ValueError):
        return
    if event.value != text or not event.implicit[0] or event.style or event.tag:
        return
    if isinstance(found, Ambiguous | str):
        return
    try:
        theirs = yaml.safe_load(text)
    except (ValueError, OverflowError):
        return
    if isinstance(
        theirs, str
    ):  # `1e3` is a number in YAML 1.2 and a text in 1.1: no wrong number can come of it
        assert isinstance(found, float) or text.startswith(("0x", "+", "-"))
    elif isinstance(theirs, float) and math.isnan(theirs):
        assert math.isnan(found)
    else:
        assert found == theirs


@given(st.text(max_size=50))
def test_no_text_crashes_it(text):
    assert isinstance(read_plain(text), bool | int | float | str | Ambiguous | None)


@given(st.integers(min_value=10**399, max_value=10**5000))
def test_a_huge_number_is_a_text(number):
    import sys

    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        text = str(number)
    finally:
        sys.set_int_max_str_digits(limit)
    assert isinstance(read_plain(text), str | int)
