"""S7 communication on the wire: TPKT (RFC 1006), COTP (ISO 8073), and the S7 jobs above them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum

from attrs import frozen

from petra.drivers import GarbledError, PointError, SessionError

CONNECTED = -1
"""The reference under which the answer to a connection request is handed out."""
MOST_ITEMS = 20
SMALLEST_PDU = 112

_JOB, _ACK, _ACK_DATA, _USERDATA = 1, 2, 3, 7
_SETUP, _READ, _WRITE = 0xF0, 0x04, 0x05
_BITS, _OCTETS, _BIT = 0x04, 0x09, 0x03
OK = 0xFF


class Area(IntEnum):
    """Memory areas."""

    COUNTER = 0x1C
    TIMER = 0x1D
    INPUT = 0x81
    OUTPUT = 0x82
    MERKER = 0x83
    DB = 0x84

    @property
    def numbered(self) -> bool:
        """Whether its addresses count timers or counters of two bytes, not bytes."""
        return self in (Area.COUNTER, Area.TIMER)


@frozen
class Item:
    """A range of an area: bytes, or timers, or counters; with `bit` a single bit of its first byte."""

    area: Area
    db: int
    start: int
    length: int
    bit: int | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self.length * 2 if self.area.numbered else self.length


_ITEM_ERRORS = {
    0x01: "the PLC reports a hardware fault",
    0x03: (
        "the PLC denies access: on S7-1200 and 1500, permit PUT/GET in the protection settings of the CPU "
        "and switch off optimised access of the data block"
    ),
    0x05: (
        "the PLC has no such address: it is past the end of the area, or the data block has optimised access"
    ),
    0x06: "the PLC does not support this type here",
    0x07: "the PLC finds type and length at odds",
    0x0A: "the PLC has no such block: it does not exist, or has optimised access",
}
_HEADER_ERRORS = {
    0x8104: (
        "the PLC does not offer this: on S7-1200 and 1500, permit PUT/GET in the protection settings of "
        "the CPU"
    ),
    0x8500: "the PLC finds the request too long",
    0x8702: "the PLC has no such address",
    0xD241: "a password protects the PLC",
    0xD401: "the PLC does not know what is asked for",
}


def item_error(code: int) -> PointError:
    """Return what the code of an item means."""
    return PointError(f"{_ITEM_ERRORS.get(code, 'the PLC refuses')} (code 0x{code:02x})")


def packet(payload: bytes) -> bytes:
    """Return a TPKT packet with COTP data."""
    return struct.pack(">BBHBBB", 3, 0, len(payload) + 7, 2, 0xF0, 0x80) + payload


def connection_request(local: int, remote: int) -> bytes:
    """Return what opens a COTP connection between two TSAPs."""
    fixed = struct.pack(">BHHB", 0xE0, 0, 1, 0)
    options = struct.pack(">BBBBBHBBH", 0xC0, 1, 10, 0xC1, 2, local, 0xC2, 2, remote)
    return struct.pack(">BBHB", 3, 0, 5 + len(fixed) + len(options), len(fixed + options)) + fixed + options


def job(reference: int, parameters: bytes, data: bytes = b"", kind: int = _JOB) -> bytes:
    """Return a request."""
    head = struct.pack(">BBHHHH", 0x32, kind, 0, reference, len(parameters), len(data))
    return packet(head + parameters + data)


def setup(reference: int, pdu: int, in_flight: int) -> bytes:
    """Return what negotiates the length of PDUs."""
    return job(reference, struct.pack(">BBHHH", _SETUP, 0, in_flight, in_flight, pdu))


def read(reference: int, items: Sequence[Item]) -> bytes:
    """Return a request that reads several ranges."""
    return job(reference, bytes((_READ, len(items))) + b"".join(map(_address, items)))


def referenced(request: bytes, reference: int) -> bytes:
    """Return a request again, under another reference."""
    return request[:11] + reference.to_bytes(2) + request[13:]


def write(reference: int, item: Item, data: bytes) -> bytes:
    """Return a request that writes one range, or one bit."""
    if item.bit is not None:
        values = struct.pack(">BBH", 0, _BIT, 1) + data[:1]
    elif item.area.numbered:
        values = struct.pack(">BBH", 0, _OCTETS, len(data)) + data
    else:
        values = struct.pack(">BBH", 0, _BITS, len(data) * 8) + data
    return job(reference, bytes((_WRITE, 1)) + _address(item), values)


def szl(reference: int, number: int, index: int = 0) -> bytes:
    """Return a request for a system status list."""
    parameters = bytes((0, 1, 0x12, 4, 0x11, 0x44, 1, 0))
    return job(reference, parameters, struct.pack(">BBHHH", OK, _OCTETS, 4, number, index), _USERDATA)


def _address(item: Item) -> bytes:
    if item.area.numbered:
        kind, at = int(item.area), item.start
    else:
        kind, at = (1, item.start * 8 + item.bit) if item.bit is not None else (2, item.start * 8)
    length = 1 if item.bit is not None else item.length
    head = struct.pack(">BBBBHHB", 0x12, 10, 0x10, kind, length, item.db, item.area)
    return head + at.to_bytes(3)


class S7Framing:
    """Cuts TPKT packets; the reference is the one of the S7 header."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one packet: its S7 part."""
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[2:4])
        if buffer[0] != 3 or not 7 <= length <= 8_192:
            raise GarbledError("what arrives is not S7")
        if len(buffer) < length:
            return None
        packet = bytes(buffer[:length])
        del buffer[:length]
        if packet[5] & 0xF0 == 0xD0:
            return CONNECTED, packet
        if packet[5] & 0xF0 == 0x80:
            raise GarbledError("the PLC has ended the connection")
        if packet[5] & 0xF0 != 0xF0 or length < 17 or packet[7] != 0x32:
            raise GarbledError("what arrives is not S7")
        return int.from_bytes(packet[11:13]), packet[7:]


