"""Host names, with a name server that does not answer."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from petra.drivers import SessionError, open_tcp
from petra.drivers.transport.lookup import Lookup, system


class Names:
    """Knows one name at once, and says nothing of others until it is told to."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked: list[str] = []

    def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        if host == "known":
            return ["192.0.2.1"]
        self.answer.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_names_that_nobody_knows_keep_no_other_waiting():
    names = Names()
    lookup = Lookup(names.resolve)

    async def impatient(host: str) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await lookup.addresses(host)

    async def main() -> None:
        for _ in range(3):
            await asyncio.gather(*(impatient(f"dead{n}") for n in range(40)))
        assert await asyncio.wait_for(lookup.addresses("known"), 60) == ["192.0.2.1"]
        assert names.asked == [*(f"dead{n}" for n in range(40)), "known"]
        waiting = asyncio.ensure_future(lookup.addresses("dead0"))
        await asyncio.sleep(0)
        names.answer.set()
        with pytest.raises(OSError, match="not known"):
            await waiting
        with pytest.raises(OSError, match="not known"):
            await lookup.addresses("dead0")
        assert names.asked.count("dead0") <= 2

    asyncio.run(main())


def test_who_has_gone_is_not_told(caplog):
    """Also when its loop has gone with it: nothing is logged, nothing is raised."""
    names = Names()
    lookup = Lookup(names.resolve)

    async def gives_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lookup.addresses("dead"), 0.01)

    asyncio.run(gives_up())
    threads = [t for t in threading.enumerate() if t.name == "petra-lookup-dead"]
    names.answer.set()
    for thread in threads:
        thread.join(5)
    assert len(threads) == 1
    assert caplog.records == []


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::7", "fe80::1%eth0"])
def test_an_address_needs_no_looking_up(host):
    names = Names()
    assert asyncio.run(Lookup(names.resolve).addresses(host)) == [host]
    assert names.asked == []


def test_the_system_knows_this_machine():
    assert set(system("localhost")) <= {"127.0.0.1", "::1"}


class Silent:
    def take(self, buffer: bytearray) -> None:
        """Wait for more."""


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
def test_a_name_that_is_none_is_said(host):
    with pytest.raises(SessionError, match=f"{host}:102"):
        asyncio.run(open_tcp(host, 102, Silent(), within=5))


def test_a_host_is_connected_to_by_whichever_address_takes_it():
    """localhost may be ::1 first, and nobody listens there."""

    async def main() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        exchange = await open_tcp("localhost", port, Silent(), within=5)
        line = exchange._transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), "a peer that has gone is noticed"
        exchange.close()
        server.close()
        with pytest.raises(SessionError, match=f"localhost:{port}"):
            await open_tcp("localhost", port, Silent(), within=5)

    asyncio.run(main())
