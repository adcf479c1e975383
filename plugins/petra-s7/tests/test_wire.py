"""The protocol's own bytes: no bytes at all end in a surprise, and errors say what to do."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import PetraError
from petra.drivers import GarbledError, PointError
from petra_s7 import wire
from petra_s7.address import parse
from petra_s7.driver import Place
from petra_s7.memory import Memory
from petra_s7.values import Codec
from petra_s7.wire import Area, Item

ITEMS = [Item(Area.DB, 1, 0, 4), Item(Area.MERKER, 0, 2, 1)]


def test_a_connection_request_is_as_every_client_sends_it():
    assert wire.connection_request(0x0100, 0x0102).hex() == "0300001611e00000000100c0010ac1020100c2020102"


def test_a_read_is_as_every_client_sends_it():
    assert wire.read(5, ITEMS[:1]).hex() == "0300001f02f080320100000005000e00000401120a10020004000184000000"


@pytest.mark.parametrize(
    ("code", "said"),
    [(0x03, "PUT/GET"), (0x05, "no such address"), (0x0A, "no such block"), (0x77, "refuses")],
)
def test_a_refused_item_says_what_to_do_and_leaves_the_others(code, said):
    data = struct.pack(">BBH", code, 0, 0) + struct.pack(">BBH", wire.OK, 4, 8) + b"\x2a"
    first, second = wire.read_reply(wire.Reply(bytes((4, 2)), data), ITEMS)
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


@given(st.binary(min_size=10, max_size=300))
def test_no_answer_ends_in_a_surprise(pdu):
    try:
        answer = wire.reply(pdu)
    except PetraError:
        return
    for read in (
        lambda: wire.read_reply(answer, ITEMS),
        lambda: wire.write_reply(answer),
        lambda: wire.setup_reply(answer),
        lambda: wire.szl_reply(answer),
    ):
        try:
            read()
        except PetraError:
            continue


@given(st.binary(max_size=120), st.binary(max_size=120), st.sampled_from([4, 5, 0xF0, 0x1A]))
def test_no_data_of_an_answer_end_in_a_surprise(parameters, data, function):
    answer = wire.Reply(bytes((function, 2)) + parameters, data)
    for read in (
        lambda: wire.read_reply(answer, ITEMS),
        lambda: wire.write_reply(answer),
        lambda: wire.setup_reply(answer),
        lambda: wire.szl_reply(answer),
    ):
        try:
            read()
        except PetraError:
            continue


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from([1, 7]))
def test_no_request_crashes_the_simulator(parameters, data, kind):
    memory = Memory([Place(parse("DB1.DBW0"), Codec("word"))])
    head = struct.pack(">BBHHHH", 0x32, kind, 0, 1, len(parameters), len(data))
    answer = memory.answer(head + parameters + data)
    assert answer[:1] == b"\3"
