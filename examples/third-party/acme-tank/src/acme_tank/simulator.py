"""A gauge that is not there: users try plants without one, and the driver is tested against it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from petra.drivers import Point, PushSimulator, Server
from petra.signals import GOOD

from .driver import STATUS
from .lines import SetLines

if TYPE_CHECKING:
    from petra.signals import QualityReason, Value

_PING = 0.1
_WORDS = {status.quality: word for word, status in STATUS.items()}


class TankSimulator(PushSimulator):
    """One gauge."""

    def __init__(self, points: Sequence[Point], port: int) -> None:
        super().__init__(points, port=port)
        self._data: dict[str, str] = {}
        self._values: dict[str, float] = {}
        self._dead: dict[str, str] = {}
        self._written = {point.detail for point in points if point.direction.writes}
        self._server = Server(SetLines, self._answer, greeting=self._greeting)
        self._pings: asyncio.TimerHandle | None = None
        for point in points:
            self.push(point, 0.0)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        found = await self._server.listen(host, port)
        self._ping()
        return found

    async def stop(self) -> None:
        """Close everything."""
        if self._pings is not None:
            self._pings.cancel()
        await self._server.close()

    def push(
        self, point: Point, value: Value, status: QualityReason = GOOD, source_time: int | None = None
    ) -> None:
        """Hold a value, and tell it with its quality and time."""
        tag, at = point.detail, time.time_ns() if source_time is None else source_time
        self._values[tag] = float(value)
        self._data[tag] = f"data {tag} {float(value)!r} {_WORDS[status.quality]} {at}\n"
        if tag not in self._dead:
            self._server.send(self._data[tag].encode())

    def get(self, point: Point) -> Value:
        """Return what a point finds."""
        return self._values[point.detail]

    def withdraw(self, point: Point, reason: str) -> None:
        """Tell that a tag is gone."""
        self._dead[point.detail] = reason
        self._server.send(f"death {point.detail} {reason}\n".encode())

    def announce(self, point: Point) -> None:
        """Tell that a tag is there, and its value."""
        self._dead.pop(point.detail, None)
        self._server.send(self._birth(point.detail).encode())

    def _birth(self, tag: str) -> str:
        return f"birth {tag}\n{self._data[tag]}"

    def _greeting(self) -> bytes:
        """Return what a client is told first: the tags that are there, and their values."""
        return "".join(
            ["ping\n", *(self._birth(tag) for tag in self._data if tag not in self._dead)]
        ).encode()

    def _ping(self) -> None:
        self._server.send(b"ping\n")
        self._pings = asyncio.get_running_loop().call_later(_PING, self._ping)

    def _answer(self, number: int, request: bytes) -> bytes:
        tag, _, value = request.decode("ascii", "replace").partition(" ")
        point = next((point for point in self.points if point.detail == tag), None)
        if point is None or tag in self._dead:
            return f"no {number} there is no tag {tag}\n".encode()
        if tag not in self._written:
            return f"no {number} the tag is only read\n".encode()
        try:
            held = float(value)
        except ValueError:
            return f"no {number} that is not a number\n".encode()
        self.push(point, held)
        return f"done {number} {held!r}\n".encode()
