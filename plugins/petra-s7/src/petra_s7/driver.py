"""The S7 driver: what it reads at once, and how a point is written."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import frozen

from petra.drivers import (
    Answer,
    Exchange,
    Packed,
    Point,
    PointError,
    PolledDriver,
    Reach,
    ReadPart,
    Request,
    SessionError,
    Span,
    Unpack,
    open_tcp,
    plan_reads,
    scaling,
    unpacker,
)

from . import wire
from .address import Address
from .config import S7Config, S7Point, extent
from .wire import Item

if TYPE_CHECKING:
    from petra.signals import Value

    from .simulator import S7Simulator
    from .values import Codec

_READ_HEAD, _ITEM_HEAD, _WRITE_HEAD = 14, 4, 28
"""Bytes of a PDU that an answer takes, that each of its items takes, and that a write takes (measured)."""


@frozen
class Place:
    """Where the value of one signal is, and how it lies there."""

    address: Address
    codec: Codec

    @property
    def length(self) -> int:
        """How many addresses it takes."""
        return extent(self.codec, self.address)


class S7Driver(PolledDriver):
    """One PLC."""

    def __init__(self, config: S7Config) -> None:
        super().__init__(config.called, points_of(config), config, config.online)
        self.place = ":".join(map(str, config.endpoint))
        self.config: S7Config = config
        self.timeout = config.timeout_ms / 1e3
        self.patience = max(30.0, 10 * self.timeout)
        self.pdu = 240
        """What the PLC has agreed to; the least that every PLC does, until it is asked."""

    async def connect(self) -> S7Session:
        """Connect, and agree on the length of PDUs and how many may be under way."""
        session = await S7Session.open(self.config, self.timeout)
        self.pdu, self.in_flight = session.pdu, session.in_flight
        return session

    def simulator(self) -> S7Simulator:
        """Return a PLC with the same points."""
        from .simulator import S7Simulator

        return S7Simulator(self.points, self.config.endpoint[1])

    def plan(self, points: Sequence[Point]) -> list[Request]:
        """Return the fewest requests that read these points."""
        return plan_reads(map(span, points), self._reach)

    def as_written(self, point: Point, value: Value) -> Value:
        """Return what the PLC holds of a value."""
        place: Place = point.detail
        return place.codec.as_written(value)

    def _reach(self, area: Hashable) -> Reach:
        assert isinstance(area, tuple)  # noqa: S101 - made by span()
        width = 2 if area[0].numbered else 1
        budget = self.pdu - _READ_HEAD
        return Reach(
            length=(budget - _ITEM_HEAD) // width,
            gap=0 if area[0].numbered else self.config.max_gap,
            parts=min(wire.MOST_ITEMS, (self.pdu - 12) // 12),
            budget=budget,
            overhead=_ITEM_HEAD + 1,  # and a byte that fills it up to an even length
            width=width,
        )


@frozen
class _Known:
    """What does not change from one time to the next that something is read."""

    items: tuple[Item, ...]
    packet: bytes
    unpack: tuple[Unpack, ...]

    @classmethod
    def of(cls, request: Request) -> _Known:
        items = tuple(_item(part) for part in request.parts)
        return cls(items, wire.read(0, items), tuple(_unpacker(part) for part in request.parts))


class S7Session:
    """An open connection to a PLC, for the core to poll and write with."""

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        self.exchange = exchange
        self.pdu = 240
        self.in_flight = 1
        self.detail = ""
        self._timeout = timeout
        self._reference = 0
        self._known: WeakKeyDictionary[Request, _Known] = WeakKeyDictionary()

    @classmethod
    async def open(cls, config: S7Config, timeout: float) -> S7Session:  # noqa: ASYNC109 - of every request
        """Connect, or raise SessionError that says what went wrong."""
        exchange = await open_tcp(*config.endpoint, wire.S7Framing(), within=timeout)
        session = cls(exchange, timeout)
        try:
            local, remote = config.tsaps
            try:
                await exchange.ask(wire.CONNECTED, wire.connection_request(local, remote), timeout)
            except SessionError as error:
                tsap = f"{remote >> 8:02X}.{remote & 255:02X}"
                said = f"the PLC does not take TSAP {tsap}: are rack and slot right?"
                raise SessionError(f"{said} ({error})") from error
            answer = await session._ask_with(lambda number: wire.setup(number, config.pdu, config.in_flight))
            session.pdu, granted = wire.setup_reply(answer)
            session.in_flight = min(granted, config.in_flight)
        except BaseException:
            exchange.close()
            raise
        host, port = config.endpoint
        session.detail = f"{host}:{port}, PDU {session.pdu}, {session.in_flight} under way"
        return session

    async def read(self, request: Request) -> Sequence[Answer]:
        """Read the parts of a request, together where they fit."""
        known = self._known.get(request)
        if known is None:
            known = self._known[request] = _Known.of(request)
        if len(known.items) == 1 and known.items[0].size > self.pdu - _READ_HEAD - _ITEM_HEAD:
            found = [await self._read_long(known.items[0])]
        else:
            answer = await self._ask_with(lambda number: wire.referenced(known.packet, number))
            found = wire.read_reply(answer, known.items)
        return [
            data if isinstance(data, PointError) else unpack(data)
            for unpack, data in zip(known.unpack, found, strict=True)
        ]

    async def read_items(self, items: Sequence[Item]) -> list[bytes | PointError]:
        """Return the bytes of each item, or what is wrong with it."""
        answer = await self._ask_with(lambda number: wire.read(number, items))
        return wire.read_reply(answer, items)

    async def write(self, point: Point, value: Value) -> None:
        """Write a point; of a string what is used, never how long it is declared."""
        place: Place = point.detail
        address, codec = place.address, place.codec
        data = codec.encode(value)
        start = address.start
        if codec.type in ("string", "wstring"):
            head = 1 if codec.type == "string" else 2
            data = await self._fitting(address, data, head)
            start += head
        if len(data) > self.pdu - _WRITE_HEAD:
            raise PointError(f"{len(data)} bytes do not fit into a PDU of {self.pdu}")
        length = 1 if address.area.numbered else len(data)
        await self.write_item(Item(address.area, address.db, start, length, address.bit), data)

    async def _fitting(self, address: Address, data: bytes, head: int) -> bytes:
        """Return how many characters are used, and those: what lies behind the string is not its own."""
        (most,) = await self.read_items([Item(address.area, address.db, address.start, head)])
        if isinstance(most, PointError):
            raise most
        used = int.from_bytes(data[head : head * 2])
        if used > int.from_bytes(most):
            raise PointError(f"a text of {used} characters, and the PLC has {int.from_bytes(most)} for it")
        return data[head : head * 2 + used * head]

    async def write_item(self, item: Item, data: bytes) -> None:
        """Write the bytes of an item."""
        wire.write_reply(await self._ask_with(lambda number: wire.write(number, item, data)))

    async def status_list(self, number: int, index: int = 0) -> list[bytes]:
        """Return the records of a system status list."""
        return wire.szl_reply(await self._ask_with(lambda reference: wire.szl(reference, number, index)))

    async def ended(self) -> None:
        """Wait until the connection is lost."""
        await self.exchange.ended()

    def close(self) -> None:
        """Close it."""
        self.exchange.close()

    async def _read_long(self, item: Item) -> bytes | PointError:
        """Read what is longer than a PDU, piece by piece."""
        step = self.pdu - _READ_HEAD - _ITEM_HEAD
        found = b""
        for at in range(0, item.length, step):
            piece = Item(item.area, item.db, item.start + at, min(step, item.length - at))
            (data,) = await self.read_items([piece])
            if isinstance(data, PointError):
                return data
            found += data
        return found

    async def _ask_with(self, make: Callable[[int], bytes]) -> wire.Reply:
        self._reference = reference = self._reference % 0xFFFF + 1
        return wire.reply(await self.exchange.ask(reference, make(reference), self._timeout))


def _item(part: ReadPart) -> Item:
    assert isinstance(part.area, tuple)  # noqa: S101 - made by span()
    area, db = part.area
    return Item(area, db, part.start, part.length)


def _unpacker(part: ReadPart) -> Unpack:
    assert isinstance(part.area, tuple)  # noqa: S101 - made by span()
    width = 2 if part.area[0].numbered else 1
    return unpacker([_packed(s.point.detail.codec, (s.start - part.start) * width) for s in part.spans])


def _packed(codec: Codec, at: int) -> Packed:
    scale = scaling(codec.scale, codec.offset) if codec.scaled else None
    return Packed(at, codec.size, codec.decode, codec.code, scale)


def span(point: Point) -> Span:
    """Return where a point lies for the planner."""
    place: Place = point.detail
    return Span((place.address.area, place.address.db), place.address.start, place.length, point)


def points_of(config: S7Config) -> list[Point]:
    """Return the points of a PLC, one for each signal."""
    return [made for point in config.points for made in _made(point, config.poll_ms / 1e3)]


def _made(point: S7Point, period: float) -> list[Point]:
    first = point.located()
    codec = point.codec(first)
    step = extent(codec, first)
    made = []
    for number, signal in enumerate(point.signal_names):
        address = Address(first.area, first.db, first.start + number * step, first.bit, codec.type)
        made.append(
            Point(
                signal=signal,
                type=point.holds,
                address=str(address),
                direction=point.direction,
                period=point.poll_ms / 1e3 if point.poll_ms else period,
                limits=point.limits,
                verify=point.verify,
                settle=point.settle_ms / 1e3,
                detail=Place(address, codec),
            )
        )
    return made


def drivers(config: S7Config) -> list[S7Driver]:
    """Return the driver of a PLC."""
    return [S7Driver(config)]
