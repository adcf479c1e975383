"""The memory of a simulated PLC, and what S7 requests do to it. Pure.

Nothing here is of python-snap7: the simulator judges the requests that the driver builds with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import frozen

from .address import Area

if TYPE_CHECKING:
    from petra.signals import Value

    from .points import Place

_SIZE = 65_536 + 16  # a value that begins at the last byte stays inside
_OK, _NO_ADDRESS, _NO_BLOCK, _MISMATCH, _UNKNOWN = 0xFF, 0x05, 0x0A, 0x07, 0x06
_NOT_UNDERSTOOD = 0xD401
_STATUS_HEAD = 26
"""Bytes of a PDU that the answer to a request for a status list takes."""
_REST_ASKED = 12
"""Bytes of parameters that ask for the rest of a status list; the first request has eight."""
LONGEST_PDU = 480
MOST_UNDER_WAY = 3
"""What an S7-1200 grants."""


@frozen
class _Range:
    """What one item of a request is about; with `bit` a single bit of its first byte."""

    area: Area
    db: int
    start: int
    length: int
    bit: int | None = None

    @property
    def size(self) -> int:
        return self.length * self.area.width


class Memory:
    """Data blocks, inputs, outputs, merkers, timers and counters of one PLC.

    It belongs to the loop of its server.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._areas: dict[tuple[Area, int], bytearray] = {}
        for place in places:
            self._areas.setdefault((place.address.area, place.address.db), bytearray(_SIZE))
            if place.codec.type in ("string", "wstring"):
                self.set(place, "")  # its declared length
        self.holes: set[tuple[Area, int, int]] = set()
        """Addresses that the PLC does not have."""
        self.pdu = LONGEST_PDU
        self.requests = 0
        self._rest: dict[int, bytes] = {}
        """What is left of status lists that were longer than a PDU, by sequence number."""
        self._sequence = 0

    def set(self, place: Place, value: Value) -> None:
        """Store the value of a point."""
        area, at = self._at(place)
        data = place.codec.encode(value)
        if place.codec.type == "bool":
            mask = 1 << (place.address.bit or 0)
            area[at] = area[at] | mask if value else area[at] & ~mask
        else:
            area[at : at + len(data)] = data

    def get(self, place: Place) -> Value:
        """Return the value of a point."""
        area, at = self._at(place)
        return place.codec.decode(bytes(area[at : at + place.codec.size]), 0)

    def _at(self, place: Place) -> tuple[bytearray, int]:
        address = place.address
        return self._areas[address.area, address.db], address.start * address.area.width

    def answer(self, packet: bytes) -> bytes:
        """Return the answer to a job."""
        self.requests += 1
        reference = int.from_bytes(packet[4:6])
        try:
            return self._answer(packet, reference)
        except (IndexError, ValueError, KeyError, struct.error):
            return _ack(reference, b"", error=_NOT_UNDERSTOOD)

    def _answer(self, packet: bytes, reference: int) -> bytes:
        kind = packet[1]
        parameters, length = struct.unpack_from(">HH", packet, 6)
        asked, data = packet[10 : 10 + parameters], packet[10 + parameters : 10 + parameters + length]
        if kind == 7:
            return self._status(reference, asked, data)
        if asked[0] == 0xF0:
            self.pdu = min(LONGEST_PDU, int.from_bytes(asked[6:8]))
            granted = min(MOST_UNDER_WAY, int.from_bytes(asked[2:4]))
            return _ack(reference, struct.pack(">BBHHH", 0xF0, 0, granted, granted, self.pdu))
        items = [_range(asked[2 + i * 12 : 14 + i * 12]) for i in range(asked[1])]
        if asked[0] == 4:
            return self._read(reference, items)
        if asked[0] == 5:
            return self._write(reference, items, data)
        return _ack(reference, b"", error=0x8104)

    def _read(self, reference: int, items: list[_Range]) -> bytes:
        found = b""
        for item in items:
            found += b"\0" * (len(found) % 2)
            if code := self._wrong(item):
                found += struct.pack(">BBH", code, 0, 0)
                continue
            area, at = self._areas[item.area, item.db], item.start * item.area.width
            if item.bit is not None:
                found += struct.pack(">BBHB", _OK, 3, 1, area[at] >> item.bit & 1)
            elif item.area.numbered:
                found += struct.pack(">BBH", _OK, 9, item.size) + area[at : at + item.size]
            else:
                found += struct.pack(">BBH", _OK, 4, item.size * 8) + area[at : at + item.size]
        if len(found) + 14 > self.pdu:
            return _ack(reference, b"", error=0x8500)
        return _ack(reference, bytes((4, len(items))), found)

    def _write(self, reference: int, items: list[_Range], data: bytes) -> bytes:
        codes, at = b"", 0
        for item in items:
            kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
            size = (length + 7) // 8 if kind in (3, 4, 5) else length
            values = data[at + 4 : at + 4 + size]
            at += 4 + size + size % 2
            codes += bytes((self._store(item, values),))
        return _ack(reference, bytes((5, len(items))), codes)

    def _store(self, item: _Range, values: bytes) -> int:
        if code := self._wrong(item):
            return code
        if len(values) != item.size:
            return _MISMATCH
        area, at = self._areas[item.area, item.db], item.start * item.area.width
        if item.bit is not None:
            mask = 1 << item.bit
            area[at] = area[at] | mask if values[0] & 1 else area[at] & ~mask
        else:
            area[at : at + len(values)] = values
        return _OK

    def _wrong(self, item: _Range) -> int:
        if (item.area, item.db) not in self._areas:
            return _NO_BLOCK if item.area is Area.DB else _NO_ADDRESS
        cells = range(item.start, item.start + item.length)
        if cells.stop > 65_536 or (self.holes and any((item.area, item.db, c) in self.holes for c in cells)):
            return _NO_ADDRESS
        return 0

    def _status(self, reference: int, asked: bytes, data: bytes) -> bytes:
        if len(asked) == _REST_ASKED:
            rest = self._rest.pop(asked[7], None)
        else:
            rest = _listed(int.from_bytes(data[4:6])) if len(data) >= 8 else None
        sequence = 0
        if rest is None:
            content = struct.pack(">BBH", _NO_BLOCK, 0, 0)
        else:
            room = self.pdu - _STATUS_HEAD
            if len(rest) > room:
                self._sequence = sequence = self._sequence % 0xFF + 1
                self._rest[sequence] = rest[room:]
            content = struct.pack(">BBH", _OK, 9, len(rest[:room])) + rest[:room]
        more = sequence in self._rest
        parameters = bytes((0, 1, 0x12, 8, 0x12, 0x84, asked[6], sequence or 1, 0, more, 0, 0))
        head = struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(parameters), len(content))
        return _packet(head + parameters + content)


