"""S7 on the wire: requests, answers and framing. The only module that imports python-snap7.

python-snap7, pinned to a minor, builds and parses the PDUs and the packets around them (TPKT of RFC 1006,
COTP of ISO 8073). It is not used for
- the stream: its reader belongs to a blocking socket, so packets are cut here;
- the items of an answer: its parser ends at the first that failed, and refuses one that is padded;
- a request with timers or counters beside other items: its request for several items knows bytes only.

Requests are built under the reference 0; `referenced` puts in the one that they are sent under, so that a
request that repeats is built once.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen
from snap7.connection import ISOTCPConnection
from snap7.datatypes import S7Area, S7DataTypes, S7WordLen
from snap7.error import S7Error
from snap7.s7protocol import S7Function, S7PDUType, S7Protocol, S7UserDataGroup, S7UserDataSubfunction

from petra.drivers import GarbledError, PointError, SessionError

from .errors import header_error, item_error

if TYPE_CHECKING:
    from .address import Area

CONNECTED = -1
"""The reference under which the answer to a connection request is handed out."""
MOST_ITEMS = 20
"""Items of one request; more are refused by every PLC."""
SMALLEST_PDU = 112
OK = 0xFF
"""The code of an item that was read or written."""

logging.getLogger("snap7.s7protocol").setLevel(logging.ERROR)  # it warns of what is raised here
_PROTOCOL = S7Protocol()
_LONGEST_PACKET = 8_192
_CONFIRMED, _DISCONNECTED, _DATA = 0xD0, 0x80, 0xF0
_HEAD = 10
"""Bytes of the header of a request; an answer to a job has two more, for its error."""
READ_REQUEST_HEAD, READ_REQUEST_ITEM = _HEAD + 2, 12
"""Bytes of a PDU that a read takes, and each of its items."""
READ_HEAD, ITEM_HEAD, WRITE_HEAD = 14, 4, 28
"""Bytes of a PDU that the answer to a read takes, that each of its items takes, and that a write takes."""
_BITS, _INTEGER = 0x04, 0x05
"""Transport sizes whose length counts bits; all others count bytes."""

_LENGTHS = struct.Struct(">HH")
"""How long parameters and data of a PDU are."""
_ANSWERS = tuple(map(int, (S7PDUType.ACK, S7PDUType.ACK_DATA)))
_SETUP, _READ, _WRITE = map(
    int, (S7Function.SETUP_COMMUNICATION, S7Function.READ_AREA, S7Function.WRITE_AREA)
)
_STATUS_HEAD = struct.Struct(">HHHH")
"""Number and index of a status list, the length of its records, how many there are."""


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
        """How many bytes it takes."""
        return self.length * self.area.width


class _Packets(ISOTCPConnection):
    """The packets of the library's connection, without its socket."""

    def connection_request(self) -> bytes:
        return self._build_tpkt(self._build_cotp_cr())

    def data(self, pdu: bytes) -> bytes:
        return self._build_tpkt(self._build_cotp_dt(pdu))


_PACKETS = _Packets("")


def connection_request(local: int, remote: int) -> bytes:
    """Return the packet that opens a COTP connection between two TSAPs."""
    return _Packets("", local_tsap=local, remote_tsap=remote).connection_request()


def setup_request(pdu: int, in_flight: int) -> bytes:
    """Return the request that negotiates the length of PDUs and how many may be under way."""
    return _request(_PROTOCOL.build_setup_communication_request(in_flight, in_flight, pdu))


def read_request(items: Sequence[Item]) -> bytes:
    """Return the request that reads several ranges."""
    pdu = _PROTOCOL.build_multi_read_request([(i.area, i.db, i.start, i.size) for i in items])
    if any(item.area.numbered or item.bit is not None for item in items):
        pdu = pdu[:READ_REQUEST_HEAD] + b"".join(map(_encoded, items))
    return _request(pdu)


def write_request(item: Item, data: bytes) -> bytes:
    """Return the request that writes one range, or one bit."""
    length, start = _word_length(item), _start(item)
    return _request(_PROTOCOL.build_write_request(S7Area(item.area), item.db, start, length, data))


def status_request(number: int, index: int = 0) -> bytes:
    """Return the request for a system status list (SZL)."""
    return _request(_PROTOCOL.build_read_szl_request(number, index))


def rest_request(part: StatusPart) -> bytes:
    """Return the request for what follows a part of a status list."""
    group, function = S7UserDataGroup.SZL, S7UserDataSubfunction.READ_SZL
    return _request(_PROTOCOL.build_userdata_followup_request(group, function, part.sequence))


def referenced(request: bytes, reference: int) -> bytes:
    """Return a request under another reference."""
    return request[:11] + reference.to_bytes(2) + request[13:]


def _request(pdu: bytes) -> bytes:
    """Return the packet of a PDU; the library's own count of references is not used."""
    return referenced(_PACKETS.data(pdu), 0)


def _encoded(item: Item) -> bytes:
    count = 1 if item.bit is not None else item.length
    return S7DataTypes.encode_address(S7Area(item.area), item.db, _start(item), _word_length(item), count)


def _word_length(item: Item) -> S7WordLen:
    if item.bit is not None:
        return S7WordLen.BIT
    return S7WordLen(item.area) if item.area.numbered else S7WordLen.BYTE


def _start(item: Item) -> int:
    """Return where an item starts: the number of a bit, or of a byte, timer or counter."""
    return item.start if item.bit is None else item.start * 8 + item.bit


