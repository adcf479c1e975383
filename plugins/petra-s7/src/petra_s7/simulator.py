"""The S7 simulator: a PLC on a TCP port that has a driver's own points."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from petra.drivers import GarbledError, Point, Server, Simulator

from .memory import Memory

if TYPE_CHECKING:
    from petra.signals import Value

    from .address import Area
    from .config import S7Config
    from .points import Place

_CONNECT, _CONFIRM, _DATA = 0xE0, 0xD0, 0xF0


class Requests:
    """Cuts TPKT packets as a PLC sees them."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one packet whole."""
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[2:4])
        if buffer[0] != 3 or not 7 <= length <= 8_192:
            raise GarbledError("what arrives is not S7")
        if len(buffer) < length:
            return None
        packet = bytes(buffer[:length])
        del buffer[:length]
        if packet[5] == _DATA and (length < 17 or packet[7] != 0x32):
            raise GarbledError("what arrives is not S7")
        if packet[5] not in (_CONNECT, _DATA):
            raise GarbledError("the client has ended the connection")
        return 0, packet


def _confirmed(packet: bytes) -> bytes:
    """Confirm a connection with the options that were asked for."""
    confirmed = bytearray(packet)
    confirmed[5] = _CONFIRM
    confirmed[6:8], confirmed[8:10] = packet[8:10], b"\0\1"
    return bytes(confirmed)


class S7Simulator(Simulator):
    """One simulated PLC."""

    def __init__(self, config: S7Config, points: Sequence[Point]) -> None:
        super().__init__(points, port=config.endpoint[1])
        self.memory = Memory(point.detail for point in points)
        self._server = Server(Requests, self._answer)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 means any. Return the port."""
        return await self._server.listen(host, port)

    async def stop(self) -> None:
        """Close everything."""
        await self._server.close()

    def set(self, point: Point, value: Value) -> None:
        """Store the value of a point."""
        self.memory.set(point.detail, value)

    def get(self, point: Point) -> Value:
        """Return the value of a point, as commands have written it."""
        return self.memory.get(point.detail)

    def moves(self, point: Point) -> Callable[[float], Value] | None:
        """Return how dates, times of day and single characters move."""
        return _MOVES.get(point.detail.codec.type)

    def extent(self, point: Point) -> tuple[Hashable, range]:
        """Return the bits that a point takes of its area; a timer or counter counts as eight of them."""
        place: Place = point.detail
        address = place.address
        first = address.start * 8 + (address.bit or 0)
        size = 1 if address.bit is not None else place.length * 8
        return (address.area, address.db), range(first, first + size)

    def refuse(self, point: Point) -> None:
        """Refuse the addresses of a point from now on."""
        self.memory.holes.update(_cells(point.detail))

    def accept(self, point: Point) -> None:
        """Take the addresses of a point again."""
        self.memory.holes.difference_update(_cells(point.detail))

    def _answer(self, _: int, packet: bytes) -> bytes:
        return _confirmed(packet) if packet[5] == _CONNECT else self.memory.answer(packet[7:])


_BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 - a PLC knows no zone
_DAYS = 36_500


def _moment(seconds: float) -> str:
    return (_BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


_MOVES: dict[str, Callable[[float], Value]] = {
    "date": lambda seconds: (_BEGIN + timedelta(days=seconds // 5 % _DAYS)).date().isoformat(),
    "time_of_day": lambda seconds: (_BEGIN + timedelta(seconds=seconds)).time().isoformat("milliseconds"),
    "date_and_time": _moment,
    "dtl": _moment,
    "char": lambda seconds: chr(ord("A") + int(seconds) % 26),
    "wchar": lambda seconds: chr(ord("A") + int(seconds) % 26),
}


def _cells(place: Place) -> set[tuple[Area, int, int]]:
    address = place.address
    return {(address.area, address.db, address.start + i) for i in range(place.length)}
