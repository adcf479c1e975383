"""What a block assigns, as the type that its output or state is declared with."""

from __future__ import annotations

import math

from petra.signals.types import INT_MAX, INT_MIN, LONGEST_TEXT

_SCALARS = {bool, int, float, str}


def to_bool(value: object) -> bool:
    """Return a bool; of a number, whether it is not zero."""
    if isinstance(value, bool | int | float):
        return bool(value)
    raise TypeError(f"{_said(value)} is neither true nor false")


def to_int(value: object) -> int:
    """Return the nearest whole number within 64 bits, halves to the even one."""
    if isinstance(value, float):
        if math.isnan(value):
            raise ValueError("NaN is no whole number")
        if math.isinf(value):
            return INT_MAX if value > 0 else INT_MIN
        value = round(value)
    elif isinstance(value, str):
        value = int(value)
    elif not isinstance(value, int):
        raise TypeError(f"{_said(value)} is no whole number")
    return min(max(int(value), INT_MIN), INT_MAX)


def to_float(value: object) -> float:
    """Return a float, also of a text that is a number."""
    if isinstance(value, int | float | str):
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


CONVERSIONS = {bool: to_bool, int: to_int, float: to_float, str: to_text, tuple: to_tuple}


def _said(value: object) -> str:
    return f"a value of type {type(value).__name__}"
