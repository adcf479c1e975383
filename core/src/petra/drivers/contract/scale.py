"""Scaling of raw numbers: what a person would compute, to the last digit."""

from __future__ import annotations

from collections.abc import Callable

_SMALLEST, _LARGEST = 1e-100, 1e100


def usable_scale(_: object, __: object, scale: float) -> None:
    """Refuse a scale that leaves nothing of a value; a validator for the field of a model."""
    if scale == 0.0:
        raise ValueError("a scale of 0 leaves nothing of the value")
    if not _SMALLEST <= abs(scale) <= _LARGEST:
        raise ValueError(f"a scale of {scale:g} leaves nothing of the value")


def scaling(scale: float, offset: float) -> Callable[[float], float]:
    """Return the function from a raw number to a value.

    A scale such as 0.1 is not a binary number: 848 times it is 84.80000000000001. Divided by 10 it is 84.8.
    """
    inverse = round(1.0 / scale) if 0.0 < abs(scale) < 1.0 else 0
    if inverse and abs(inverse * scale - 1.0) < 1e-12:
        return lambda raw: raw / inverse + offset
    return lambda raw: raw * scale + offset
