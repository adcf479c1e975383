"""The S7 simulator: a PLC on a TCP port that has a driver's own points."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from petra.drivers import GarbledError, Point, Simulator

from .memory import Memory

if TYPE_CHECKING:
    from petra.signals import Value

    from . import wire
    from .driver import Place

_CONFIRM = 0xD0


class Served(asyncio.Protocol):
    """One client of the simulator."""

    def __init__(self, memory: Memory, clients: set[Served]) -> None:
        self._memory = memory
        self._clients = clients
        self._buffer = bytearray()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the client."""
        self.transport = transport
        self._clients.add(self)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """Forget it."""
        self._clients.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every packet that is complete."""
        self._buffer += data
        try:
            while (packet := _packet(self._buffer)) is not None:
                if packet[5] == 0xE0:
                    self.transport.write(_confirmed(packet))
                else:
                    self.transport.write(self._memory.answer(packet[7:]))
        except (GarbledError, IndexError, ValueError):
            self.transport.abort()


def _packet(buffer: bytearray) -> bytes | None:
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[2:4])
    if buffer[0] != 3 or not 7 <= length <= 8_192:
        raise GarbledError("what arrives is not S7")
    if len(buffer) < length:
        return None
    packet = bytes(buffer[:length])
    del buffer[:length]
    if packet[5] == 0xF0 and (length < 17 or packet[7] != 0x32):
        raise GarbledError("what arrives is not S7")
    if packet[5] not in (0xE0, 0xF0):
        raise GarbledError("the client has ended the connection")
    return packet


def _confirmed(packet: bytes) -> bytes:
    """Confirm a connection with the options that were asked for."""
    confirmed = bytearray(packet)
    confirmed[5] = _CONFIRM
    confirmed[6:8], confirmed[8:10] = packet[8:10], b"\0\1"
    return bytes(confirmed)


class S7Simulator(Simulator):
    """One PLC."""

    def __init__(self, points: Sequence[Point], port: int) -> None:
        super().__init__(points, port=port)
        self.memory = Memory(point.detail for point in points)
        self._clients: set[Served] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 means any. Return the port."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Served(self.memory, self._clients), host, port
        )
        name: tuple[str, int] = self._server.sockets[0].getsockname()
        return name[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.sleep(0)

    def set(self, point: Point, value: Value) -> None:
        """Hold a value where a point finds it."""
        self.memory.set(point.detail, value)

    def get(self, point: Point) -> Value:
        """Return what a point finds, and commands have written."""
        return self.memory.get(point.detail)

    def refuse(self, point: Point) -> None:
        """Have no such address any more."""
        self.memory.holes.update(_cells(point.detail))

    def accept(self, point: Point) -> None:
        """Have the address again."""
        self.memory.holes.difference_update(_cells(point.detail))


def _cells(place: Place) -> set[tuple[wire.Area, int, int]]:
    address = place.address
    return {(address.area, address.db, address.start + i) for i in range(place.length)}
