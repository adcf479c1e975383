"""What is known of points: what a peer says of one, and what a feed leaves to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from petra.signals import GOOD

if TYPE_CHECKING:
    from petra.drivers.contract.errors import PointError
    from petra.drivers.contract.point import Point
    from petra.signals import QualityReason, Value


class PointUpdate(NamedTuple):
    """What a peer says of one point, with its own quality and time."""

    point: Point
    value: Value | PointError | None
    status: QualityReason = GOOD
    source_time: int | None = None


class Known(NamedTuple):
    """A signal as its last feed has left it."""

    value: Value
    status: QualityReason
    updated: float
    told: bool = True
    """Whether the bus has taken the status."""
    read: bool = True
    """Whether there ever was a value of it."""


class Accepted(NamedTuple):
    """What is to be written to the signal at a place of a feed."""

    place: int
    value: Value
    status: QualityReason
    time: int | None
