"""The Modbus driver: its plan of requests, and how a point is written."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import frozen

from petra.drivers import (
    Answer,
    Packed,
    Point,
    PointError,
    PolledDriver,
    Reach,
    ReadPart,
    Request,
    SessionLimits,
    Unpack,
    plan_reads,
    scaling,
    unpacker,
)

from . import wire
from .client import Line, ask_for, length_of, open_line, read, write
from .codec import bits_unpacker
from .points import Place, points_of, span, unit_and_area

if TYPE_CHECKING:
    from petra.signals import Value

    from .address import Area
    from .codec import Codec
    from .config import ModbusConfig, ModbusConnection
    from .simulator import ModbusSimulator

_BIT_GAP = 16  # the bits of a register: a gap is given in registers


class ModbusDriver(PolledDriver):
    """One connection with all its units."""

    def __init__(self, connection: ModbusConnection, period: float, timeout: float) -> None:
        points = points_of(connection, period)
        super().__init__(connection.name, points, (connection, period, timeout), connection.online)
        self.place = describe(connection)
        self.connection = connection
        self.timeout = timeout
        self.limits = SessionLimits(connection.in_flight, connection.pause_ms / 1e3)
        self.patience = max(30.0, 10 * timeout)

    async def connect(self) -> ModbusSession:
        """Connect."""
        line = await open_line(self.connection.transport, self.timeout)
        return ModbusSession(self.connection, line, self.limits)

    def simulator(self) -> ModbusSimulator:
        """Return a device with the same points."""
        from .simulator import ModbusSimulator

        return ModbusSimulator(self.connection, self.points)

    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:  # noqa: ARG002 - Modbus agrees on none
        """Return the fewest requests that read these points."""
        return plan_reads(map(span, points), self._reach)

    def as_written(self, point: Point, value: Value) -> Value:
        """Return the value that is read back after one was written."""
        place: Place = point.detail
        return place.codec.as_written(value) if place.codec.type != "bool" else _bool(value)

    def _reach(self, area: Hashable) -> Reach:
        bits = unit_and_area(area)[1].bits
        if bits:
            return Reach(self.connection.max_bits, self.connection.max_gap * _BIT_GAP)
        return Reach(self.connection.max_registers, self.connection.max_gap)


@frozen
class _Known:
    """What stays the same each time a part is read."""

    unit: int
    packet: bytes
    length: int
    unpack: Unpack

    @classmethod
    def of(cls, part: ReadPart) -> _Known:
        unit, area = unit_and_area(part.area)
        packet = wire.read_request(area, part.start, part.length)
        return cls(unit, packet, length_of(area, part.length), _unpacker(part, area))


class ModbusSession:
    """An open connection, which the core polls and writes with."""

    def __init__(self, connection: ModbusConnection, line: Line, limits: SessionLimits) -> None:
        self.limits = limits
        self._connection = connection
        self._line = line
        self._known: WeakKeyDictionary[ReadPart, _Known] = WeakKeyDictionary()
        self.detail = describe(connection)

    async def read(self, request: Request) -> Sequence[Answer]:
        """Read the one part of a request."""
        (part,) = request.parts
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = _Known.of(part)
        data = await ask_for(self._line, known.unit, known.packet, known.length)
        return [known.unpack(data)]

    async def write(self, point: Point, value: Value) -> None:
        """Write a point with the function for its area and length."""
        place: Place = point.detail
        offset, codec = place.address.offset, place.codec
        single = self._connection.write_single
        if place.address.area.bits:
            on = _bool(value)
            pdu = wire.write_coil_request(offset, on=on) if single else wire.write_coils_request(offset, [on])
        elif codec.type == "bool":
            pdu = await self._bit(place, on=_bool(value))
        else:
            registers = codec.encode(value)
            alone = single and len(registers) == 2
            make = wire.write_register_request if alone else wire.write_registers_request
            pdu = make(offset, registers)
        await write(self._line, place.unit, pdu)

    async def ended(self) -> None:
        """Wait until the connection is lost."""
        await self._line.exchange.ended()

    def close(self) -> None:
        """Close it."""
        self._line.exchange.close()

    async def _bit(self, place: Place, *, on: bool) -> bytes:
        """Return the request that sets one bit of a register.

        Function 22 lets the device change the bit. Devices without it need the register read and written,
        in which case a change that the device makes in between is lost.
        """
        address = place.address
        bit = address.bit or 0
        if self._connection.bit_write == "mask":
            return wire.mask_write_request(address.offset, bit, on=on)
        held = int.from_bytes(await read(self._line, place.unit, address.area, address.offset, 1))
        held = held | 1 << bit if on else held & ~(1 << bit)
        return wire.write_register_request(address.offset, held.to_bytes(2))


def _bool(value: Value) -> bool:
    if not isinstance(value, bool):
        raise PointError(f"{value!r} is neither true nor false")
    return value


def _unpacker(part: ReadPart, area: Area) -> Unpack:
    offsets = [s.start - part.start for s in part.spans]
    if area.bits:
        return bits_unpacker(offsets, part.length)
    codecs = [s.point.detail.codec for s in part.spans]
    return unpacker([_packed(codec, at * 2) for codec, at in zip(codecs, offsets, strict=True)])


def _packed(codec: Codec, at: int) -> Packed:
    scale = scaling(codec.scale, codec.offset) if codec.scaled else None
    return Packed(at, codec.size, codec.decode, codec.code, scale)


def describe(connection: ModbusConnection) -> str:
    """Return where a connection goes."""
    transport = connection.transport
    if transport.kind == "rtu":
        return f"{transport.serial}, {transport.baud_rate} baud"
    host, port = transport.endpoint
    return f"{host}:{port} ({transport.kind})"


def drivers(config: ModbusConfig) -> list[ModbusDriver]:
    """Return a driver for each connection."""
    return [
        ModbusDriver(
            each, (each.poll_ms or config.poll_ms) / 1e3, (each.timeout_ms or config.timeout_ms) / 1e3
        )
        for each in config.connections
    ]
