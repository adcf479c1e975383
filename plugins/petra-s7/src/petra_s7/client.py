"""Asking an S7 PLC: one open connection. The driver and the bench both use it."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from petra.drivers import Exchange, PointError, SessionError, open_tcp

from . import wire
from .wire import Item

if TYPE_CHECKING:
    from .config import S7Config

_COMPONENTS = {
    1: "system name",
    2: "module name",
    3: "plant",
    4: "copyright",
    5: "serial number",
    7: "module type",
    8: "memory card",
}
_COMPONENT_LIST, _MODULE_LIST = 0x1C, 0x11
_MOST_PARTS = 100
"""Parts of a status list, after which the PLC is not asked for more."""


class Line:
    """An open connection to a PLC: several requests under way, told apart by their reference."""

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        self.exchange = exchange
        self.pdu = 240
        """How long a PDU may be."""
        self.in_flight = 1
        """How many requests may be under way."""
        self._timeout = timeout
        self._reference = 0

    @property
    def agreed(self) -> str:
        """What the PLC has agreed to."""
        return f"PDU {self.pdu}, {self.in_flight} under way"

    async def ask(self, request: bytes) -> wire.Reply:
        """Send a job and return its answer."""
        return wire.reply(await self.ask_raw(request))

    def ask_raw(self, request: bytes) -> Coroutine[Any, Any, bytes]:
        """Send a request of any kind and return the PDU that answers."""
        self._reference = reference = self._reference % 0xFFFF + 1
        return self.exchange.ask(reference, wire.referenced(request, reference), self._timeout)


async def open_line(config: S7Config, timeout: float) -> Line:  # noqa: ASYNC109 - each request has it
    """Connect and negotiate; SessionError says to where and why not."""
    exchange = await open_tcp(*config.endpoint, wire.S7Framing(), within=timeout)
    line = Line(exchange, timeout)
    try:
        local, remote = config.tsaps
        try:
            await exchange.ask(wire.CONNECTED, wire.connection_request(local, remote), timeout)
        except SessionError as error:
            tsap = f"{remote >> 8:02X}.{remote & 255:02X}"
            said = f"the PLC does not take TSAP {tsap}: are rack and slot right?"
            raise SessionError(f"{said} ({error})") from error
        answer = await line.ask(wire.setup_request(config.pdu, config.in_flight))
        line.pdu, granted = wire.setup_reply(answer)
        line.in_flight = min(granted, config.in_flight)
    except BaseException:
        exchange.close()
        raise
    return line


async def read(line: Line, items: Sequence[Item]) -> list[bytes | PointError]:
    """Return the bytes of each item, or what is wrong with it."""
    return wire.read_reply(await line.ask(wire.read_request(items)), items)


async def read_long(line: Line, item: Item) -> bytes | PointError:
    """Return the bytes of an item that is longer than a PDU, piece by piece."""
    step = longest_read(line.pdu)
    found = b""
    for at in range(0, item.length, step):
        piece = Item(item.area, item.db, item.start + at, min(step, item.length - at))
        (data,) = await read(line, [piece])
        if isinstance(data, PointError):
            return data
        found += data
    return found


async def write(line: Line, item: Item, data: bytes) -> None:
    """Write the bytes of an item, or its bit."""
    if len(data) > line.pdu - wire.WRITE_HEAD:
        raise PointError(f"{len(data)} bytes do not fit into a PDU of {line.pdu}")
    wire.write_reply(await line.ask(wire.write_request(item, data)))


async def identify(line: Line) -> dict[str, str]:
    """Return what a PLC says of itself; where it refuses, why."""
    found: dict[str, str] = {}
    for name, number in (("component", _COMPONENT_LIST), ("module", _MODULE_LIST)):
        try:
            records = await _status_list(line, number)
        except PointError as error:
            found[name] = str(error)
            continue
        for record in records:
            text = record[2:34].split(b"\0", 1)[0].decode("latin-1").strip()
            if number == _MODULE_LIST:
                key, text = "order number", text[:20].strip()
            else:
                key = _COMPONENTS.get(int.from_bytes(record[:2]), "")
            if key and text:
                found.setdefault(key, text)
    return found


async def _status_list(line: Line, number: int) -> list[bytes]:
    """Return the records of a system status list: one that is longer than a PDU comes in parts."""
    part = wire.status_reply(await line.ask_raw(wire.status_request(number)))
    data = part.data
    for _ in range(_MOST_PARTS):
        if part.is_last:
            return wire.status_records(data)
        part = wire.status_reply(await line.ask_raw(wire.rest_request(part)))
        data += part.data
    raise PointError(f"the PLC sends a status list of more than {_MOST_PARTS} parts")


def longest_read(pdu: int) -> int:
    """Return how many bytes of one item fit into an answer."""
    return pdu - wire.READ_HEAD - wire.ITEM_HEAD
