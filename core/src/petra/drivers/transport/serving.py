"""Answering over a stream: what the simulator of every request-response protocol is built on.

The other side of `exchange`: a framing cuts what arrives into requests, and a function answers each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from petra.drivers.contract.errors import GarbledError

if TYPE_CHECKING:
    from ssl import SSLContext

    from petra.drivers.transport.exchange import Framing

Answering = Callable[[int, bytes], bytes | None]
"""Returns what is sent for a request: its reference and its frame; None is silence."""

_UNTIL_ACCEPTED = 4
"""Turns of the loop that asyncio takes from accepting a client to telling of it."""


async def close(server: asyncio.Server) -> None:
    """Stop listening. Who is just being accepted is told of first: asyncio would leave the socket open."""
    loop = asyncio.get_running_loop()
    for listening in server.sockets:
        with suppress(NotImplementedError):  # the loop of Windows has no readers
            loop.remove_reader(listening.fileno())
    for _ in range(_UNTIL_ACCEPTED):
        await asyncio.sleep(0)
    server.close()


class Server:
    """Answers on a port, or on a line that is open. It belongs to the loop that it was started in."""

    def __init__(
        self, framing: Callable[[], Framing], answer: Answering, *, greeting: Callable[[], bytes] = bytes
    ) -> None:
        self._framing = framing
        self._answer = answer
        self._greeting = greeting
        """Returns what each client is sent first, for a protocol that tells by itself."""
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int, ssl: SSLContext | None = None) -> int:
        """Listen on a port, 0 for any, and return which one it is."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.protocol, host, port, ssl=ssl)
        name: tuple[str, int] = self._server.sockets[0].getsockname()
        return name[1]

    def protocol(self) -> asyncio.Protocol:
        """Return what serves one more client, for a transport of another kind."""
        return _Client(self._clients, self._framing(), self._answer, self._greeting)

    def send(self, data: bytes) -> None:
        """Send to every client what none of them has asked for."""
        for client in list(self._clients):
            client.transport.write(data)

    async def close(self) -> None:
        """Close the port and every connection, also those that are just being accepted."""
        if self._server is not None:
            await close(self._server)
        for client in list(self._clients):
            client.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.sleep(0)


class _Client(asyncio.Protocol):
    """One client."""

    def __init__(
        self,
        clients: set[_Client],
        framing: Framing,
        answer: Answering,
        greeting: Callable[[], bytes],
    ) -> None:
        self._clients = clients
        self._framing = framing
        self._answer = answer
        self._greeting = greeting
        self._buffer = bytearray()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the client."""
        self.transport = transport
        self._clients.add(self)
        if greeting := self._greeting():
            self.transport.write(greeting)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """Forget it."""
        self._clients.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete; end what cannot be understood."""
        self._buffer += data
        try:
            while (request := self._framing.take(self._buffer)) is not None:
                answer = self._answer(*request)
                if answer is not None:
                    self.transport.write(answer)
        except GarbledError:
            self.transport.abort()
