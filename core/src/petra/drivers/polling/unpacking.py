"""From the bytes of a part to its values, at once: one call of `struct` instead of one for each value."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from attrs import frozen

from petra.drivers.contract.errors import PointError
from petra.signals import Value

Decode = Callable[[bytes, int], Value]
Unpack = Callable[[bytes], Sequence[Value | PointError]]


@frozen
class Packed:
    """Where a value lies among the bytes of its part, and how it is read."""

    at: int
    size: int
    decode: Decode
    """Reads it alone; PointError when the bytes mean nothing."""
    code: str = ""
    """Its code for `struct`, such as ">h", where that is all there is to it before scaling."""
    scale: Callable[[float], float] | None = None


def unpacker(fields: Sequence[Packed]) -> Unpack:
    """Return the function from bytes to values, in the order of the fields."""
    order = {field.code[:1] for field in fields}
    by_place = sorted(range(len(fields)), key=lambda i: fields[i].at)
    apart = all(fields[a].at + fields[a].size <= fields[b].at for a, b in pairwise(by_place))
    if len(fields) < 2 or len(order) != 1 or order == {""} or not apart:
        return lambda data: _one_by_one(fields, data)
    return _together(fields, by_place, order.pop())


def _together(fields: Sequence[Packed], by_place: Sequence[int], order: str) -> Unpack:
    layout, at = order, 0
    for i in by_place:
        field = fields[i]
        layout += f"{field.at - at}x{field.code[1:]}"
        at = field.at + field.size
    unpack = struct.Struct(layout).unpack_from
    moved = list(by_place) != sorted(by_place)
    arrange: Callable[[Any], Any] = itemgetter(*_inverse(by_place)) if moved else tuple
    scaled = [(i, field.scale) for i, field in enumerate(fields) if field.scale is not None]
    floats = any(field.code[-1] in "fd" for field in fields)

    def values(data: bytes) -> Sequence[Value | PointError]:
        found = unpack(data)
        if floats and not math.isfinite(sum(found)):  # one is not a number, or some are huge
            return _one_by_one(fields, data)
        found = arrange(found)
        if not scaled:
            return found  # type: ignore[no-any-return]  # struct knows no types
        listed = list(found)
        for i, scale in scaled:
            listed[i] = scale(listed[i])
        return listed

    return values


def _inverse(order: Sequence[int]) -> list[int]:
    return sorted(range(len(order)), key=lambda i: order[i])


def _one_by_one(fields: Sequence[Packed], data: bytes) -> list[Value | PointError]:
    return [_alone(field, data) for field in fields]


def _alone(field: Packed, data: bytes) -> Value | PointError:
    try:
        return field.decode(data, field.at)
    except PointError as error:
        return error
