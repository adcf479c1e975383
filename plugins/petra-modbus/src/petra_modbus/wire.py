"""Modbus on the wire: pymodbus encodes requests and frames; what its decoders do not check is checked here.

This is the only module that imports pymodbus, whose names move between minor versions. Pure; no input or
output. Numbers in parentheses are sections of the MODBUS Application Protocol Specification V1.1b3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import (
    DecodePDU,
    ExceptionResponse,
    ModbusPDU,
    ReadCoilsRequest,
    ReadDeviceInformationRequest,
    ReadHoldingRegistersRequest,
)
from pymodbus.pdu.bit_message import (
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.mei_message import ReadDeviceInformationResponse
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from petra.drivers import BusyError, GarbledError, NoAnswerError, PointError

from .address import Area

_READS: dict[Area, type[ModbusPDU]] = {
    Area.COIL: ReadCoilsRequest,
    Area.DISCRETE: ReadDiscreteInputsRequest,
    Area.HOLDING: ReadHoldingRegistersRequest,
    Area.INPUT: ReadInputRegistersRequest,
}
_OTHERS: tuple[type[ModbusPDU], ...] = (
    WriteSingleCoilRequest,
    WriteSingleRegisterRequest,
    WriteMultipleCoilsRequest,
    WriteMultipleRegistersRequest,
    MaskWriteRegisterRequest,
    ReadDeviceInformationRequest,
)
_ASKED = frozenset(kind.function_code for kind in (*_READS.values(), *_OTHERS))
"""The functions that are requested here; an answer to any other is not one of ours."""

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
_ACCEPTED, _BUSY = 5, 6
_NOT_REACHED = (10, 11)

# what is requested


def read_request(area: Area, start: int, count: int) -> bytes:
    """Return the request that reads registers or bits (6.1 to 6.4)."""
    return _encoded(_READS[area](address=start, count=count))


def write_register_request(address: int, value: bytes) -> bytes:
    """Return the request that writes one register (6.6)."""
    return _encoded(WriteSingleRegisterRequest(address=address, registers=_numbers(value)))


def write_registers_request(address: int, values: bytes) -> bytes:
    """Return the request that writes several registers (6.12)."""
    return _encoded(WriteMultipleRegistersRequest(address=address, registers=_numbers(values)))


def write_coil_request(address: int, *, on: bool) -> bytes:
    """Return the request that writes one coil (6.5)."""
    return _encoded(WriteSingleCoilRequest(address=address, bits=[on]))


def write_coils_request(address: int, values: Sequence[bool]) -> bytes:
    """Return the request that writes several coils (6.11)."""
    return _encoded(WriteMultipleCoilsRequest(address=address, bits=values))


def mask_write_request(address: int, bit: int, *, on: bool) -> bytes:
    """Return the request that sets or clears one bit of a register and leaves the others (6.16)."""
    mask = 1 << bit
    return _encoded(MaskWriteRegisterRequest(address, and_mask=0xFFFF & ~mask, or_mask=mask if on else 0))


def identification_request() -> bytes:
    """Return the request for what a unit says of itself, the basic objects (6.21)."""
    return _encoded(ReadDeviceInformationRequest(read_code=1))


def _encoded(message: ModbusPDU) -> bytes:
    return message.function_code.to_bytes(1) + message.encode()


def _numbers(registers: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(registers) // 2}H", registers)


# what is answered


def read_answer(request: bytes, pdu: bytes, length: int) -> bytes:
    """Return the data of an answer, of exactly that many bytes.

    pymodbus would make a list of numbers of it, at twelve times the cost of the struct that reads the values.
    """
    check_answer(request, pdu)
    if len(pdu) != length + 2 or pdu[1] != length:
        raise NoAnswerError(f"an answer of {len(pdu) - 2} bytes, where {length} were asked for")
    return pdu[2:]


def check_answer(request: bytes, pdu: bytes) -> None:
    """Raise the error that an answer reports (7), or that it answers another function."""
    function = request[0]
    if not pdu:
        raise NoAnswerError("an empty answer")
    if pdu[0] == function:
        return
    if pdu[0] != function | 0x80 or len(pdu) < 2:
        raise NoAnswerError(f"an answer to function {pdu[0] & 0x7F}, where {function} was asked for")
    refusal = ExceptionResponse(function)
    refusal.decode(pdu[1:])
    code = refusal.exception_code
    said = f"{_EXCEPTIONS.get(code, 'the device refuses')} (exception {code})"
    if code in (_ACCEPTED, _BUSY):
        raise BusyError(said)
    if code in _NOT_REACHED:
        raise NoAnswerError(said)
    raise PointError(said)


def check_written(request: bytes, pdu: bytes) -> None:
    """Raise what an answer says went wrong with a request that writes.

    An answer repeats what was written. It is compared byte by byte: the decoder of pymodbus takes every
    number for a coil that is on, and ignores bytes that are too many.
    """
    if pdu == bytes((request[0] | 0x80, _ACCEPTED)):
        return  # exception 5 is no refusal: the device has taken the request and needs long for it (7)
    check_answer(request, pdu)
    echoed = 7 if request[0] == MaskWriteRegisterRequest.function_code else 5
    if pdu[:echoed] != request[:echoed]:
        raise NoAnswerError("the unit confirms something else than what was written")


def identification_answer(request: bytes, pdu: bytes) -> dict[int, str]:
    """Return the objects by which a unit describes itself (6.21), as far as they can be read."""
    check_answer(request, pdu)
    found = ReadDeviceInformationResponse()
    with suppress(struct.error, IndexError):  # of one that is cut off, what came before is kept
        found.decode(pdu[1:])
    texts = found.information.items()
    return {number: text.decode("latin-1") for number, text in texts if isinstance(text, bytes)}


# frames

# Modbus/TCP Security has the same header inside TLS; the TLS framer of pymodbus takes all that has
# arrived for one frame, and several requests may be under way.
_TCP = FramerSocket(DecodePDU(is_server=False))
_RTU = FramerRTU(DecodePDU(is_server=False))
_LONGEST_RTU = 260
"""Bytes of the longest RTU frame whose length fits into its byte of length; the specification allows 256."""


def tcp_frame(reference: int, unit: int, pdu: bytes) -> bytes:
    """Return a frame of Modbus TCP."""
    return _TCP.encode(pdu, unit, reference)


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Return a frame of Modbus RTU."""
    return _RTU.encode(pdu, unit, 0)


