"""A judge that shares no line with pymodbus or the plugin: frames and a unit as the specification has them.

Numbers in parentheses are sections of the MODBUS Application Protocol Specification V1.1b3; "serial" is
MODBUS over Serial Line V1.02, "tcp" the MODBUS Messaging on TCP/IP Implementation Guide V1.0b.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from petra import PetraError
from petra.drivers import NoAnswerError, SessionError
from petra_modbus import wire
from petra_modbus.address import Area
from petra_modbus.client import Line, open_line, read, write
from petra_modbus.transport import Transport

UNIT = 17


def check_sum(data: bytes) -> bytes:
    """The CRC bit by bit, the low byte first (serial 2.5.1.2, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value, odd = value >> 1, value & 1
            value ^= 0xA001 * odd
    return bytes((value & 0xFF, value >> 8))


def serial_frame(unit: int, pdu: bytes) -> bytes:
    return bytes((unit,)) + pdu + check_sum(bytes((unit,)) + pdu)


def tcp_frame(reference: int, unit: int, pdu: bytes) -> bytes:
    """Transaction, protocol 0, length of what follows, unit (tcp 3.1.3)."""
    return b"".join(n.to_bytes(2, "big") for n in (reference, 0, len(pdu) + 1)) + bytes((unit,)) + pdu


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    return [stream[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]


def cut_all(
    framing: wire.TcpFraming | wire.RtuFraming | wire.RtuRequests, parts: list[bytes]
) -> list[object]:
    """Return the frames that come out, and the name of the error that ends them."""
    buffer, found = bytearray(), list[object]()
    for part in parts:
        buffer += part
        try:
            while (frame := framing.take(buffer)) is not None:
                found.append(frame)
        except PetraError as error:
            return [*found, type(error).__name__]
    return found


ANSWERS = st.one_of(
    st.builds(lambda f, d: bytes((f, len(d))) + d, st.integers(1, 4), st.binary(max_size=250)),
    st.builds(
        lambda f, d: bytes((f,)) + d, st.sampled_from([5, 6, 15, 16]), st.binary(min_size=4, max_size=4)
    ),
    st.builds(lambda d: b"\x16" + d, st.binary(min_size=6, max_size=6)),
    st.builds(lambda f, code: bytes((f | 0x80, code)), st.integers(1, 127), st.integers(0, 255)),
    st.builds(
        lambda texts: (
            bytes((43, 14, 1, 1, 0, 0, len(texts)))
            + b"".join(bytes((i, len(text))) + text for i, text in enumerate(texts))
        ),
        st.lists(st.binary(max_size=40), max_size=5),
    ),
)
CUTS = st.lists(st.integers(0, 1_600), max_size=12)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), ANSWERS), max_size=5), CUTS)
def test_tcp_frames_of_the_specification_are_cut_wherever_the_stream_is(frames, cuts):
    stream = b"".join(tcp_frame(*frame) for frame in frames)
    expected = [(reference, bytes((unit,)) + pdu) for reference, unit, pdu in frames]
    assert cut_all(wire.TcpFraming(), pieces(stream, cuts)) == expected
    assert stream == b"".join(wire.tcp_frame(*frame) for frame in frames)


@given(st.lists(st.tuples(st.integers(0, 255), ANSWERS), max_size=5), CUTS)
def test_rtu_frames_of_the_specification_are_cut_wherever_the_stream_is(frames, cuts):
    stream = b"".join(serial_frame(*frame) for frame in frames)
    assert cut_all(wire.RtuFraming(), pieces(stream, cuts)) == [
        (0, bytes((unit,)) + pdu) for unit, pdu in frames
    ]
    assert stream == b"".join(wire.rtu_frame(*frame) for frame in frames)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary(min_size=2, max_size=252), CUTS)
@example(0, 1, b"\3\2", [])
@example(0, 2, b"\3\2", [7])
@example(0, 254, bytes(253), [1])
@example(0, 255, bytes(254), [])
@example(1, 254, bytes(253), [])
@example(0x100, 254, bytes(253), [])
def test_a_header_is_believed_only_as_far_as_the_specification_goes(protocol, length, rest, cuts):
    """Another protocol, or a length that no frame has, ends the session instead of waiting."""
    stream = struct.pack(">HHHB", 7, protocol, length, UNIT) + rest
    found = cut_all(wire.TcpFraming(), pieces(stream, cuts))
    if protocol or not 2 <= length <= 254:
        assert found == ["GarbledError"]
    elif len(rest) >= length - 1:
        assert found[0] == (7, bytes((UNIT,)) + rest[: length - 1])
    else:
        assert found == []


@pytest.mark.parametrize("chunk", [1, 8, 9, 17])
def test_a_frame_is_the_same_whatever_arrives_with_it(chunk):
    """The framer of pymodbus takes a byte more where a header counts two and exactly nine bytes are there."""
    short, good = tcp_frame(1, UNIT, b"\x83"), tcp_frame(2, UNIT, b"\x83\2")
    stream = short + good
    parts = [stream[i : i + chunk] for i in range(0, len(stream), chunk)]
    assert cut_all(wire.TcpFraming(), parts) == [(1, b"\x11\x83"), (2, b"\x11\x83\2")]


