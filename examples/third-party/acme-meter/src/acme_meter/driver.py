"""The driver: it connects, reads ranges of channels and writes channels. PETRA does everything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from petra.drivers import (
    Exchange,
    GarbledError,
    Point,
    PointError,
    PolledDriver,
    Reach,
    ReadPart,
    Request,
    SessionLimits,
    Span,
    open_tcp,
    plan_reads,
)

if TYPE_CHECKING:
    from petra.drivers import Answer
    from petra.signals import Value

    from .config import MeterConfig
    from .simulator import MeterSimulator

MOST_AT_ONCE = 20
_LONGEST_LINE = 4_096


class Lines:
    """Splits lines: `#7 OK 1.5`. The number identifies the request, so several may be in flight."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Return the number and the text of one line, or None if it is incomplete."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST_LINE:
                raise GarbledError("a line without an end")
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        number, _, text = line.partition(b" ")
        if not number.startswith(b"#") or not number[1:].isdigit():
            raise GarbledError("what arrives is no line of a meter")
        return int(number[1:]), text


class MeterDriver(PolledDriver):
    """One meter."""

    def __init__(self, config: MeterConfig) -> None:
        points = [
            Point(
                signal=point.signal,
                type=point.holds,
                address=f"channel {point.channel}",
                direction=point.direction,
                period=(point.poll_ms or config.poll_ms) / 1e3,
                limits=point.limits,
                verify=point.verify,
                settle=point.settle_ms / 1e3,
                detail=point.channel,
            )
            for point in config.points
        ]
        super().__init__(config.called, points, config, config.online)
        self._host, self._port = config.host, config.port
        self.timeout = config.timeout_ms / 1e3
        self.patience = max(10.0, 5 * self.timeout)

    async def connect(self) -> MeterSession:
        """Connect; raise SessionError if that fails."""
        exchange = await open_tcp(self._host, self._port, Lines(), within=self.timeout)
        return MeterSession(exchange, self.timeout, f"{self._host}:{self._port}")

    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:
        """Return the fewest requests that read these points."""
        return plan_reads([Span("channels", p.detail, 1, p) for p in points], Reach(MOST_AT_ONCE, gap=5))

    def simulator(self) -> MeterSimulator:
        """Return a simulated meter."""
        from .simulator import MeterSimulator

        return MeterSimulator(self.points, self._port)


class MeterSession:
    """An open connection."""

    limits = SessionLimits()

    def __init__(self, exchange: Exchange, timeout: float, detail: str) -> None:
        self.detail = detail
        self._exchange = exchange
        self._timeout = timeout
        self._number = 0

    async def read(self, request: Request) -> Sequence[Answer]:
        """Read the parts of a request; return the values of each part, in the order of its spans."""
        return [await self._part(part) for part in request.parts]

    async def write(self, point: Point, value: Value) -> None:
        """Write a point; raise PointError if the meter refuses."""
        if isinstance(value, str):
            raise PointError(f"{value!r} is not a number")
        await self._ask(f"SET {point.detail} {float(value)!r}")

    async def ended(self) -> None:
        """Wait until the connection is lost."""
        await self._exchange.ended()

    def close(self) -> None:
        """Close the connection."""
        self._exchange.close()

    async def _part(self, part: ReadPart) -> list[Value | PointError]:
        values = await self._ask(f"GET {part.start} {part.length}")
        if len(values) != part.length:
            raise GarbledError(f"{len(values)} values, where {part.length} were asked for")
        return [values[span.start - part.start] for span in part.spans]

    async def _ask(self, request: str) -> list[float]:
        self._number += 1
        line = f"#{self._number} {request}\n".encode()
        answer = (await self._exchange.ask(self._number, line, self._timeout)).decode("ascii", "replace")
        word, _, text = answer.partition(" ")
        if word == "NO":
            raise PointError(text)
        try:
            return [float(value) for value in text.split()] if word == "OK" else self._garbled(answer)
        except ValueError:
            return self._garbled(answer)

    def _garbled(self, answer: str) -> list[float]:
        raise GarbledError(f"the answer {answer!r} is not valid")
