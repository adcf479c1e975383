"""How a block says that it has nothing good to say: it raises, its outputs are held and marked bad."""

from __future__ import annotations

import math

from petra.errors import PetraError


class BlockFault(PetraError):  # noqa: N818 - a fault is what users of PLCs call it
    """The block cannot compute its outputs from these inputs."""


def finite(value: float) -> float:
    """Return a number that is finite. A block with a memory asks, so that no NaN spoils it for good."""
    if not math.isfinite(value):
        raise BlockFault(f"the input is {value}")
    return value


def settled(value: float) -> float:
    """Return a result that is finite. What a block remembers must not overflow: it would never recover."""
    if not math.isfinite(value):
        raise BlockFault(f"the result is {value}")
    return value


def require(condition: bool, message: str) -> bool:  # noqa: FBT001 - it reads as a sentence
    """Raise a fault with this message unless the condition holds."""
    if not condition:
        raise BlockFault(message)
    return True
