"""The S7 driver: what it reads at once, and how a point is written."""

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
from .client import Line, longest_read, open_line, read, read_long, write
from .points import Place, area_and_db, points_of, span
from .wire import Item

if TYPE_CHECKING:
    from petra.signals import Value

    from .address import Address
    from .codec import Codec
    from .config import S7Config
    from .simulator import S7Simulator


SHORTEST_PDU = 240
"""Bytes of a PDU that every PLC takes: what a plan without a connection counts on."""


class S7Driver(PolledDriver):
    """One PLC."""

    def __init__(self, config: S7Config) -> None:
        super().__init__(config.called, points_of(config), config, config.online)
        self.place = describe(config)
        self.config: S7Config = config
        self.timeout = config.timeout_ms / 1e3
        self.patience = max(30.0, 10 * self.timeout)
        self.limits = SessionLimits(pdu=SHORTEST_PDU)

    async def connect(self) -> S7Session:
        """Connect, and agree on the length of PDUs and how many may be under way."""
        return S7Session(self.config, await open_line(self.config, self.timeout))

    def simulator(self) -> S7Simulator:
        """Return a PLC with the same points."""
        from .simulator import S7Simulator

        return S7Simulator(self.config, self.points)

    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:
        """Return the fewest requests that read these points."""
        pdu = (limits or self.limits).pdu
        return plan_reads(map(span, points), lambda area: self._reach(area, pdu))

    def as_written(self, point: Point, value: Value) -> Value:
        """Return what the PLC holds of a value."""
        place: Place = point.detail
        return place.codec.as_written(value)

    def _reach(self, area: Hashable, pdu: int) -> Reach:
        found, _ = area_and_db(area)
        return Reach(
            length=longest_read(pdu) // found.width,
            gap=0 if found.numbered else self.config.max_gap,
            parts=min(wire.MOST_ITEMS, (pdu - wire.READ_REQUEST_HEAD) // wire.READ_REQUEST_ITEM),
            budget=pdu - wire.READ_HEAD,
            overhead=wire.ITEM_HEAD + 1,  # and a byte that fills it up to an even length
            width=found.width,
        )


@frozen
class _Known:
    """What stays the same each time that a request is sent."""

    items: tuple[Item, ...]
    packet: bytes
    unpack: tuple[Unpack, ...]

    @classmethod
    def of(cls, request: Request) -> _Known:
        items = tuple(_item(part) for part in request.parts)
        return cls(items, wire.read_request(items), tuple(_unpacker(part) for part in request.parts))


class S7Session:
    """An open connection, for the core to poll and write with."""

    def __init__(self, config: S7Config, line: Line) -> None:
        self.limits = SessionLimits(line.in_flight, pdu=line.pdu)
        self._line = line
        self._known: WeakKeyDictionary[Request, _Known] = WeakKeyDictionary()
        self.detail = f"{describe(config)}, {line.agreed}"

    async def read(self, request: Request) -> Sequence[Answer]:
        """Read the parts of a request, together where they fit."""
        known = self._known.get(request)
        if known is None:
            known = self._known[request] = _Known.of(request)
        if len(known.items) == 1 and known.items[0].size > longest_read(self._line.pdu):
            found = [await read_long(self._line, known.items[0])]
        else:
            found = wire.read_reply(await self._line.ask(known.packet), known.items)
        return [
            data if isinstance(data, PointError) else unpack(data)
            for unpack, data in zip(known.unpack, found, strict=True)
        ]

    async def write(self, point: Point, value: Value) -> None:
        """Write a point; of a string its used length and characters, never its declared length."""
        place: Place = point.detail
        address, codec = place.address, place.codec
        data = codec.encode(value)
        start = address.start
        if codec.type in ("string", "wstring"):
            head = 1 if codec.type == "string" else 2
            data = await self._fitting(address, data, head)
            start += head
        length = len(data) // address.area.width
        await write(self._line, Item(address.area, address.db, start, length, address.bit), data)

    async def ended(self) -> None:
        """Wait until the connection is lost."""
        await self._line.exchange.ended()

    def close(self) -> None:
        """Close it."""
        self._line.exchange.close()

    async def _fitting(self, address: Address, data: bytes, head: int) -> bytes:
        """Return the used length and the characters of a string that fits into what the PLC declares.

        The bytes behind them are not written: the string in the PLC may be shorter than the configured one.
        """
        (declared,) = await read(self._line, [Item(address.area, address.db, address.start, head)])
        if isinstance(declared, PointError):
            raise declared
        used, most = int.from_bytes(data[head : head * 2]), int.from_bytes(declared)
        if used > most:
            raise PointError(f"a text of {used} characters, and the PLC has {most} for it")
        return data[head : head * 2 + used * head]


def _item(part: ReadPart) -> Item:
    return Item(*area_and_db(part.area), part.start, part.length)


def _unpacker(part: ReadPart) -> Unpack:
    width = area_and_db(part.area)[0].width
    return unpacker([_packed(s.point.detail.codec, (s.start - part.start) * width) for s in part.spans])


def _packed(codec: Codec, at: int) -> Packed:
    scale = scaling(codec.scale, codec.offset) if codec.scaled else None
    return Packed(at, codec.size, codec.decode, codec.code, scale)


def describe(config: S7Config) -> str:
    """Return where a connection goes to."""
    return ":".join(map(str, config.endpoint))


def drivers(config: S7Config) -> list[S7Driver]:
    """Return the driver of a PLC."""
    return [S7Driver(config)]
