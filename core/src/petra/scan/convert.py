"""What a block assigns, as the type that its output or state is declared with."""

from __future__ import annotations

import math
import re

from petra.signals.types import INT_MAX, INT_MIN, LONGEST_TEXT

_SCALARS = {bool, int, float, str}
_BLANKS = " \t\r\n"
_WHOLE = re.compile(r"\s*[-+]?\d{1,1000}\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|nan|inf|infinity)\s*", re.ASCII | re.IGNORECASE)
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_SHOWN = 40


def to_bool(value: object) -> bool:
    """Return a bool; of a number, whether it is not zero; of a text, what it says."""
    if isinstance(value, float) and math.isnan(value):
        raise ValueError("NaN is neither true nor false")
    if isinstance(value, bool | int | float):
        return bool(value)
    if isinstance(value, str):
        return _switch(value)
    raise TypeError(f"{_said(value)} is neither true nor false")


def to_int(value: object) -> int:
    """Return the nearest whole number within 64 bits, halves to the even one."""
    if isinstance(value, str):
        value = int(value) if _WHOLE.fullmatch(value) else _number(value)
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("NaN is no whole number")
        if math.isinf(value):
            return INT_MAX if value > 0 else INT_MIN
        value = round(value)
    elif not isinstance(value, int):
        raise TypeError(f"{_said(value)} is no whole number")
    return min(max(int(value), INT_MIN), INT_MAX)


def to_float(value: object) -> float:
    """Return a float, also of a text that is a number."""
    if isinstance(value, str):
        return _number(value)
    if isinstance(value, int | float):
        return float(value)
    raise TypeError(f"{_said(value)} is no number")


def to_text(value: object) -> str:
    """Return a text of bounded length; of a bool and of a number, as a configuration writes it."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"a text of {len(value)} characters is too long")
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(float(value) if isinstance(value, float) else int(value))
    raise TypeError(f"{_said(value)} is no text")


def to_tuple(value: object) -> tuple[object, ...]:
    """Return a tuple of scalars; anything else is refused."""
    if isinstance(value, tuple) and set(map(type, value)) <= _SCALARS:
        return value
    raise TypeError(f"{_said(value)} is no tuple of scalars")


def _switch(text: str) -> bool:
    """Return the bool that a text says."""
    said = _SWITCHES.get(text.strip(_BLANKS).lower()) if len(text) <= _SHOWN else None
    if said is None:
        raise ValueError(f"{text[:_SHOWN]!r} is neither true nor false")
    return said


def _number(text: str) -> float:
    """Return the number that a text says, as a configuration writes numbers, or nan or inf."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:_SHOWN]!r} is no number")
    return float(text)


CONVERSIONS = {bool: to_bool, int: to_int, float: to_float, str: to_text, tuple: to_tuple}


def _said(value: object) -> str:
    return f"a value of type {type(value).__name__}"
