"""Host names: how they are written, and how they are looked up, each in a thread of its own.

The system's lookup blocks, for half a minute when no name server answers. In the threads that asyncio shares
among all of them, a few names that no server knows would keep every other device waiting.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address

Resolve = Callable[[str], list[str]]


def host_and_port(text: str) -> tuple[str, int | None]:
    """Take HOST, HOST:PORT, an IPv6 address or [ADDRESS]:PORT apart; ValueError says what is wrong."""
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is not a valid address, such as [::1]:502")
        port = rest[1:] if rest else ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        if not port:
            raise ValueError(f"{text!r} names no port behind the colon")
    elif ":" in text and not _numeric(text):
        raise ValueError(f"{text!r} is not a valid IPv6 address; with a port it is [ADDRESS]:PORT")
    if not host:
        raise ValueError(f"{text!r} names no host")
    if not port:
        return host, None
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65_536:
        raise ValueError(f"{port!r} is not a valid TCP port")
    return host, int(port)


def system(host: str) -> list[str]:
    """Return the addresses of a host as the system knows them; it blocks."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Lookup:
    """Looks up names, each of them once at a time: callers that ask meanwhile wait for the same answer."""

    def __init__(self, resolve: Resolve = system) -> None:
        self._resolve = resolve
        self._pending: dict[str, Future[list[str]]] = {}
        self._lock = threading.Lock()

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of a host, itself if it is one; OSError or UnicodeError when it has none."""
        if _numeric(host):
            return [host]
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        future = self._future(host)

        def tell(_: Future[list[str]]) -> None:
            with suppress(RuntimeError):  # the caller has gone, and the loop with it
                loop.call_soon_threadsafe(told.set)

        future.add_done_callback(tell)
        await told.wait()
        return future.result()

    def _future(self, host: str) -> Future[list[str]]:
        with self._lock:
            future = self._pending.get(host)
            if future is None:
                future = self._pending[host] = Future()
                name = f"petra-lookup-{host}"
                threading.Thread(target=self._run, args=(host, future), name=name, daemon=True).start()
            return future

    def _run(self, host: str, future: Future[list[str]]) -> None:
        try:
            found = self._resolve(host)
        except BaseException as error:  # noqa: BLE001 - the waiting callers receive it
            self._done(host)
            future.set_exception(error)
        else:
            self._done(host)
            future.set_result(found)

    def _done(self, host: str) -> None:
        with self._lock:
            del self._pending[host]


def _numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
