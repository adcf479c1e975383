"""Search for units that answer and for addresses that a unit has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from petra.drivers import BusyError, NoAnswerError, PointError, SessionError

from .address import Address, Area
from .client import Line, read
from .detect import AROUND, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 100
_PAUSES = (0.2,)


async def alive(line: Line, unit: int) -> str | None:
    """Return how a unit answers; None when it does not."""
    try:
        await read(line, unit, Area.HOLDING, 0, 1)
    except (PointError, BusyError) as error:
        return f" (holding register 0: {error})"
    except NoAnswerError:
        return None
    return ""


async def units(line: Line, first: int, last: int) -> AsyncIterator[tuple[int, str]]:
    """Yield the units that answer, and how each does."""
    for unit in range(first, last + 1):
        if (said := await alive(line, unit)) is not None:
            yield unit, said


async def addresses(line: Line, unit: int, area: Area, first: int, last: int) -> list[tuple[int, int]]:
    """Return the ranges of addresses that a unit has.

    They are read in pieces. A piece that is refused is halved, so that gaps cost few requests. Silence about
    a piece counts as a refusal once the unit has answered, and ends the search before that.
    """
    answered = False
    good: list[int] = []
    pending = [(start, min(_PIECE, last + 1 - start)) for start in range(first, last + 1, _PIECE)][::-1]
    while pending:
        start, count = pending.pop()
        try:
            await _read_twice(line, unit, area, start, count)
        except (PointError, NoAnswerError) as error:
            answered = answered or isinstance(error, PointError)
            if not answered:
                raise
            if count > 1:
                half = count // 2
                pending += [(start + half, count - half), (start, half)]
            continue
        answered = True
        good += range(start, start + count)
    return _ranges(good)


async def _read_twice(line: Line, unit: int, area: Area, start: int, count: int) -> None:
    """Read, and repeat it once when the unit is busy or does not answer."""
    for pause in _PAUSES:
        try:
            await read(line, unit, area, start, count)
        except (BusyError, NoAnswerError):
            await asyncio.sleep(pause)
        else:
            return
    await read(line, unit, area, start, count)


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found


async def registers_around(line: Line, unit: int, at: Address) -> tuple[bytes, int]:
    """Return the registers around an address, or fewer where the unit has fewer, and how many precede it."""
    last: PointError | None = None
    for before, length in ((AROUND, LONGEST + AROUND), (0, LONGEST), (0, 2), (0, 1)):
        if at.offset - before < 0:
            continue
        try:
            return await read(line, unit, at.area, at.offset - before, before + length), before
        except PointError as error:
            last = error
    raise SessionError(str(last))
