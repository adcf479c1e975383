"""The protocol's own bytes: no bytes at all end in a surprise, and errors say what to do."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import PetraError
from petra.drivers import GarbledError, PointError
from petra_s7 import wire
from petra_s7.address import Area, parse
from petra_s7.codec import Codec
from petra_s7.memory import Memory
from petra_s7.points import Place
from petra_s7.wire import Item

ITEMS = [Item(Area.DB, 1, 0, 4), Item(Area.MERKER, 0, 2, 1)]


DB, MERKER, TIMER, COUNTER = Area.DB, Area.MERKER, Area.TIMER, Area.COUNTER


@pytest.mark.parametrize(
    ("packet", "sent"),
    [
        (wire.connection_request(0x0100, 0x0102), "0300001611e00000000100c1020100c2020102c0010a"),
        (wire.setup_request(960, 4), "0300001902f08032010000000500080000f0000004000403c0"),
        (
            wire.read_request([Item(DB, 1, 0, 4)]),
            "0300001f02f080320100000005000e00000401120a10020004000184000000",
        ),
        (
            wire.read_request([Item(DB, 1, 0, 4), Item(MERKER, 0, 2, 1)]),
            "0300002b02f080320100000005001a00000402120a10020004000184000000120a10020001000083000010",
        ),
        (
            wire.read_request([Item(TIMER, 0, 5, 3), Item(MERKER, 0, 2, 1)]),
            "0300002b02f080320100000005001a00000402120a101d000300001d000005120a10020001000083000010",
        ),
        (
            wire.read_request([Item(DB, 2, 3, 1, bit=6)]),
            "0300001f02f080320100000005000e00000401120a1001000100028400001e",
        ),
        (
            wire.write_request(Item(DB, 258, 4, 2), b"\xab\xcd"),
            "0300002502f080320100000005000e00060501120a1002000201028400002000040010abcd",
        ),
        (
            wire.write_request(Item(MERKER, 0, 10, 1, bit=3), b"\1"),
            "0300002402f080320100000005000e00050501120a100100010000830000530003000101",
        ),
        (
            wire.write_request(Item(COUNTER, 0, 7, 1), b"\1\x27"),
            "0300002502f080320100000005000e00060501120a101c000100001c000007000900020127",
        ),
        (
            wire.status_request(0x1C, 2),
            "0300002102f080320700000005000800080001120411440100ff090004001c0002",
        ),
        (
            wire.rest_request(wire.StatusPart(b"", 9, is_last=False)),
            "0300002102f080320700000005000c00040001120812440109000000000a000000",
        ),
    ],
    ids=[
        "connect",
        "setup",
        "read",
        "several",
        "timers",
        "bit",
        "write",
        "write-bit",
        "write-counter",
        "status",
        "rest",
    ],
)
def test_requests_are_as_the_protocol_wants_them(packet, sent):
    """The bytes were written down from our own encoder, before python-snap7 took its place."""
    assert wire.referenced(packet, 5).hex() == sent if packet[5] == 0xF0 else packet.hex() == sent


def answer(parameters: bytes, data: bytes = b"", *, kind: int = 3, error: bytes = b"\0\0") -> bytes:
    """Return the PDU of an answer to a job."""
    lengths = struct.pack(">HH", len(parameters), len(data))
    return bytes((0x32, kind, 0, 0, 0, 5)) + lengths + error + parameters + data


@pytest.mark.parametrize(
    ("code", "said"),
    [(0x03, "PUT/GET"), (0x05, "no such address"), (0x0A, "no such block"), (0x77, "refuses")],
)
def test_a_refused_item_says_what_to_do_and_leaves_the_others(code, said):
    data = struct.pack(">BBH", code, 0, 0) + struct.pack(">BBH", wire.OK, 4, 8) + b"\x2a"
    first, second = wire.read_reply(wire.reply(answer(b"\4\2", data)), ITEMS)
    assert isinstance(first, PointError)
    assert said in str(first)
    assert second == b"\x2a"


def test_put_and_get_that_are_switched_off_say_so():
    refused = struct.pack(">BBHHHHBB", 0x32, 3, 0, 1, 0, 0, 0x81, 0x04)
    with pytest.raises(PointError, match="permit PUT/GET"):
        wire.reply(refused)


@given(st.binary(max_size=600), st.data())
def test_no_bytes_end_in_a_surprise(stream, data):
    cut, buffer = wire.S7Framing(), bytearray()
    while stream:
        piece = data.draw(st.integers(1, len(stream)))
        buffer += stream[:piece]
        stream = stream[piece:]
        try:
            while (frame := cut.take(buffer)) is not None:
                assert isinstance(frame[1], bytes)
        except GarbledError:
            return


def read_any(pdu: bytes) -> None:
    """Take an answer for one to each kind of request; nothing but our own errors may come of it."""
    for read in (
        lambda: wire.read_reply(wire.reply(pdu), ITEMS),
        lambda: wire.read_reply(wire.reply(pdu), ITEMS[:1]),
        lambda: wire.write_reply(wire.reply(pdu)),
        lambda: wire.setup_reply(wire.reply(pdu)),
        lambda: wire.status_reply(pdu),
    ):
        try:
            read()
        except PetraError:
            continue


@given(st.binary(min_size=10, max_size=300))
def test_no_answer_ends_in_a_surprise(pdu):
    read_any(pdu)


@given(
    st.binary(max_size=120),
    st.binary(max_size=120),
    st.sampled_from([b"\4\2", b"\4\1", b"\5\1", b"\xf0", b"\x1a", b"", b"\0\1\x12\x08\x12\x84\1"]),
    st.sampled_from([2, 3, 7]),
)
def test_no_data_of_an_answer_end_in_a_surprise(more, data, head, kind):
    pdu = answer(head + more, data, kind=kind)
    read_any(pdu)
    read_any(pdu[:10] + pdu[12:])  # a status has no error in its header


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from([1, 7]))
def test_no_request_crashes_the_simulator(parameters, data, kind):
    memory = Memory([Place(parse("DB1.DBW0"), Codec("word"))])
    head = struct.pack(">BBHHHH", 0x32, kind, 0, 1, len(parameters), len(data))
    assert memory.answer(head + parameters + data)[:1] == b"\3"
