"""The protocol's own bytes: no bytes at all end in a surprise, and errors say what to do."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import PetraError
from petra.drivers import GarbledError, PointError, SessionError
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


@pytest.mark.parametrize(
    ("calling", "called", "pdu", "agreed"),
    [(4, 3, 480, (480, 3)), (1, 8, 240, (240, 1)), (0, 0, 112, (112, 1)), (8, 8, 960, (960, 8))],
)
def test_what_a_plc_grants_is_agreed(calling, called, pdu, agreed):
    granted = struct.pack(">BBHHH", 0xF0, 0, calling, called, pdu)
    assert wire.setup_reply(wire.reply(answer(granted))) == agreed


@pytest.mark.parametrize(
    ("parameters", "said"),
    [(struct.pack(">BBHHH", 0xF0, 0, 1, 1, 111), "at least 112"), (b"\4\1", "does not negotiate")],
)
def test_a_plc_that_does_not_negotiate_ends_the_session(parameters, said):
    with pytest.raises(SessionError, match=said):
        wire.setup_reply(wire.reply(answer(parameters)))


THREE = [Item(DB, 1, 0, 3), Item(TIMER, 0, 1, 1), Item(DB, 1, 8, 1)]


@pytest.mark.parametrize("kind", [2, 3], ids=["ack", "ack-data"])
@pytest.mark.parametrize("padded", [b"", b"\0"], ids=["plain", "padded"])
def test_items_are_cut_by_their_own_lengths(kind, padded):
    """A length counts bits or bytes; after an odd one comes a byte that means nothing."""
    data = struct.pack(">BBH3sx", wire.OK, 5, 24, b"abc") + struct.pack(">BBH2s", wire.OK, 9, 2, b"de")
    data += struct.pack(">BBH", wire.OK, 4, 8) + b"f" + padded
    found = wire.read_reply(wire.reply(answer(b"\4\3", data, kind=kind)), THREE)
    assert found == [b"abc", b"de", b"f"]


def test_a_failed_item_has_no_data_whatever_length_it_says():
    data = struct.pack(">BBH", 5, 0, 4) + struct.pack(">BBH2s", wire.OK, 9, 2, b"de")
    first, second = wire.read_reply(wire.reply(answer(b"\4\2", data)), THREE[:2])
    assert isinstance(first, PointError)
    assert second == b"de"
    (alone,) = wire.read_reply(wire.reply(answer(b"\4\1", data[:4])), THREE[:1])
    assert isinstance(alone, PointError)


@pytest.mark.parametrize(
    ("parameters", "data"),
    [
        (b"\4\2", struct.pack(">BBH3s", wire.OK, 4, 24, b"abc")),
        (b"\4\1", struct.pack(">BBH2s", wire.OK, 4, 24, b"ab")),
        (b"\4\1", struct.pack(">BBH4s", wire.OK, 4, 32, b"abcd")),
        (b"\4\1", b"\xff\4"),
        (b"\4\1", b""),
        (b"\5\1", struct.pack(">BBH3s", wire.OK, 4, 24, b"abc")),
        (b"", b""),
    ],
    ids=["too-many", "cut", "too-long", "head-cut", "empty", "of-a-write", "nothing"],
)
def test_an_answer_that_does_not_match_its_request_ends_the_session(parameters, data):
    with pytest.raises(GarbledError):
        wire.read_reply(wire.reply(answer(parameters, data)), THREE[:1])


def test_fewer_items_than_asked_for_are_no_answer():
    data = struct.pack(">BBH3s", wire.OK, 4, 24, b"abc")
    with pytest.raises(GarbledError, match="another request"):
        wire.read_reply(wire.reply(answer(b"\4\1", data + bytes(40))), THREE)


@pytest.mark.parametrize("more", [b"", b"\0"], ids=["plain", "padded"])
def test_a_write_is_confirmed_or_refused_by_one_code(more):
    wire.write_reply(wire.reply(answer(b"\5\1", b"\xff" + more)))
    with pytest.raises(PointError, match="code 0x05"):
        wire.write_reply(wire.reply(answer(b"\5\1", b"\5" + more)))


@pytest.mark.parametrize(("parameters", "data"), [(b"\4\1", b"\xff"), (b"\5\1", b"")])
def test_what_does_not_confirm_a_write_ends_the_session(parameters, data):
    with pytest.raises(GarbledError):
        wire.write_reply(wire.reply(answer(parameters, data)))


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        ("0200000702f080", "not S7"),
        ("0300000602f0", "not S7"),
        ("03000004", "not S7"),
        ("0300200102f080", "not S7"),
        ("03000007028080", "ended the connection"),
        ("03000011027080" + "32" + "00" * 9, "not S7"),
        ("0300001102f080" + "72" + "00" * 9, "not S7"),
        ("0300001002f080" + "32" + "00" * 8, "not S7"),
    ],
    ids=["version", "short", "empty", "long", "disconnected", "other", "protocol", "header-cut"],
)
def test_what_is_not_s7_ends_the_session(packet, said):
    with pytest.raises(GarbledError, match=said):
        wire.S7Framing().take(bytearray.fromhex(packet))


def test_a_packet_is_cut_once_it_is_whole():
    packet = bytes.fromhex("0300001102f080" + "3203000000a5" + "0000" * 2)
    buffer = bytearray()
    for byte in packet[:-1]:
        buffer.append(byte)
        assert wire.S7Framing().take(buffer) is None
    buffer += packet[-1:] + b"rest"
    assert wire.S7Framing().take(buffer) == (0xA5, packet[7:])
    assert buffer == b"rest"


def test_a_status_list_has_records_of_its_own_length():
    records = [b"\0\1first", b"\0\2other"]
    listed = struct.pack(">HHHH", 0x1C, 0, 7, 2) + b"".join(records)
    content = struct.pack(">BBH", wire.OK, 9, len(listed)) + listed
    head = struct.pack(">BBHHHH", 0x32, 7, 0, 5, 12, len(content))
    part = wire.status_reply(head + bytes.fromhex("000112081284010300000000") + content)
    assert (part.sequence, part.is_last) == (3, True)
    assert wire.status_records(part.data) == records


@pytest.mark.parametrize(
    "pdu",
    [
        struct.pack(">BBHHHHBBH", 0x32, 3, 0, 5, 0, 0, 0x81, 4, 0)[:12],
        answer(b"\4\1", b"\5\0\0\0"),
        struct.pack(">BBHHHH", 0x32, 7, 0, 5, 12, 4) + bytes.fromhex("0001120812840101000000000a000000"),
        struct.pack(">BBHHHH", 0x32, 7, 0, 5, 12, 4) + bytes.fromhex("00011208128401010000d4010a000000"),
    ],
    ids=["header", "of-a-read", "no-list", "not-understood"],
)
def test_a_plc_without_a_status_list_is_a_point_error(pdu):
    with pytest.raises(PointError):
        wire.status_records(wire.status_reply(pdu).data)
