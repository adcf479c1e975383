"""The Modbus simulator: serves the points of a connection on the transport of its configuration."""

from __future__ import annotations

import ssl
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from petra.drivers import Point, PointError, Server, Simulator

from . import wire
from .memory import Memory

if TYPE_CHECKING:
    from petra.signals import Value

    from .config import ModbusConnection
    from .points import Place


class ModbusSimulator(Simulator):
    """The units of one connection."""

    def __init__(self, connection: ModbusConnection, points: tuple[Point, ...]) -> None:
        transport = connection.transport
        serial = transport.serial if transport.kind == "rtu" else ""
        super().__init__(points, port=0 if serial else transport.endpoint[1], serial=serial)
        self._connection = connection
        self.memory = Memory({point.detail.unit for point in points} | {connection.unit})
        rtu = transport.kind in ("rtu", "rtu_over_tcp")
        self._server = Server(wire.RtuRequests, self._rtu) if rtu else Server(wire.TcpFraming, self._tcp)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 means any. Return the port."""
        kind = self._connection.transport.kind
        if kind == "rtu":
            self._open_line()
            return 0
        return await self._server.listen(host, port, self._tls() if kind == "tls" else None)

    async def stop(self) -> None:
        """Close everything."""
        await self._server.close()

    def set(self, point: Point, value: Value) -> None:
        """Store a value where a point reads it."""
        self.memory.set(point.detail, value)

    def get(self, point: Point) -> Value:
        """Return the value that a point reads and commands write."""
        return self.memory.get(point.detail)

    def refuse(self, point: Point) -> None:
        """Refuse the addresses of a point."""
        place: Place = point.detail
        for cell in range(place.address.offset, place.address.offset + place.length):
            self.memory.holes.add((place.unit, place.address.area, cell))

    def accept(self, point: Point) -> None:
        """Accept the addresses of a point again."""
        place: Place = point.detail
        for cell in range(place.address.offset, place.address.offset + place.length):
            self.memory.holes.discard((place.unit, place.address.area, cell))

    def extent(self, point: Point) -> tuple[Hashable, range]:
        """Return the bits of its unit's area that a point occupies."""
        place: Place = point.detail
        address = place.address
        if address.area.bits:
            bits = range(address.offset, address.offset + 1)
        elif address.bit is not None:
            bits = range(address.offset * 16 + address.bit, address.offset * 16 + address.bit + 1)
        else:
            bits = range(address.offset * 16, (address.offset + place.length) * 16)
        return (place.unit, address.area), bits

    def silence(self, station: str, *, silent: bool) -> None:
        """Silence a unit, or let it answer again."""
        unit = int(station.removeprefix("unit "))
        (self.memory.silent.add if silent else self.memory.silent.discard)(unit)

    def _open_line(self) -> None:
        from .serial import PseudoPort, SerialTransport

        served = self._server.protocol()
        carrier: Any = SerialTransport(PseudoPort(self.serial), served)
        served.connection_made(carrier)

    def _tcp(self, reference: int, frame: bytes) -> bytes | None:
        answer = self.memory.answer(frame[0], frame[1:])
        return None if answer is None else wire.tcp_frame(reference, frame[0], answer)

    def _rtu(self, _: int, frame: bytes) -> bytes | None:
        answer = self.memory.answer(frame[0], frame[1:])
        return None if answer is None else wire.rtu_frame(frame[0], answer)

    def _tls(self) -> ssl.SSLContext:
        transport = self._connection.transport
        if transport.cert_file is None:
            raise PointError("the simulator of a tls connection needs a cert_file and a key_file")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        password = transport.key_password.reveal() if transport.key_password else ""
        context.load_cert_chain(transport.cert_file, transport.key_file, password)
        return context