@frozen
class Reply:
    """An answer: its parameters and data."""

    parameters: bytes
    data: bytes


def reply(pdu: bytes) -> Reply:
    """Take an answer apart, and raise what it says went wrong as a whole."""
    kind = pdu[1]
    head = 12 if kind in (_ACK, _ACK_DATA) else 10
    if len(pdu) < head or kind not in (_ACK, _ACK_DATA, _USERDATA):
        raise GarbledError(f"an answer of kind {kind}")
    parameters, data = struct.unpack_from(">HH", pdu, 6)
    if len(pdu) != head + parameters + data:
        raise GarbledError("an answer whose lengths do not add up")
    if head == 12 and (code := int.from_bytes(pdu[10:12])):
        said = _HEADER_ERRORS.get(code, "the PLC refuses")
        raise PointError(f"{said} (error 0x{code:04x})")
    return Reply(pdu[head : head + parameters], pdu[head + parameters :])


def setup_reply(answer: Reply) -> tuple[int, int]:
    """Return the length of PDUs and how many may be under way."""
    if len(answer.parameters) < 8 or answer.parameters[0] != _SETUP:
        raise SessionError("the PLC does not negotiate")
    calling, called, pdu = struct.unpack_from(">HHH", answer.parameters, 2)
    if pdu < SMALLEST_PDU:
        raise SessionError(f"the PLC offers PDUs of {pdu} bytes, which is too short for anything")
    return pdu, max(1, min(calling, called))


def read_reply(answer: Reply, items: Sequence[Item]) -> list[bytes | PointError]:
    """Return the bytes of each item, or what is wrong with it."""
    if answer.parameters[:2] != bytes((_READ, len(items))):
        raise GarbledError("an answer to something else")
    found: list[bytes | PointError] = []
    at, data = 0, answer.data
    for item in items:
        if len(data) < at + 4:
            raise GarbledError("an answer that is cut off")
        code, kind, length = data[at], data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        at += 4
        if code != OK:
            found.append(item_error(code))
            continue
        size = (length + 7) // 8 if kind in (_BITS, 5) else length
        if size != item.size or len(data) < at + size:
            raise GarbledError(f"{size} bytes, where {item.size} were asked for")
        found.append(data[at : at + size])
        at += size + size % 2
    return found


def write_reply(answer: Reply) -> None:
    """Raise what an answer says is wrong with what was written."""
    if answer.parameters[:1] != bytes((_WRITE,)) or not answer.data:
        raise GarbledError("an answer to something else")
    if answer.data[0] != OK:
        raise item_error(answer.data[0])


def szl_reply(answer: Reply) -> list[bytes]:
    """Return the records of a system status list."""
    data = answer.data
    if len(data) < 12 or data[0] != OK:
        raise PointError("the PLC says nothing of itself")
    size, count = struct.unpack_from(">HH", data, 8)
    return [data[12 + i * size : 12 + (i + 1) * size] for i in range(count)]
