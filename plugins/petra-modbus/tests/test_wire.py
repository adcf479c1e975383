"""The protocol's own bytes: examples of the specification, and no bytes at all that end in a surprise."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import PetraError
from petra.drivers import BusyError, GarbledError, NoAnswerError, PointError
from petra_modbus import wire
from petra_modbus.address import Area
from petra_modbus.memory import Memory


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (wire.read_request(Area.COIL, 0x13, 0x13), "0100130013"),  # 6.1
        (wire.read_request(Area.DISCRETE, 0xC4, 0x16), "0200c40016"),  # 6.2
        (wire.read_request(Area.HOLDING, 0x6B, 3), "03006b0003"),  # 6.3
        (wire.read_request(Area.INPUT, 8, 1), "0400080001"),  # 6.4
        (wire.write_coil_request(0xAC, on=True), "0500acff00"),  # 6.5
        (wire.write_coil_request(0xAC, on=False), "0500ac0000"),
        (wire.write_register_request(1, b"\0\3"), "0600010003"),  # 6.6
        (wire.write_coils_request(0x13, [b == "1" for b in "1011001110"]), "0f0013000a02cd01"),  # 6.11
        (wire.write_registers_request(1, b"\0\x0a\1\2"), "100001000204000a0102"),  # 6.12
        (wire.mask_write_request(4, 5, on=True), "160004ffdf0020"),  # 6.16
        (wire.mask_write_request(4, 5, on=False), "160004ffdf0000"),
        (wire.identification_request(), "2b0e0100"),  # 6.21
        (wire.rtu_frame(1, bytes.fromhex("0300000001")), "010300000001840a"),
        (wire.tcp_frame(0x1501, 0xFF, bytes.fromhex("0300040001")), "150100000006ff0300040001"),
    ],
)
def test_requests_are_those_of_the_specification(made, expected):
    assert made.hex() == expected


def test_a_mask_write_sets_one_bit_and_leaves_the_others():
    """0x12 with and-mask 0xF2 and or-mask 0x25 is 0x17 (6.16)."""
    memory = Memory([1])
    memory.answer(1, wire.write_register_request(4, b"\0\x12"))
    assert memory.answer(1, bytes.fromhex("16000400f20025")) == bytes.fromhex("16000400f20025")
    assert memory.answer(1, bytes.fromhex("0300040001")) == bytes.fromhex("03020017")
    memory.answer(1, wire.mask_write_request(4, 15, on=True))
    memory.answer(1, wire.mask_write_request(4, 0, on=False))
    assert memory.answer(1, bytes.fromhex("0300040001")) == bytes.fromhex("03028016")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("8302", PointError),
        ("8301", PointError),
        ("8303", PointError),
        ("8306", BusyError),
        ("830b", NoAnswerError),
        ("83", NoAnswerError),
        ("", NoAnswerError),
        ("0402ffff", NoAnswerError),
        ("0304ffff", NoAnswerError),
        ("0302ff", NoAnswerError),
        ("0302ffffff", NoAnswerError),
    ],
)
def test_an_answer_says_what_to_do(answer, error):
    with pytest.raises(error):
        wire.read_answer(bytes.fromhex("0300000001"), bytes.fromhex(answer), 2)


@given(
    st.binary(max_size=600), st.sampled_from([wire.TcpFraming, wire.RtuFraming, wire.RtuRequests]), st.data()
)
def test_no_bytes_end_in_a_surprise(stream, framing, data):
    """Cut anywhere: frames come out, or GarbledError, and the buffer never grows without end."""
    cut, buffer = framing(), bytearray()
    while stream:
        piece = data.draw(st.integers(1, len(stream)))
        buffer += stream[:piece]
        stream = stream[piece:]
        try:
            while (frame := cut.take(buffer)) is not None:
                assert isinstance(frame[1], bytes)
        except GarbledError:
            return
    assert len(buffer) <= 260


@given(st.integers(1, 16), st.binary(max_size=260), st.integers(0, 250))
def test_no_answer_ends_in_a_surprise(function, pdu, length):
    with suppress(PetraError):
        assert len(wire.read_answer(bytes((function, 0, 0, 0, 1)), pdu, length)) == length


@given(st.binary(max_size=260))
def test_no_request_crashes_the_simulator(pdu):
    answer = Memory([1]).answer(1, pdu)
    assert answer is None or (1 <= len(answer) <= 253 and answer[0] & 0x7F == pdu[0] & 0x7F)


@given(
    st.lists(
        st.tuples(st.integers(0, 0xFFFF), st.integers(1, 255), st.binary(min_size=1, max_size=250)),
        max_size=6,
    )
)
def test_frames_come_out_as_they_went_in(frames):
    buffer = bytearray(b"".join(wire.tcp_frame(*frame) for frame in frames))
    cut = wire.TcpFraming()
    assert [cut.take(buffer) for _ in frames] == [(ref, bytes((unit,)) + pdu) for ref, unit, pdu in frames]
    assert cut.take(buffer) is None


@given(st.integers(1, 247), st.binary(min_size=4, max_size=4), st.integers(0, 63))
def test_one_changed_bit_of_an_rtu_frame_is_always_noticed(unit, data, place):
    frame = bytearray(wire.rtu_frame(unit, b"\6" + data))
    frame[place // 8] ^= 1 << place % 8
    cut, buffer = wire.RtuFraming(), frame
    assert cut.take(buffer) in ((0, b""), None)
