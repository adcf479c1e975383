"""A meter that is not there: users try plants without one, and the driver is tested against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from petra.drivers import Point, PointError, Server, Simulator

from .config import CHANNELS
from .driver import Lines

if TYPE_CHECKING:
    from petra.signals import Value


class MeterSimulator(Simulator):
    """One meter."""

    def __init__(self, points: Sequence[Point], port: int) -> None:
        super().__init__(points, port=port)
        self._channels: dict[int, float] = dict.fromkeys(range(CHANNELS), 0.0)
        self._missing: set[int] = set()
        self._server = Server(Lines, self._answer)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        return await self._server.listen(host, port)

    async def stop(self) -> None:
        """Close everything."""
        await self._server.close()

    def set(self, point: Point, value: Value) -> None:
        """Hold a value where a point finds it."""
        self._channels[point.detail] = float(value)

    def get(self, point: Point) -> Value:
        """Return what a point finds."""
        return self._channels[point.detail]

    def refuse(self, point: Point) -> None:
        """Have no such channel any more."""
        self._missing.add(point.detail)

    def accept(self, point: Point) -> None:
        """Have it again."""
        self._missing.discard(point.detail)

    def _answer(self, number: int, request: bytes) -> bytes:
        try:
            said = "OK " + " ".join(map(repr, self._done(request.decode().split())))
        except PointError as error:
            said = f"NO {error}"
        except (ValueError, UnicodeDecodeError):
            said = "NO that is not understood"
        return f"#{number} {said}\n".encode()

    def _done(self, words: list[str]) -> list[float]:
        verb, first, last = words
        start, count = int(first), int(last) if verb == "GET" else 1
        for channel in range(start, start + count):
            if channel not in self._channels or channel in self._missing:
                raise PointError(f"there is no channel {channel}")
        if verb == "SET":
            self._channels[start] = float(last)
        elif verb != "GET":
            raise ValueError(verb)
        return [self._channels[channel] for channel in range(start, start + count)]
