"""What is a literal and what is a name."""

import pytest

from petra.signals import SignalType, literal


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
