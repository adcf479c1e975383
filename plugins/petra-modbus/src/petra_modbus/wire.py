"""Modbus on the wire: requests, answers, and how each transport frames them. Pure; no input or output.

Numbers in parentheses are sections of the MODBUS Application Protocol Specification V1.1b3.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from petra.drivers import BusyError, GarbledError, NoAnswerError, PointError

MOST_REGISTERS = 125
MOST_BITS = 2_000
MOST_WRITTEN_REGISTERS = 123


class Function(IntEnum):
    """The functions that are used here (6)."""

    READ_COILS = 1
    READ_DISCRETE_INPUTS = 2
    READ_HOLDING_REGISTERS = 3
    READ_INPUT_REGISTERS = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6
    WRITE_COILS = 15
    WRITE_REGISTERS = 16
    REPORT_SERVER_ID = 17
    MASK_WRITE_REGISTER = 22
    ENCAPSULATED = 43


_ANSWER_PREFIX = frozenset({1, 2, 3, 4, 17})
"""Functions whose answer says how many bytes follow."""
_ANSWER_FIXED = {5: 8, 6: 8, 15: 8, 16: 8, 22: 10}
"""Lengths of the other answers as an RTU frame, with unit and check sum."""

_EXCEPTIONS = {
    1: "the device does not know this function",
    2: "the device has no such address",
    3: "the device refuses this value or number of registers",
    4: "the device failed while it did this",
    5: "the device has accepted this and needs long",
    6: "the device is busy",
    8: "the device found its memory inconsistent",
    10: "the gateway has no path to this unit",
    11: "the unit behind the gateway does not answer",
}


def read_request(function: int, start: int, count: int) -> bytes:
    """Return the request that reads registers or bits (6.1 to 6.4)."""
    return struct.pack(">BHH", function, start, count)


def read_answer(function: int, pdu: bytes, length: int) -> bytes:
    """Return the data of an answer, of exactly that many bytes."""
    check_answer(function, pdu)
    if len(pdu) != length + 2 or pdu[1] != length:
        raise NoAnswerError(f"an answer of {len(pdu) - 2} bytes, where {length} were asked for")
    return pdu[2:]


def check_answer(function: int, pdu: bytes) -> None:
    """Raise what an answer says went wrong (7)."""
    if not pdu:
        raise NoAnswerError("an empty answer")
    if pdu[0] == function:
        return
    if pdu[0] != function | 0x80 or len(pdu) < 2:
        raise NoAnswerError(f"an answer to function {pdu[0] & 0x7F}, where {function} was asked for")
    code = pdu[1]
    said = f"{_EXCEPTIONS.get(code, 'the device refuses')} (exception {code})"
    if code in (5, 6):
        raise BusyError(said)
    if code in (10, 11):
        raise NoAnswerError(said)
    raise PointError(said)


def acknowledged(function: int, pdu: bytes) -> bool:
    """Say whether a device has taken a request and only takes long to carry it out (7, exception 5)."""
    return pdu == bytes((function | 0x80, 5))


def write_register(address: int, value: bytes) -> bytes:
    """Return the request that writes one register (6.6)."""
    return struct.pack(">BH", Function.WRITE_REGISTER, address) + value


def write_registers(address: int, values: bytes) -> bytes:
    """Return the request that writes several registers (6.12)."""
    head = struct.pack(">BHHB", Function.WRITE_REGISTERS, address, len(values) // 2, len(values))
    return head + values


def write_coil(address: int, *, on: bool) -> bytes:
    """Return the request that writes one coil (6.5)."""
    return struct.pack(">BHH", Function.WRITE_COIL, address, 0xFF00 if on else 0)


def write_coils(address: int, values: list[bool]) -> bytes:
    """Return the request that writes several coils (6.11)."""
    packed = pack_bits(values)
    return struct.pack(">BHHB", Function.WRITE_COILS, address, len(values), len(packed)) + packed


def mask_write(address: int, bit: int, *, on: bool) -> bytes:
    """Return the request that sets or clears one bit of a register and leaves the others (6.16)."""
    mask = 1 << bit
    return struct.pack(">BHHH", Function.MASK_WRITE_REGISTER, address, 0xFFFF & ~mask, mask if on else 0)


def pack_bits(values: list[bool]) -> bytes:
    """Pack bits into bytes, the first one lowest."""
    packed = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        if value:
            packed[i // 8] |= 1 << (i % 8)
    return bytes(packed)


def crc(data: bytes) -> bytes:
    """Return the check sum of an RTU frame, the low byte first (Modbus over serial line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value = (value >> 8) ^ _CRC[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def _crc_of(byte: int) -> int:
    value = byte
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_CRC = tuple(map(_crc_of, range(256)))


def tcp_frame(reference: int, unit: int, pdu: bytes) -> bytes:
    """Return a frame of Modbus TCP."""
    return struct.pack(">HHHB", reference, 0, len(pdu) + 1, unit) + pdu


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Return a frame of Modbus RTU."""
    data = bytes((unit,)) + pdu
    return data + crc(data)


class TcpFraming:
    """Modbus TCP: a header says reference and length."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one frame: its reference, and unit and PDU."""
        if len(buffer) < 7:
            return None
        reference, protocol, length = struct.unpack_from(">HHH", buffer)
        if protocol or not 2 <= length <= 254:
            raise GarbledError("what arrives is not Modbus TCP")
        if len(buffer) < 6 + length:
            return None
        frame = bytes(buffer[6 : 6 + length])
        del buffer[: 6 + length]
        return reference, frame


class RtuFraming:
    """Modbus RTU, as who asks sees it: a frame has no header, its length follows from its function.

    Every frame answers the reference 0. One that fails its check sum is handed out empty, with whatever else
    has arrived: on a serial line nobody can tell where the next frame begins.
    """

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one frame: unit and PDU."""
        length = _answer_length(buffer)
        if length is None or len(buffer) < length:
            return None
        frame = bytes(buffer[:length])
        if length < 4 or crc(frame[:-2]) != frame[-2:]:
            buffer.clear()
            return 0, b""
        del buffer[:length]
        return 0, frame[:-2]


def _answer_length(buffer: bytearray) -> int | None:
    if len(buffer) < 3:
        return None
    function = buffer[1]
    if function & 0x80:
        return 5
    if function in _ANSWER_PREFIX:
        return 5 + buffer[2]
    if function == Function.ENCAPSULATED:
        return _identification_length(buffer)
    return _ANSWER_FIXED.get(function, 0)


def _identification_length(buffer: bytearray) -> int | None:
    """Return the length of an answer with objects, each with its own length (6.21)."""
    at = 8
    if len(buffer) < at:
        return None
    for _ in range(buffer[7]):
        if len(buffer) < at + 2:
            return None
        at += 2 + buffer[at + 1]
    return at + 2
