"""Conversions of what a block assigns to the type that its output or state is declared with."""

from __future__ import annotations

import math
import re

from petra.signals.types import INT_MAX, INT_MIN, LONGEST_TEXT

_SCALARS = {bool, int, float, str}
_BLANKS = " \t\r\n"
# Bounded, as `int` takes quadratic time for long texts and refuses more than 4,300 digits.
_WHOLE = re.compile(r"\s*[-+]?\d{1,1000}\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|nan|inf|infinity)\s*", re.ASCII | re.IGNORECASE)
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_SHOWN = 40


def to_bool(value: object) -> bool:
    """Return a bool: a number is true unless it is zero, a text is one of the words for true and false."""
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("NaN is neither true nor false")
    if isinstance(value, bool | int | float):
        return bool(value)
    if isinstance(value, str):
        return _bool_from_text(value)
    raise TypeError(f"{_type_phrase(value)} is neither true nor false")


def to_int(value: object) -> int:
    """Return the nearest whole number within 64 bits.

    A half goes to the even neighbour, as IEC 61131-3 requires of REAL_TO_INT by way of IEC 60559.
    """
    if isinstance(value, str):
        value = int(value) if _WHOLE.fullmatch(value) else _float_from_text(value)
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("NaN is not a whole number")
        if math.isinf(value):
            return INT_MAX if value > 0 else INT_MIN
        value = round(value)  # exact: Python rounds a float to an int of any length
    elif not isinstance(value, int):
        raise TypeError(f"{_type_phrase(value)} is not a whole number")
    return min(max(int(value), INT_MIN), INT_MAX)


def to_float(value: object) -> float:
    """Return a float; a text must be a number."""
    if isinstance(value, str):
        return _float_from_text(value)
    if isinstance(value, int | float):
        return float(value)
    raise TypeError(f"{_type_phrase(value)} is not a number")


def to_text(value: object) -> str:
    """Return a text of bounded length; bools and numbers are written as in a configuration."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"a text of {len(value)} characters is too long")
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # float() and int() first: a subclass, such as an IntEnum, has a repr of another kind
        return repr(float(value) if isinstance(value, float) else int(value))
    raise TypeError(f"{_type_phrase(value)} is not a text")


def to_tuple(value: object) -> tuple[object, ...]:
    """Return a tuple of scalars; raise TypeError for anything else."""
    if isinstance(value, tuple) and set(map(type, value)) <= _SCALARS:
        return value
    raise TypeError(f"{_type_phrase(value)} is not a tuple of scalars")


def _bool_from_text(text: str) -> bool:
    """Return the bool for one of the words for true and false."""
    found = _SWITCHES.get(text.strip(_BLANKS).lower()) if len(text) <= _SHOWN else None
    if found is None:
        raise ValueError(f"{text[:_SHOWN]!r} is neither true nor false")
    return found


def _float_from_text(text: str) -> float:
    """Return the number in a text, written as in a configuration, or nan or inf."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is not a number")
    return float(text)


CONVERSIONS = {bool: to_bool, int: to_int, float: to_float, str: to_text, tuple: to_tuple}


def _type_phrase(value: object) -> str:
    return f"a value of type {type(value).__name__}"
