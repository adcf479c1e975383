"""A simulated meter, for trials without hardware and for the tests of the driver."""

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
        """Set the value of a point."""
        self._channels[point.detail] = float(value)

    def get(self, point: Point) -> Value:
        """Return the value of a point."""
        return self._channels[point.detail]

    def refuse(self, point: Point) -> None:
        """Refuse the channel of a point from now on."""
        self._missing.add(point.detail)

    def accept(self, point: Point) -> None:
        """Accept the channel of a point again."""
        self._missing.discard(point.detail)

    def _answer(self, number: int, request: bytes) -> bytes:
        try:
            answer = "OK " + " ".join(map(repr, self._done(request.decode().split())))
        except PointError as error:
            answer = f"NO {error}"
        except (ValueError, UnicodeDecodeError):
            answer = "NO unknown request"
        return f"#{number} {answer}\n".encode()

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
