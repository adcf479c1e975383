"""From configured points to what the driver works with: addresses, codecs, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from petra.drivers import Point, Span

from .address import Address, Area
from .config import extent

if TYPE_CHECKING:
    from .codec import Codec
    from .config import S7Config, S7Point


@frozen
class Place:
    """Where the value of one signal is, and how it lies there."""

    address: Address
    codec: Codec

    @property
    def length(self) -> int:
        """How many addresses it takes: bytes, or timers and counters."""
        return extent(self.codec, self.address)


def points_of(config: S7Config) -> list[Point]:
    """Return the points of a PLC, one for each signal."""
    return [made for point in config.points for made in _made(point, config.poll_ms / 1e3)]


def _made(point: S7Point, period: float) -> list[Point]:
    first = point.located()
    codec = point.codec(first)
    step = extent(codec, first)
    made = []
    for number, signal in enumerate(point.signal_names):
        address = Address(first.area, first.db, first.start + number * step, first.bit, codec.type)
        made.append(
            Point(
                signal=signal,
                type=point.holds,
                address=str(address),
                direction=point.direction,
                period=point.poll_ms / 1e3 if point.poll_ms else period,
                limits=point.limits,
                verify=point.verify,
                settle=point.settle_ms / 1e3,
                detail=Place(address, codec),
            )
        )
    return made


def span(point: Point) -> Span:
    """Return where a point lies for the planner: the area with its data block, and addresses in it."""
    place: Place = point.detail
    return Span((place.address.area, place.address.db), place.address.start, place.length, point)


def area_and_db(area: object) -> tuple[Area, int]:
    """Return what `span` has made an area of."""
    assert isinstance(area, tuple)  # noqa: S101 - made by span()
    found, db = area
    return found, db
