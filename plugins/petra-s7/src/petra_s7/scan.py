"""Finding out what is there: the data blocks of a PLC, and how long they are."""

from __future__ import annotations

from collections.abc import AsyncIterator

from petra.drivers import PointError

from .address import HIGHEST, Area
from .client import Line, read
from .wire import Item


async def data_blocks(line: Line, first: int, last: int) -> AsyncIterator[tuple[int, int]]:
    """Yield the data blocks that can be read, and how many bytes each has."""
    for number in range(first, last + 1):
        if length := await _length(line, number):
            yield number, length


async def _length(line: Line, number: int) -> int:
    """Return how many bytes of a data block can be read: the last readable one is searched by halves."""

    async def readable(byte: int) -> bool:
        (data,) = await read(line, [Item(Area.DB, number, byte, 1)])
        return not isinstance(data, PointError)

    if not await readable(0):
        return 0
    low, high = 0, HIGHEST + 1
    while high - low > 1:
        middle = (low + high) // 2
        if await readable(middle):
            low = middle
        else:
            high = middle
    return low + 1
