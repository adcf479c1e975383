"""A line that is as bad as one wants: refused, reset, silent, late, garbled, or for so many only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from petra.drivers import Fault, FaultKind, GarbledError, Relay, Server
from petra.testing import run_virtual

WORD = b"0123456789abcdefghijklmnopqrstuvwxyz" * 4 + b"\n"


class Lines:
    """A protocol of lines."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one line."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        if line == b"end\n":
            raise GarbledError("no such line")
        return 0, line


class Line:
    """A device that says what it is told, and the relay in front of it."""

    server: Server
    relay: Relay
    port: int

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the relay."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def says(self, data: bytes = b"hello\n") -> bytes:
        """Return what comes back on a new connection."""
        reader, writer = await self.open()
        writer.write(data)
        with suppress(ConnectionResetError):
            return await reader.read(len(data))
        return b""


def on_a_line(test: Callable[[Line], Awaitable[None]]) -> None:
    """Run a test in virtual time, with a line."""

    async def main() -> None:
        line = Line()
        line.server = Server(Lines, lambda _, said: said)
        line.relay = Relay(await line.server.listen("127.0.0.1", 0))
        line.port = await line.relay.start()
        try:
            await test(line)
        finally:
            for writer in line.writers:
                writer.close()
            await line.relay.stop()
            await line.server.close()

    run_virtual(main())


def test_a_good_line_changes_nothing():
    async def test(line: Line) -> None:
        assert await line.says(WORD) == WORD
        assert (line.relay.accepted, line.relay.delay) == (1, 0.0)

    on_a_line(test)


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.REBOOT])
def test_a_line_that_refuses_resets_what_was_open_and_comes_back_on_the_same_port(kind):
    async def test(line: Line) -> None:
        reader, writer = await line.open()
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        await line.relay.apply(Fault(kind))
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await line.open()
        assert line.relay.connections == 0
        await line.relay.apply(None)
        assert await line.says() == b"hello\n"

    on_a_line(test)


def test_a_line_that_is_dropped_is_there_again_at_once():
    async def test(line: Line) -> None:
        reader, writer = await line.open()
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        await line.relay.apply(Fault(FaultKind.DROP))
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert await line.says() == b"hello\n"

    on_a_line(test)


def test_a_line_that_hangs_takes_connections_and_answers_nothing_and_what_it_swallowed_is_gone():
    async def test(line: Line) -> None:
        await line.relay.apply(Fault(FaultKind.HANG))
        reader, writer = await line.open()
        writer.write(b"hello\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60.0):
                await reader.read(1)
        await line.relay.apply(None)
        with suppress(ConnectionResetError):
            assert await reader.read() == b"", "it is reset: half a conversation is worse than none"
        assert await line.says() == b"hello\n"

    on_a_line(test)


@pytest.mark.parametrize(("low", "high"), [(300.0, 0.0), (100.0, 400.0), (0.0, 200.0)])
def test_answers_are_late_by_what_was_asked_for(low, high):
    async def test(line: Line) -> None:
        await line.relay.apply(Fault(FaultKind.DELAY, delay_ms=low, delay_to_ms=high))
        loop, found = asyncio.get_running_loop(), []
        reader, writer = await line.open()
        for _ in range(30):
            began = loop.time()
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            found.append((loop.time() - began) * 1e3)
        assert min(found) >= low - 1e-6
        assert max(found) <= max(low, high) + 1.0
        assert (max(found) - min(found) > 50.0) is (high > low), "at random, where that is asked for"

    on_a_line(test)


def test_garbled_answers_have_other_bytes_and_as_many():
    async def test(line: Line) -> None:
        await line.relay.apply(Fault(FaultKind.GARBLE))
        found = await line.says(WORD)
        assert len(found) == len(WORD)
        changed = sum(a != b for a, b in zip(found, WORD, strict=True))
        assert 1 <= changed <= len(WORD) // 8

    on_a_line(test)


def test_so_many_answers_are_garbled_as_was_asked_for():
    relay = Relay(1)
    relay.fault = Fault(FaultKind.GARBLE, chance=0.25)
    changed = sum(relay.bent(WORD) != WORD for _ in range(1_000))
    assert 200 < changed < 300
    assert relay.bent(b"x") in {bytes((n,)) for n in range(256)}
    relay.fault = Fault(FaultKind.GARBLE)
    assert all(relay.bent(b"x") != b"x" for _ in range(100)), "also a single byte"


def test_the_same_faults_come_every_time():
    first, second, other = Relay(1, seed=1), Relay(1, seed=1), Relay(1, seed=2)
    for relay in (first, second, other):
        relay.fault = Fault(FaultKind.GARBLE)
    assert first.bent(WORD) == second.bent(WORD) != other.bent(WORD)


def test_one_connection_more_than_the_limit_is_closed_at_once_and_the_others_live():
    async def test(line: Line) -> None:
        await line.relay.apply(Fault(FaultKind.LIMIT, connections=2))
        kept = [await line.open() for _ in range(2)]
        for reader, writer in kept:
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
        assert await line.says() == b""
        assert (line.relay.connections, line.relay.accepted) == (2, 2)
        kept[0][1].close()
        while line.relay.connections == 2:  # noqa: ASYNC110 - the relay tells of it in its own turn
            await asyncio.sleep(0)
        assert await line.says() == b"hello\n"

    on_a_line(test)


def test_what_the_device_ends_ends_for_the_client():
    async def test(line: Line) -> None:
        reader, writer = await line.open()
        writer.write(b"end\n")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""

    on_a_line(test)


def test_without_a_device_behind_it_the_client_is_told():
    async def test(line: Line) -> None:
        await line.server.close()
        assert await line.says() == b""
        assert line.relay.connections == 0

    on_a_line(test)


def test_a_server_greets_and_tells_every_client():
    async def main() -> None:
        server = Server(Lines, lambda _, said: said, greeting=lambda: b"welcome\n")
        port = await server.listen("127.0.0.1", 0)
        clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, _ in clients:
            assert await reader.readline() == b"welcome\n"
        server.send(b"news\n")
        for reader, _ in clients:
            assert await reader.readline() == b"news\n"
        await server.close()
        for reader, _ in clients:
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        for _, writer in clients:
            writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run_virtual(main())
