"""The memory of a simulated device: four areas for each of its units, and what requests do to them. Pure.

Requests are read as the specification has them and not by pymodbus, which encodes those of the driver: each
is a check on the other. Numbers in parentheses are sections of the MODBUS Application Protocol V1.1b3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from .address import MOST_BITS, MOST_REGISTERS, MOST_WRITTEN_REGISTERS, Area
from .codec import unpacked_bits

if TYPE_CHECKING:
    from petra.signals import Value

    from .points import Place

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3
_SIZE = 65_536


_DIGITS = bytes.maketrans(b"\0\1", b"01")


class Function(IntEnum):
    """The functions that are answered here besides reading (6)."""

    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16
    MASK_WRITE_REGISTER = 22
    ENCAPSULATED = 43


class _RefusedError(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class Memory:
    """The units of one connection: holds their values and answers requests."""

    def __init__(self, units: Iterable[int]) -> None:
        self._areas: dict[tuple[int, Area], bytearray] = {
            (unit, area): bytearray(_SIZE if area.bits else _SIZE * 2) for unit in units for area in Area
        }
        self.units = frozenset(unit for unit, _ in self._areas)
        self.silent: set[int] = set()
        """Units that do not answer."""
        self.holes: set[tuple[int, Area, int]] = set()
        """Addresses that a unit does not have."""
        self.requests = 0

    def set(self, place: Place, value: Value) -> None:
        """Store a value where a point reads it."""
        area, offset = self._areas[place.unit, place.address.area], place.address.offset
        if place.address.area.bits:
            area[offset] = bool(value)
        elif place.codec.type == "bool":
            held = int.from_bytes(area[offset * 2 : offset * 2 + 2])
            mask = 1 << (place.address.bit or 0)
            area[offset * 2 : offset * 2 + 2] = (held | mask if value else held & ~mask).to_bytes(2)
        else:
            data = place.codec.encode(value)
            area[offset * 2 : offset * 2 + len(data)] = data

    def get(self, place: Place) -> Value:
        """Return the value that a point reads."""
        area, offset = self._areas[place.unit, place.address.area], place.address.offset
        if place.address.area.bits:
            return bool(area[offset])
        return place.codec.decode(bytes(area), offset * 2)

    def answer(self, unit: int, pdu: bytes) -> bytes | None:
        """Return the answer to a request; None when the unit is silent or does not exist."""
        if unit not in self.units or unit in self.silent or not pdu:
            return None
        self.requests += 1
        try:
            return self._answer(unit, pdu)
        except _RefusedError as refused:
            return bytes((pdu[0] | 0x80, refused.code))
        except (struct.error, IndexError):
            return bytes((pdu[0] | 0x80, _ILLEGAL_VALUE))

    def _answer(self, unit: int, pdu: bytes) -> bytes:
        function = pdu[0]
        if function in (1, 2, 3, 4):
            start, count = struct.unpack(">HH", pdu[1:])
            return self._read(unit, Area(function), start, count)
        if function == Function.WRITE_COIL:
            address, value = struct.unpack(">HH", pdu[1:])
            if value not in (0, 0xFF00):
                raise _RefusedError(_ILLEGAL_VALUE)
            self._store(unit, Area.COIL, address, bytes((value != 0,)))
            return pdu
        if function == Function.WRITE_REGISTER:
            (address,) = struct.unpack_from(">H", pdu, 1)
            self._store(unit, Area.HOLDING, address, pdu[3:5])
            return pdu[:5]
        if function == Function.WRITE_COILS:
            address, count, size = struct.unpack_from(">HHB", pdu, 1)
            if size != (count + 7) // 8 or len(pdu) != 6 + size or not count:
                raise _RefusedError(_ILLEGAL_VALUE)
            self._store(unit, Area.COIL, address, bytes(unpacked_bits(pdu[6:])[:count]))
            return pdu[:5]
        if function == Function.WRITE_REGISTERS:
            address, count, size = struct.unpack_from(">HHB", pdu, 1)
            if size != count * 2 or len(pdu) != 6 + size or not 0 < count <= MOST_WRITTEN_REGISTERS:
                raise _RefusedError(_ILLEGAL_VALUE)
            self._store(unit, Area.HOLDING, address, pdu[6:])
            return pdu[:5]
        if function == Function.MASK_WRITE_REGISTER:
            return self._mask(unit, pdu)
        if function == Function.ENCAPSULATED and pdu[1:2] == b"\x0e":
            return _IDENTITY
        raise _RefusedError(_ILLEGAL_FUNCTION)

    def _read(self, unit: int, area: Area, start: int, count: int) -> bytes:
        if not 0 < count <= (MOST_BITS if area.bits else MOST_REGISTERS):
            raise _RefusedError(_ILLEGAL_VALUE)
        self._check(unit, area, start, count)
        held = self._areas[unit, area]
        data = _packed(held[start : start + count]) if area.bits else held[start * 2 : (start + count) * 2]
        return bytes((area.value, len(data))) + data

    def _store(self, unit: int, area: Area, start: int, data: bytes) -> None:
        width = 1 if area.bits else 2
        self._check(unit, area, start, len(data) // width)
        self._areas[unit, area][start * width : start * width + len(data)] = data

    def _mask(self, unit: int, pdu: bytes) -> bytes:
        address, keep, put = struct.unpack(">HHH", pdu[1:])
        self._check(unit, Area.HOLDING, address, 1)
        area = self._areas[unit, Area.HOLDING]
        held = int.from_bytes(area[address * 2 : address * 2 + 2])
        area[address * 2 : address * 2 + 2] = ((held & keep) | (put & ~keep & 0xFFFF)).to_bytes(2)
        return pdu

    def _check(self, unit: int, area: Area, start: int, count: int) -> None:
        if start + count > _SIZE or (
            self.holes and any((unit, area, cell) in self.holes for cell in range(start, start + count))
        ):
            raise _RefusedError(_ILLEGAL_ADDRESS)


def _packed(bits: bytearray) -> bytes:
    """Pack bits, a byte each, into bytes; the first is the lowest (6.1)."""
    return int(bits[::-1].translate(_DIGITS), 2).to_bytes((len(bits) + 7) // 8, "little")


def _identity() -> bytes:
    objects = {0: b"PETRA", 1: b"simulator", 2: b"1"}
    listed = b"".join(bytes((number, len(text))) + text for number, text in objects.items())
    return bytes((Function.ENCAPSULATED, 14, 1, 1, 0, 0, len(objects))) + listed


_IDENTITY = _identity()