def _listed(number: int) -> bytes | None:
    records = _STATUS.get(number)
    if records is None:
        return None
    return struct.pack(">HHHH", number, 0, len(records[0]), len(records)) + b"".join(records)


def _range(data: bytes) -> _Range:
    kind, length, db, code = struct.unpack_from(">BHHB", data, 3)
    at = int.from_bytes(data[9:12])
    area = Area(code)
    if area.numbered:
        return _Range(area, 0, at, length)
    if kind == 1:
        return _Range(area, db, at // 8, 1, at % 8)
    width = {2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4}[kind] if kind in range(2, 9) else 0
    if not width:
        raise ValueError(kind)
    return _Range(area, db, at // 8, length * width)


def _packet(pdu: bytes) -> bytes:
    return struct.pack(">BBHBBB", 3, 0, len(pdu) + 7, 2, 0xF0, 0x80) + pdu


def _ack(reference: int, parameters: bytes, data: bytes = b"", error: int = 0) -> bytes:
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, reference, len(parameters), len(data), error)
    return _packet(head + parameters + data)


def _named(number: int, text: str) -> bytes:
    return struct.pack(">H", number) + text.encode().ljust(32, b"\0")


_STATUS = {
    0x001C: [
        _named(1, "PETRA simulator"),
        _named(2, "S7 CPU, simulated"),
        _named(5, "S C-SIM000000000"),
        _named(7, "CPU simulated"),
    ],
    0x0011: [struct.pack(">H20sHHH", 1, b"6ES7 000-0SIM0-0AB0 ", 0, 1, 1)],
}
