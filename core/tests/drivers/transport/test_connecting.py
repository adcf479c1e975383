"""Connections to devices: what carries lines, and what is said when there is none."""

from __future__ import annotations

import asyncio
import socket

import pytest

from petra.drivers import SessionError, open_stream, open_tcp


class Silent:
    def take(self, buffer: bytearray) -> None:
        """Wait for more."""


def closed_port() -> int:
    """Return a port at which nothing listens."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def test_a_stream_carries_lines_both_ways_and_refuses_longer_ones():
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline() + b"x" * 2_000 + b"\n")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await open_stream("localhost", port, within=5, limit=1_000)
        line = writer.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), "a peer that has gone is noticed"
        writer.write(b"one\n")
        await writer.drain()
        assert await reader.readline() == b"one\n"
        with pytest.raises(ValueError, match="chunk is longer than limit"):
            await reader.readline()
        writer.close()
        await writer.wait_closed()
        server.close()

    asyncio.run(main())


def test_a_peer_that_refuses_is_named_with_the_words_of_the_system():
    port = closed_port()
    for opening in (
        lambda: open_stream("127.0.0.1", port, within=5),
        lambda: open_tcp("127.0.0.1", port, Silent(), within=5),
    ):
        with pytest.raises(SessionError) as caught:
            asyncio.run(opening())
        assert str(caught.value) == f"127.0.0.1:{port}: Connection refused"


def test_a_host_that_does_not_answer_in_time_is_named():
    """Its queue of connections is full: the next one is neither taken nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]

        async def main() -> None:
            opened = await asyncio.gather(
                *(open_stream("127.0.0.1", port, within=0.1) for _ in range(5)), return_exceptions=True
            )
            late = [str(each) for each in opened if isinstance(each, SessionError)]
            for each in opened:
                if isinstance(each, tuple):
                    each[1].transport.abort()
            assert set(late) == {f"127.0.0.1:{port} does not answer within 0.1 s"}

        asyncio.run(main())
