"""Scaling of raw numbers: what a person would compute, to the last digit."""

from __future__ import annotations

from collections.abc import Callable


def scaling(scale: float, offset: float) -> Callable[[float], float]:
    """Return the function from a raw number to a value.

    A scale such as 0.1 is no binary number: 848 times it is 84.80000000000001. Divided by 10 it is 84.8.
    """
    inverse = round(1.0 / scale) if 0.0 < abs(scale) < 1.0 else 0
    if inverse and abs(inverse * scale - 1.0) < 1e-12:
        return lambda raw: raw / inverse + offset
    return lambda raw: raw * scale + offset
