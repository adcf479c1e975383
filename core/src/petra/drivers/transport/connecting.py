"""Connecting to a device by TCP, and saying to where and why not when that fails."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from ssl import SSLError
from typing import Any, TypeVar

from petra.drivers.contract.errors import SessionError
from petra.drivers.transport.exchange import Exchange, Framing
from petra.drivers.transport.lookup import Lookup

P = TypeVar("P", bound=asyncio.BaseProtocol)

LONGEST_LINE = 65_536

_LOOKUP = Lookup()


async def open_tcp(
    host: str, port: int, framing: Framing, *, within: float, ssl: Any = None, server_name: str = ""
) -> Exchange:
    """Connect, or raise SessionError that says to where and why not."""
    _, exchange = await _opened(host, port, lambda: Exchange(framing), within, ssl, server_name)
    return exchange


async def open_stream(
    host: str,
    port: int,
    *,
    within: float,
    limit: int = LONGEST_LINE,
    ssl: Any = None,
    server_name: str = "",
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect and return a reader and a writer, or raise SessionError that says to where and why not.

    For a device that sends by itself; `limit` is the length of the longest line that the reader takes.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit, loop)
    transport, protocol = await _opened(
        host, port, lambda: asyncio.StreamReaderProtocol(reader, loop=loop), within, ssl, server_name
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _opened(
    host: str, port: int, make: Callable[[], P], within: float, ssl: Any, server_name: str
) -> tuple[asyncio.Transport, P]:
    try:
        async with asyncio.timeout(within):
            return await _connected(host, port, make, ssl, server_name or host)
    except TimeoutError:
        raise SessionError(f"{host}:{port} does not answer within {within:g} s") from None
    except (OSError, UnicodeError) as error:  # a name that no host can have is a UnicodeError
        raise SessionError(f"{host}:{port}: {_said(error)}") from error


def _keep_alive(line: socket.socket) -> None:
    """Let the system find out in half a minute that a peer has gone, also where it is asked nothing."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if (option := getattr(socket, name, None)) is not None:
            line.setsockopt(socket.IPPROTO_TCP, option, value)


def _said(error: OSError | UnicodeError) -> str:
    """Return what went wrong in the words of the system, without those of asyncio around them."""
    number = getattr(error, "errno", None)
    if number is not None and number > 0 and not isinstance(error, SSLError):
        return os.strerror(number)
    return str(getattr(error, "strerror", None) or error)


async def _connected(
    host: str, port: int, make: Callable[[], P], ssl: Any, server_name: str
) -> tuple[asyncio.Transport, P]:
    """Connect to the first address of a host that takes it."""
    loop = asyncio.get_running_loop()
    refused: OSError | None = None
    for address in await _LOOKUP.addresses(host):
        try:
            transport, protocol = await loop.create_connection(
                make,
                address,
                port,
                ssl=ssl,
                server_hostname=server_name if ssl else None,
            )
        except OSError as error:
            refused = refused or error
        else:
            _keep_alive(transport.get_extra_info("socket"))
            return transport, protocol
    raise refused or OSError("it has no address")