class TcpFraming:
    """Modbus TCP: a header contains reference and length."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one frame: its reference, and unit and PDU.

        The header is checked here: pymodbus waits without end after a protocol other than 0, and believes
        every length. It is given one frame alone, because it lengthens a frame by one byte that follows it
        where the header counts two (it allows for devices that miscount an exception).
        """
        if len(buffer) < 7:
            return None
        _, protocol, length = struct.unpack_from(">HHH", buffer)
        if protocol or not 2 <= length <= 254:
            raise GarbledError("what arrives is not Modbus TCP")
        if len(buffer) < 6 + length:
            return None
        frame = bytes(buffer[: 6 + length])
        del buffer[: 6 + length]
        _, unit, reference, pdu = _TCP.decode(frame)
        return reference, bytes((unit,)) + pdu


class _RtuFraming:
    """Modbus RTU. A frame has no header: its length follows from its function.

    pymodbus is given one frame alone. Otherwise it would search for a frame among bytes that it does not
    understand, in quadratic time, and drop what follows one.
    """

    def __init__(self, *, is_server: bool) -> None:
        self._decoder = DecodePDU(is_server=is_server)
        known = self._decoder.pdu_table.items()
        self._decoder.pdu_table = {code: kinds for code, kinds in known if code in _ASKED}
        self._framer = FramerRTU(self._decoder)

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one frame: the reference 0, and unit and PDU; None while it is incomplete.

        A garbled frame is empty, and everything that has arrived is dropped with it: where the next one
        begins cannot be told.
        """
        length = self._length(buffer)
        if length is None:
            return None
        _, unit, _, pdu = self._framer.decode(bytes(buffer[:length]))
        if not pdu:
            buffer.clear()
            return 0, b""
        del buffer[:length]
        return 0, bytes((unit,)) + pdu

    def _length(self, buffer: bytearray) -> int | None:
        """Return the length of a complete frame, None while it is incomplete, 0 when it cannot be one."""
        if len(buffer) < 3:
            return None
        head = bytes(buffer[:_LONGEST_RTU])
        kind = self._decoder.lookupPduClass(head)
        if kind is None:
            return 0
        # pymodbus returns 0, 998 or 999 as long as the bytes that tell the length are missing
        length = kind.calculateRtuFrameSize(head)
        if 0 < length <= len(head):
            return length
        return None if len(head) < _LONGEST_RTU else 0


class RtuFraming(_RtuFraming):
    """Modbus RTU as the client sees it: every frame is an answer."""

    def __init__(self) -> None:
        super().__init__(is_server=False)


class RtuRequests(_RtuFraming):
    """Modbus RTU as a unit sees it: every frame is a request, and a garbled one is passed over."""

    def __init__(self) -> None:
        super().__init__(is_server=True)

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one request: the reference 0, and unit and PDU."""
        frame = super().take(buffer)
        return frame if frame and frame[1] else None
