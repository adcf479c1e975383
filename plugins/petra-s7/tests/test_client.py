"""A connection: references, what is agreed, and what fits into a PDU."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest

from petra.drivers import PointError
from petra_s7 import client, memory, wire
from petra_s7.address import Area
from petra_s7.config import S7Config, S7Point
from petra_s7.driver import S7Driver
from petra_s7.wire import Item

POINTS = tuple(S7Point(signal=name, address=f"{name}.INT0") for name in ("DB1", "DB2"))


@asynccontextmanager
async def connected(*, grant=None, **more):
    """Yield a line to a simulator, and the simulator's memory; `grant` changes its answer to a setup."""
    config = S7Config(host="127.0.0.1", points=POINTS)
    simulator = S7Driver(config).simulator()
    if grant is not None:
        answer = simulator.memory.answer
        simulator.memory.answer = lambda packet: grant(answer(packet))
    port = await simulator.start("127.0.0.1", 0)
    try:
        line = await client.open_line(S7Config(host=f"127.0.0.1:{port}", **more), 5.0)
        yield line, simulator.memory
        line.exchange.close()
    finally:
        await simulator.stop()


@pytest.mark.parametrize(("asked", "agreed"), [(1, 1), (2, 2), (3, 3), (8, 3)])
def test_no_more_requests_are_under_way_than_both_sides_want(asked, agreed):
    async def main() -> None:
        async with connected(in_flight=asked, pdu=240) as (line, _):
            assert (line.in_flight, line.pdu) == (agreed, 240)
            assert line.agreed == f"PDU 240, {agreed} under way"

    asyncio.run(main())


def test_a_plc_that_grants_more_than_asked_for_gets_no_more():
    def eight(packet: bytes) -> bytes:
        return packet[:21] + b"\0\x08\0\x08" + packet[25:]

    async def main() -> None:
        async with connected(in_flight=2, grant=eight) as (line, _):
            assert line.in_flight == 2

    asyncio.run(main())


def test_references_begin_again_after_the_last_one():
    """Zero is left out: requests are built under it."""

    async def main() -> None:
        async with connected() as (line, _):
            seen = []
            ask = line.exchange.ask

            async def noted(reference, data, *rest):
                seen.append((reference, data[11:13]))
                return await ask(reference, data, *rest)

            line.exchange.ask = noted
            line._reference = 0xFFFE
            for _ in range(3):
                await client.read(line, [Item(Area.DB, 1, 0, 2)])
            assert seen == [(0xFFFF, b"\xff\xff"), (1, b"\0\1"), (2, b"\0\2")]

    asyncio.run(main())


def test_what_is_longer_than_a_pdu_is_read_piece_by_piece():
    async def main() -> None:
        async with connected(pdu=112) as (line, held):
            content = bytes(range(250))
            held._areas[Area.DB, 1][10:260] = content
            assert await client.read_long(line, Item(Area.DB, 1, 10, 250)) == content
            assert await client.read(line, [Item(Area.DB, 1, 10, client.longest_read(112))]) == [content[:94]]
            held.holes.add((Area.DB, 1, 200))
            assert isinstance(await client.read_long(line, Item(Area.DB, 1, 10, 250)), PointError)

    asyncio.run(main())


def test_as_much_is_written_as_a_pdu_takes_and_no_more():
    async def main() -> None:
        async with connected(pdu=112) as (line, held):
            most = 112 - wire.WRITE_HEAD
            assert len(wire.write_request(Item(Area.DB, 1, 0, most), bytes(most))) == 112 + 7  # TPKT and COTP
            await client.write(line, Item(Area.DB, 1, 0, most), b"\xaa" * most)
            assert held._areas[Area.DB, 1][: most + 1] == b"\xaa" * most + b"\0"
            with pytest.raises(PointError, match="do not fit into a PDU of 112"):
                await client.write(line, Item(Area.DB, 1, 0, most + 1), bytes(most + 1))

    asyncio.run(main())


def test_one_bit_is_written_and_its_neighbours_stay():
    async def main() -> None:
        async with connected() as (line, held):
            held._areas[Area.DB, 2][4] = 0b1010_0101
            await client.write(line, Item(Area.DB, 2, 4, 1, bit=3), b"\1")
            assert held._areas[Area.DB, 2][4] == 0b1010_1101
            await client.write(line, Item(Area.DB, 2, 4, 1, bit=7), b"\0")
            assert held._areas[Area.DB, 2][4] == 0b0010_1101

    asyncio.run(main())


def test_a_status_list_without_end_is_given_up():
    async def main() -> None:
        async with connected() as (line, held):
            answer = held.answer

            def endless(packet: bytes) -> bytes:
                if packet[1] != 7:
                    return answer(packet)
                parameters = bytes.fromhex("000112081284010100010000")  # more follows
                head = b"\x32\7\0\0" + packet[4:6] + (12).to_bytes(2) + (6).to_bytes(2)
                pdu = head + parameters + b"\xff\t\0\2xx"
                return b"\3\0" + (len(pdu) + 7).to_bytes(2) + b"\2\xf0\x80" + pdu

            held.answer = endless
            found = await client.identify(line)
            assert "more than 100 parts" in found["component"]

    asyncio.run(main())


def test_an_order_number_ends_after_twenty_characters(monkeypatch):
    """Behind it lie numbers, which are no text even where no zero is between."""
    record = struct.pack(">H20sHHH", 1, b"6ES7 315-2EH14-0AB0 ", 0x4142, 0x4344, 0x4546)
    monkeypatch.setitem(memory._STATUS, 0x11, [record])

    async def main() -> None:
        async with connected() as (line, _):
            assert (await client.identify(line))["order number"] == "6ES7 315-2EH14-0AB0"

    asyncio.run(main())