@given(st.integers(0, 255), ANSWERS, st.integers(0, 10_000))
def test_a_changed_bit_makes_an_rtu_frame_garbled_or_longer(unit, pdu, place):
    frame = bytearray(serial_frame(unit, pdu))
    frame[place // 8 % len(frame)] ^= 1 << place % 8
    found = cut_all(wire.RtuFraming(), [bytes(frame)])
    assert all(each == (0, b"") for each in found)


@pytest.mark.parametrize("head", ["112b0e01010000ff", "1103ff", "112b0d", "1107", "110f", "111100"])
def test_a_hostile_length_holds_no_more_than_a_frame(head):
    """Whatever a length says: after 260 bytes there is a frame or it is given up."""
    cut, buffer = wire.RtuFraming(), bytearray.fromhex(head)
    found = 0
    for _ in range(2_000):
        buffer += b"\xff"
        found += cut.take(buffer) is not None
        assert len(buffer) <= 260
    assert found


REQUESTS = [
    (wire.read_request(Area.COIL, 0x13, 0x25), "0100130025"),
    (wire.write_registers_request(1, b"\0\x0a\1\2"), "100001000204000a0102"),
    (wire.write_coils_request(0x13, [True] * 9), "0f0013000902ff01"),
    (wire.mask_write_request(4, 1, on=True), "160004fffd0002"),
    (wire.identification_request(), "2b0e0100"),
]


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_a_unit_cuts_requests_of_the_specification(chunk):
    expected = [(0, bytes((UNIT,)) + bytes.fromhex(pdu)) for _, pdu in REQUESTS]
    stream = b"".join(serial_frame(UNIT, bytes.fromhex(pdu)) for _, pdu in REQUESTS)
    assert [made for made, _ in REQUESTS] == [bytes.fromhex(pdu) for _, pdu in REQUESTS]
    parts = [stream[i : i + chunk] for i in range(0, len(stream), chunk)]
    assert cut_all(wire.RtuRequests(), parts) == expected


def test_a_unit_drops_what_is_garbled_and_hears_the_next_request():
    bad, good = serial_frame(UNIT, b"\3\0\0\0\1")[:-1] + b"\0", serial_frame(UNIT, b"\3\0\0\0\1")
    assert cut_all(wire.RtuRequests(), [bad, good]) == [(0, b"\x11\3\0\0\0\1")]


# a unit on a plain socket

Answer = Callable[[bytes], list[bytes]]
"""Returns the pieces that are sent for all that was read at once."""


async def asked(kind: str, answer: Answer, questions: Callable[[Line], object], within: float = 60.0) -> None:
    """Let a line ask a unit on a plain socket, each read of which is answered by a function."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(4_096):
                for piece in answer(data):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)  # a piece for each turn of the loop
        writer.close()
        left.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = await open_line(Transport(type=kind, host="127.0.0.1", port=port), within)  # type: ignore[arg-type]
    try:
        await questions(line)  # type: ignore[misc]
    finally:
        line.exchange.close()
        await left.wait()
        server.close()
        await server.wait_closed()


def one_register(kind: str, request: bytes, pdu: bytes = b"\3\2\x12\x34") -> bytes:
    if kind == "tcp":
        return tcp_frame(int.from_bytes(request[:2]), request[6], pdu)
    return serial_frame(request[0], pdu)


KINDS = pytest.mark.parametrize("kind", ["tcp", "rtu_over_tcp"])


@KINDS
def test_a_plain_unit_is_asked_and_answers_byte_by_byte(kind):
    seen = []

    def answer(data: bytes) -> list[bytes]:
        seen.append(data)
        return [bytes((byte,)) for byte in one_register(kind, data)]

    async def questions(line: Line) -> None:
        assert await read(line, UNIT, Area.HOLDING, 0x6B, 1) == b"\x12\x34"

    asyncio.run(asked(kind, answer, questions))
    pdu = bytes.fromhex("03006b0001")
    assert seen == [tcp_frame(1, UNIT, pdu) if kind == "tcp" else serial_frame(UNIT, pdu)]


def test_several_answers_in_one_read_go_to_those_who_asked():
    """Four requests under way, answered together and in the reverse order."""
    held: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        held.extend(data[i : i + 12] for i in range(0, len(data), 12))
        if len(held) < 4:
            return []
        frames = [tcp_frame(int.from_bytes(r[:2]), r[6], b"\3\2" + r[8:10]) for r in reversed(held)]
        return [b"".join(frames)]

    async def questions(line: Line) -> None:
        found = await asyncio.gather(*(read(line, UNIT, Area.HOLDING, at, 1) for at in (5, 6, 7, 8)))
        assert found == [bytes((0, at)) for at in (5, 6, 7, 8)]

    asyncio.run(asked("tcp", answer, questions))


def test_references_begin_again_after_the_last():
    """They have two bytes (tcp 3.1.3); a session that lasts sends more requests than that."""
    seen = []

    def answer(data: bytes) -> list[bytes]:
        seen.append(int.from_bytes(data[:2]))
        return [one_register("tcp", data)]

    async def questions(line: Line) -> None:
        line._reference = 0xFFFE  # type: ignore[attr-defined]  # so many requests were sent before
        for _ in range(3):
            await read(line, UNIT, Area.HOLDING, 0, 1)

    asyncio.run(asked("tcp", answer, questions))
    assert seen == [0xFFFF, 0, 1]


def test_an_answer_to_another_reference_is_nobodys():
    """It comes first; the answer that was waited for is the one that counts."""

    def answer(data: bytes) -> list[bytes]:
        reference = int.from_bytes(data[:2])
        return [tcp_frame(reference + 1, UNIT, b"\3\2\xff\xff") + tcp_frame(reference, UNIT, b"\3\2\0\1")]

    async def questions(line: Line) -> None:
        assert await read(line, UNIT, Area.HOLDING, 0, 1) == b"\0\1"

    asyncio.run(asked("tcp", answer, questions))


@KINDS
@pytest.mark.parametrize(
    ("pdu", "said"),
    [
        ("0304ffffffff", "4 bytes, where 2 were asked for"),
        ("030100", "1 bytes, where 2 were asked for"),
        ("0402ffff", "an answer to function 4, where 3 was asked for"),
        ("830b", "the unit behind the gateway does not answer"),
    ],
)
def test_an_answer_of_the_wrong_kind_or_length_is_no_answer(kind, pdu, said):
    async def questions(line: Line) -> None:
        with pytest.raises(NoAnswerError, match=said):
            await read(line, UNIT, Area.HOLDING, 0, 1)

    asyncio.run(asked(kind, lambda data: [one_register(kind, data, bytes.fromhex(pdu))], questions))


def test_a_unit_that_another_one_answers_for_has_not_answered():
    async def questions(line: Line) -> None:
        with pytest.raises(NoAnswerError, match="unit 18 answered, where unit 17 was asked"):
            await read(line, UNIT, Area.HOLDING, 0, 1)

    asyncio.run(asked("rtu_over_tcp", lambda _: [serial_frame(18, b"\3\2\0\1")], questions, within=0.1))


def test_a_wrong_check_sum_is_said():
    async def questions(line: Line) -> None:
        with pytest.raises(NoAnswerError, match="its check sum is wrong"):
            await read(line, UNIT, Area.HOLDING, 0, 1)

    asyncio.run(asked("rtu_over_tcp", lambda _: [b"\x11\3\2\0\1\0\0"], questions, within=0.1))


def test_a_stream_that_is_not_modbus_ends_the_session():
    async def questions(line: Line) -> None:
        with pytest.raises(SessionError, match="not Modbus TCP"):
            await read(line, UNIT, Area.HOLDING, 0, 1)

    asyncio.run(asked("tcp", lambda _: [b"HTTP/1.1 400 Bad Request\r\n"], questions))


WRITES = [
    (wire.write_coil_request(0xAC, on=True), "0500acff00", True),
    (wire.write_coil_request(0xAC, on=True), "0500ac0000", False),
    (wire.write_coil_request(0xAC, on=True), "0500ac1234", False),
    (wire.write_coil_request(0xAC, on=True), "0500adff00", False),
    (wire.write_register_request(1, b"\0\3"), "0600010003", True),
    (wire.write_register_request(1, b"\0\3"), "0600010004", False),
    (wire.write_registers_request(1, b"\0\3\0\4"), "1000010002", True),
    (wire.write_registers_request(1, b"\0\3\0\4"), "1000010001", False),
    (wire.write_coils_request(1, [True, False]), "0f00010002", True),
    (wire.write_coils_request(1, [True, False]), "0f00020002", False),
    (wire.mask_write_request(4, 1, on=True), "160004fffd0002", True),
    (wire.mask_write_request(4, 1, on=True), "160004fffd0000", False),
    (wire.write_register_request(1, b"\0\3"), "0600", False),
    (wire.write_register_request(1, b"\0\3"), "8605", True),
]


@pytest.mark.parametrize(("request_", "echo", "taken"), WRITES)
def test_a_write_is_confirmed_by_its_echo_alone(request_, echo, taken):
    async def questions(line: Line) -> None:
        if taken:
            await write(line, UNIT, request_)
        else:
            with pytest.raises(NoAnswerError):
                await write(line, UNIT, request_)

    asyncio.run(asked("tcp", lambda data: [one_register("tcp", data, bytes.fromhex(echo))], questions))


@pytest.mark.parametrize(
    ("pdu", "found"),
    [
        ("2b0e01010000020003414243010131", {0: "ABC", 1: "1"}),
        ("2b0e01010000020003414243010531", {0: "ABC", 1: "1"}),  # cut off within the second
        ("2b0e0101000002000341424301", {0: "ABC"}),  # before its length
        ("2b0e0101", {}),
        ("2b", {}),
    ],
)
def test_an_identification_is_read_as_far_as_it_goes(pdu, found):
    assert wire.identification_answer(wire.identification_request(), bytes.fromhex(pdu)) == found
