"""The driver: it listens, and reports what the gauge tells. All else is PETRA's."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from petra.drivers import (
    Driver,
    GarbledError,
    Point,
    PointUpdate,
    SessionContext,
    SessionError,
    WriteRequest,
    open_stream,
)
from petra.signals import GOOD, Quality, QualityReason

from .lines import LONGEST

if TYPE_CHECKING:
    from .config import TankConfig
    from .simulator import TankSimulator

STATUS = {
    "good": GOOD,
    "doubtful": QualityReason(Quality.UNCERTAIN, "the gauge doubts it"),
    "bad": QualityReason(Quality.BAD, "the gauge has lost its float"),
}


class TankDriver(Driver):
    """One gauge."""

    def __init__(self, config: TankConfig) -> None:
        points = [
            Point(
                signal=point.signal,
                type=point.holds,
                address=point.tag,
                direction=point.direction,
                limits=point.limits,
                detail=point.tag,
            )
            for point in config.points
        ]
        super().__init__(config.called, points, config, config.online)
        self.host, self.port = config.host, config.port
        self.timeout = config.timeout_ms / 1e3
        self.patience = config.silence_ms / 1e3

    async def session(self, context: SessionContext) -> None:
        """Connect, then listen and write beside each other until one of the two fails."""
        reader, writer = await open_stream(self.host, self.port, within=self.timeout, limit=LONGEST)
        try:
            gauge = TankSession(context, writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(gauge.listen(reader))
                group.create_task(gauge.write())
        finally:
            writer.transport.abort()

    def simulator(self) -> TankSimulator:
        """Return a gauge that is not there."""
        from .simulator import TankSimulator

        return TankSimulator(self.points, self.port)


class TankSession:
    """One connection to a gauge."""

    def __init__(self, context: SessionContext, writer: asyncio.StreamWriter) -> None:
        self._context = context
        self._writer = writer
        self._points = {point.detail: point for point in context.driver.points}
        self._feed = context.feed([p for p in context.driver.points if p.direction.reads])
        self._numbers = count(1)
        self._asked: dict[int, WriteRequest] = {}
        context.announce(())  # a tag is there from its birth on, and not before

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Take lines until the gauge closes."""
        connected = False
        while line := await self._line(reader):
            self._take(line)
            if not connected:
                connected = True
                self._context.connected()
            self._context.progress()
        raise SessionError("the gauge has closed the connection")

    async def write(self) -> None:
        """Send commands; the lines of the gauge end them, or their time does."""
        async for request in self._context.commands():
            number = next(self._numbers)
            self._asked = {n: asked for n, asked in self._asked.items() if asked.open}
            self._asked[number] = request
            self._writer.write(f"set {number} {request.point.detail} {float(request.value)!r}\n".encode())

    async def _line(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readline()).decode("ascii")
        except ValueError:  # too long, or not ASCII
            raise GarbledError("the gauge sends what is not a line") from None

    def _take(self, line: str) -> None:
        words = line.split()
        try:
            match words:
                case ["ping"]:
                    pass
                case ["data", tag, value, quality, time]:
                    self._data(tag, float(value), quality, int(time))
                case ["birth", tag]:
                    self._context.announce(self._of(tag))
                case ["death", tag, *reason]:
                    self._context.withdraw(self._of(tag), " ".join(reason) or "the gauge gives no reason")
                case ["done", number, value] if (asked := self._asked.pop(int(number), None)) is not None:
                    asked.confirmed(float(value))
                case ["no", number, *reason] if (asked := self._asked.pop(int(number), None)) is not None:
                    asked.rejected(" ".join(reason))
                case ["done" | "no", number, *_] if number.isdigit():
                    pass  # it comes too late
                case _:
                    raise GarbledError(f"the gauge says {line.strip()!r}")
        except ValueError:
            raise GarbledError(f"the gauge says {line.strip()!r}") from None

    def _data(self, tag: str, value: float, quality: str, time: int) -> None:
        if quality not in STATUS:
            raise GarbledError(f"there is no quality {quality!r}")
        known = [point for point in self._of(tag) if point.direction.reads]
        self._feed.put_all(PointUpdate(point, value, STATUS[quality], time) for point in known)

    def _of(self, tag: str) -> list[Point]:
        """Return the point of a tag; a gauge has more tags than are configured."""
        return [self._points[tag]] if tag in self._points else []
