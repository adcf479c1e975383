"""Host names: each is looked up in a thread of its own.

The system's lookup blocks, for half a minute when no name server answers. In the threads that asyncio shares
among all of them, a few names that nobody knows would keep every other device waiting.
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


def system(host: str) -> list[str]:
    """Return the addresses of a host as the system knows them; it blocks."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Lookup:
    """Looks up names, each of them once at a time: whoever asks meanwhile waits for the same answer."""

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
            with suppress(RuntimeError):  # whoever asked has gone, and the loop with it
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
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
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
