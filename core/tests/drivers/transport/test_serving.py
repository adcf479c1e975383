"""What simulators stand on: a server of requests, and a relay that makes its line bad."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from petra.drivers import Fault, FaultKind, GarbledError, Relay, Server


class Lines:
    """A protocol of lines; one that begins with ! cannot be understood."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one line."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        if line.startswith(b"!"):
            raise GarbledError("no such line")
        return 7, line


def answered(reference: int, line: bytes) -> bytes | None:
    return None if line == b"silence" else b"%d %s\n" % (reference, line.upper())


def run(main) -> None:
    asyncio.run(asyncio.wait_for(main, 60))


def test_a_server_answers_each_request_once_it_is_whole():
    async def main() -> None:
        server = Server(Lines, answered)
        reader, writer = await asyncio.open_connection("127.0.0.1", await server.listen("127.0.0.1", 0))
        for part in (b"on", b"e\ntwo\nsil", b"ence\nthree\n"):
            writer.write(part)
            await asyncio.sleep(0)
        assert [await reader.readline() for _ in range(3)] == [b"7 ONE\n", b"7 TWO\n", b"7 THREE\n"]
        writer.write(b"!\n")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        await server.close()

    run(main())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("turns", range(5))
def test_closing_while_a_client_is_accepted_leaves_nothing_open(turns, behind):
    """At whatever turn of the loop it comes: the client is told."""

    async def main() -> None:
        server = Server(Lines, answered)
        port = await server.listen("127.0.0.1", 0)
        relay = Relay(port)
        if behind:
            port = await relay.start()
        with socket.create_connection(("127.0.0.1", port)) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await relay.stop()
            await server.close()
            client.settimeout(60.0)
            with suppress(ConnectionResetError):
                assert client.recv(10) == b""

    run(main())


def test_a_slow_line_keeps_the_order_of_what_goes_through():
    async def main() -> None:
        server = Server(Lines, answered)
        relay = Relay(await server.listen("127.0.0.1", 0))
        reader, writer = await asyncio.open_connection("127.0.0.1", await relay.start())
        await relay.apply(Fault(FaultKind.DELAY, delay_ms=1.0, delay_to_ms=30.0))
        for number in range(40):
            writer.write(b"%d\n" % number)
            await asyncio.sleep(0.001)
        await relay.apply(None)
        writer.write(b"last\n")
        said = [(await reader.readline()).decode().split()[1] for _ in range(41)]
        assert said == [*map(str, range(40)), "LAST"]
        writer.close()
        await relay.stop()
        await server.close()

    run(main())
