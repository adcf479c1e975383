"""The four types that a signal can have, and the texts that are values rather than names."""

from __future__ import annotations

import math
import re
from enum import Enum

Value = bool | int | float | str

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

NAME = r"\w[\w.:/\-]*"
LONGEST_NAME = 200
LONGEST_TEXT = 65_536
"""Characters that a signal of type string holds at most."""

_NAME = re.compile(NAME)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[-+]?\d{1,20}", re.ASCII)


class SignalType(Enum):
    """What a signal can hold: a boolean, a 64-bit integer, a double, a text."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STRING = "string"

    @property
    def python(self) -> type[Value]:
        """The Python type of such a signal's value."""
        return _PYTHON[self]

    @property
    def zero(self) -> Value:
        """The value of such a signal before anything was written."""
        return _PYTHON[self]()

    @classmethod
    def of(cls, python: type[Value]) -> SignalType:
        """Return the signal type that holds values of a Python type."""
        return _SIGNAL[python]


_PYTHON: dict[SignalType, type[Value]] = {
    SignalType.BOOL: bool,
    SignalType.INT: int,
    SignalType.FLOAT: float,
    SignalType.STRING: str,
}
SCALAR_NOUN: dict[type[Value], str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}
"""What a value of each type is called in a sentence."""

_SIGNAL = {python: signal for signal, python in _PYTHON.items()}


def literal(text: str) -> Value | None:
    """Return the value of a literal text ("75.0", "true", "'a text'"), or None where it is a name.

    A block's input takes a signal's name or a literal in the same place; this is the one rule that tells them
    apart.
    """
    if text in ("true", "false"):
        return text == "true"
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if not _NUMBER.fullmatch(text):
        return None
    if _INTEGER.fullmatch(text) and INT_MIN <= (integer := int(text)) <= INT_MAX:
        return integer
    return float(text)


def nearest(value: Value, low: float | None, high: float | None) -> Value:
    """Return the value within two limits that is nearest to a number; what is not finite stays what it is."""
    if isinstance(value, bool | str) or not math.isfinite(value):
        return value
    whole = isinstance(value, int)
    if low is not None and value < low:
        return math.ceil(low) if whole else float(low)
    if high is not None and value > high:
        return math.floor(high) if whole else float(high)
    return value


def is_name(text: str) -> bool:
    """Return whether a signal can have this name: it has the form of a name and is not a literal."""
    return len(text) <= LONGEST_NAME and literal(text) is None and bool(_NAME.fullmatch(text))
