"""The Modbus simulator: serves a connection's own points on the transport that it is configured with."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from petra.drivers import Framing, GarbledError, Point, PointError, Simulator

from . import wire
from .memory import Memory

if TYPE_CHECKING:
    from petra.signals import Value

    from .config import ModbusConnection
    from .points import Place


class RtuRequests:
    """Modbus RTU as a unit sees it: requests, whose length follows from their function."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one request: unit and PDU. What fails its check sum is dropped with all that has arrived."""
        length = _request_length(buffer)
        if length is None or len(buffer) < length:
            return None
        frame = bytes(buffer[:length])
        if length < 4 or wire.crc(frame[:-2]) != frame[-2:]:
            buffer.clear()
            return None
        del buffer[:length]
        return 0, frame[:-2]


def _request_length(buffer: bytearray) -> int | None:
    if len(buffer) < 4:
        return None
    function = buffer[1]
    if function in (15, 16):
        return None if len(buffer) < 7 else 9 + buffer[6]
    return {17: 4, 22: 10, 43: 7}.get(function, 8 if function <= 6 else 0)


class Served(asyncio.Protocol):
    """One client of the simulator."""

    def __init__(self, memory: Memory, framing: Framing, clients: set[Served], *, rtu: bool) -> None:
        self._memory = memory
        self._framing = framing
        self._clients = clients
        self._rtu = rtu
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
        """Answer every request that is complete."""
        self._buffer += data
        try:
            while (taken := self._framing.take(self._buffer)) is not None:
                reference, frame = taken
                answer = self._memory.answer(frame[0], frame[1:])
                if answer is None:
                    continue
                if self._rtu:
                    self.transport.write(wire.rtu_frame(frame[0], answer))
                else:
                    self.transport.write(wire.tcp_frame(reference, frame[0], answer))
        except GarbledError:
            self.transport.abort()


class ModbusSimulator(Simulator):
    """The units of one connection."""

    def __init__(self, connection: ModbusConnection, points: tuple[Point, ...]) -> None:
        transport = connection.transport
        serial = transport.serial if transport.kind == "rtu" else ""
        super().__init__(points, port=0 if serial else transport.endpoint[1], serial=serial)
        self._connection = connection
        self.memory = Memory({point.detail.unit for point in points} | {connection.unit})
        self._clients: set[Served] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 means any. Return the port."""
        kind = self._connection.transport.kind
        if kind == "rtu":
            self._open_line()
            return 0
        rtu = kind == "rtu_over_tcp"
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Served(self.memory, RtuRequests() if rtu else wire.TcpFraming(), self._clients, rtu=rtu),
            host,
            port,
            ssl=self._tls() if kind == "tls" else None,
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
        place: Place = point.detail
        for cell in range(place.address.offset, place.address.offset + place.length):
            self.memory.holes.add((place.unit, place.address.area, cell))

    def accept(self, point: Point) -> None:
        """Have the address again."""
        place: Place = point.detail
        for cell in range(place.address.offset, place.address.offset + place.length):
            self.memory.holes.discard((place.unit, place.address.area, cell))

    def silence(self, station: str, *, silent: bool) -> None:
        """Let a unit answer no more, or again."""
        unit = int(station.removeprefix("unit "))
        (self.memory.silent.add if silent else self.memory.silent.discard)(unit)

    def _open_line(self) -> None:
        from .serial import PseudoLine, SerialTransport

        served = Served(self.memory, RtuRequests(), self._clients, rtu=True)
        carrier: Any = SerialTransport(PseudoLine(self.serial), served)
        served.connection_made(carrier)

    def _tls(self) -> ssl.SSLContext:
        transport = self._connection.transport
        if transport.cert_file is None:
            raise PointError("to simulate tls, the connection needs a cert_file and a key_file")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(transport.cert_file, transport.key_file)
        return context