class S7Framing:
    """Cuts TPKT packets; the reference is the one of the S7 header."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one packet: its PDU."""
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[2:4])
        if buffer[0] != 3 or not 7 <= length <= _LONGEST_PACKET:
            raise GarbledError("what arrives is not S7")
        if len(buffer) < length:
            return None
        packet = bytes(buffer[:length])
        del buffer[:length]
        kind = packet[5] & 0xF0
        if kind == _CONFIRMED:
            return CONNECTED, packet
        if kind == _DISCONNECTED:
            raise GarbledError("the PLC has ended the connection")
        if kind != _DATA or length < 17 or packet[7] != 0x32:
            raise GarbledError("what arrives is not S7")
        return int.from_bytes(packet[11:13]), packet[7:]


@frozen
class Reply:
    """The answer to a job: its parameters as the library parses them, and the bytes of its data."""

    parameters: dict[str, Any]
    data: bytes

    @property
    def function(self) -> int | None:
        """The function that it answers."""
        return self.parameters.get("function_code")


def reply(pdu: bytes) -> Reply:
    """Return the answer to a job; PointError when the PLC refuses the whole of it."""
    if pdu[1] not in _ANSWERS:
        raise GarbledError(f"an answer of kind {pdu[1]}")
    end = _end_of_parameters(pdu, _HEAD + 2)
    # without its data: one failed item would cost the others, and some PLCs pad the last one
    parsed = _parsed(pdu[:8] + b"\0\0" + pdu[_HEAD:end])
    return Reply(parsed["parameters"] or {}, pdu[end:])


def setup_reply(answer: Reply) -> tuple[int, int]:
    """Return the length of PDUs and how many may be under way."""
    if answer.function != _SETUP:
        raise SessionError("the PLC does not negotiate the length of PDUs")
    pdu, calling, called = (
        int(answer.parameters[name]) for name in ("pdu_length", "max_amq_caller", "max_amq_callee")
    )
    if pdu < SMALLEST_PDU:
        raise SessionError(f"the PLC offers PDUs of {pdu} bytes, and at least {SMALLEST_PDU} are needed")
    return pdu, max(1, min(calling, called))


def read_reply(answer: Reply, items: Sequence[Item]) -> list[bytes | PointError]:
    """Return the bytes of each item, or what is wrong with it."""
    if answer.function != _READ or answer.parameters["item_count"] != len(items):
        raise GarbledError("an answer to another request")
    found: list[bytes | PointError] = []
    at, data = 0, answer.data
    for item in items:
        if len(data) < at + 4:
            raise GarbledError("an answer that is cut off")
        code, kind, length = data[at], data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        at += 4
        if code != OK:  # only a header, whatever length it says
            found.append(item_error(code))
            continue
        size = (length + 7) // 8 if kind in (_BITS, _INTEGER) else length
        if size != item.size or len(data) < at + size:
            raise GarbledError(f"{size} bytes, where {item.size} were asked for")
        found.append(data[at : at + size])
        at += size + size % 2
    return found


def write_reply(answer: Reply) -> None:
    """Raise the error that an answer reports of a written item."""
    if answer.function != _WRITE or not answer.data:
        raise GarbledError("an answer to another request")
    if answer.data[0] != OK:
        raise item_error(answer.data[0])


@frozen
class StatusPart:
    """The answer to a request for a status list: as much of it as fits into a PDU."""

    data: bytes
    sequence: int
    """The number under which the rest is asked for."""
    is_last: bool


def status_reply(pdu: bytes) -> StatusPart:
    """Return a part of a system status list; PointError when the PLC has none."""
    if pdu[1] != S7PDUType.USERDATA:
        reply(pdu)  # raises the error in the header, if there is one
        raise PointError("the PLC has no such status list")
    _end_of_parameters(pdu, _HEAD)
    try:
        parsed = _PROTOCOL.parse_response(pdu)
        _PROTOCOL.check_userdata_response(parsed, S7UserDataGroup.SZL, S7UserDataSubfunction.READ_SZL)
        data = _PROTOCOL.parse_read_szl_response(parsed, first_fragment=False)["data"]
    except S7Error as error:
        raise PointError(f"the PLC has no such status list ({error})") from error
    parameters = parsed["parameters"]
    return StatusPart(data, parameters["sequence_number"], parameters["last_data_unit"] == 0)


def status_records(data: bytes) -> list[bytes]:
    """Return the records of a whole system status list."""
    if len(data) < _STATUS_HEAD.size:
        raise PointError("the PLC has no such status list")
    _, _, size, count = _STATUS_HEAD.unpack_from(data)
    begin = _STATUS_HEAD.size
    return [data[begin + i * size : begin + (i + 1) * size] for i in range(count)]


def _end_of_parameters(pdu: bytes, head: int) -> int:
    if len(pdu) < head:
        raise GarbledError("an answer that is cut off")
    parameters, data = _LENGTHS.unpack_from(pdu, 6)
    end: int = head + parameters
    if len(pdu) != end + data:
        raise GarbledError("an answer whose lengths do not match")
    return end


def _parsed(pdu: bytes) -> dict[str, Any]:
    try:
        return _PROTOCOL.parse_response(pdu)
    except S7Error as error:
        if code := error.error_code:
            raise header_error(code) from error
        raise GarbledError(f"an answer that is not valid: {error}") from error
