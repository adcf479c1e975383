"""Faults of blocks: a step that raises keeps its outputs, and they are marked bad with the reason."""

from __future__ import annotations

import math

from petra.errors import PetraError


class BlockFault(PetraError):  # noqa: N818 - a fault is what users of PLCs call it
    """The block cannot compute its outputs from these inputs."""


def finite(value: float) -> float:
    """Return a finite number, or raise a fault: a NaN in the state of a filter would never leave it again."""
    if not math.isfinite(value):
        raise BlockFault(f"the input is {value}")
    return value


def settled(value: float) -> float:
    """Return a finite result, or raise a fault: a state that has overflowed to infinity never recovers."""
    if not math.isfinite(value):
        raise BlockFault(f"the result is {value}")
    return value


def require(condition: bool, message: str) -> bool:  # noqa: FBT001 - the condition is what the call is about
    """Raise a fault with this message unless the condition holds."""
    if not condition:
        raise BlockFault(message)
    return True
