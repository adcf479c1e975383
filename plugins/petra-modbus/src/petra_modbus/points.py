"""Configured points to those of the driver: addresses, codecs, spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from petra.drivers import Point, Span

from .address import Address, Area

if TYPE_CHECKING:
    from .codec import Codec
    from .config import ModbusConnection, ModbusPoint


@frozen
class Place:
    """Where the value of one signal is, and how it is stored there."""

    unit: int
    address: Address
    codec: Codec

    @property
    def length(self) -> int:
        """The number of registers or bits."""
        return 1 if self.address.area.bits else self.codec.size // 2


def points_of(connection: ModbusConnection, period: float) -> list[Point]:
    """Return the points of a connection, one for each signal."""
    return [made for point in connection.points for made in _made(connection, point, period)]


def _made(connection: ModbusConnection, point: ModbusPoint, period: float) -> list[Point]:
    unit = point.station or connection.unit
    first = point.located(modicon=connection.modicon)
    codec = point.codec(first, connection.order)
    step = Place(unit, first, codec).length
    made = []
    for number, signal in enumerate(point.signal_names):
        address = Address(first.area, first.offset + number * step, first.bit)
        made.append(
            Point(
                signal=signal,
                type=point.holds,
                address=f"unit {unit} {address}",
                direction=point.direction,
                period=point.poll_ms / 1e3 if point.poll_ms else period,
                station=f"unit {unit}",
                limits=point.limits,
                verify=point.verify,
                settle=point.settle_ms / 1e3,
                detail=Place(unit, address, codec),
            )
        )
    return made


def span(point: Point) -> Span:
    """Return the span of a point for the planner: the unit with the area, and the offsets in it."""
    place: Place = point.detail
    return Span((place.unit, place.address.area), place.address.offset, place.length, point)


def unit_and_area(area: object) -> tuple[int, Area]:
    """Return the unit and the area that `span` has put together."""
    assert isinstance(area, tuple)  # noqa: S101 - made by span()
    unit, found = area
    return unit, found
