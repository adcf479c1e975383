"""A relay in front of a device that makes its line as bad as one wants: for simulators and for tests.

It listens where the device would, passes everything on, and on request refuses, drops, hangs, delays or
garbles what goes through.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

from petra.drivers.simulation.faults import Fault, FaultKind
from petra.drivers.transport.serving import close


class Relay:
    """Listens in front of one port. It belongs to the loop that it was started in."""

    def __init__(self, port: int, *, host: str = "127.0.0.1", seed: int = 0) -> None:
        self.fault: Fault | None = None
        self.accepted = 0
        self._behind = host, port
        self._listen: tuple[str, int] = host, 0
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._dice = random.Random(seed)  # noqa: S311 - faults, the same ones every time

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._pairs)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port."""
        self._listen = host, port
        await self._open()
        return self._listen[1]

    async def stop(self) -> None:
        """Close everything."""
        await self._close()
        self.drop()
        await asyncio.sleep(0)

    async def apply(self, fault: Fault | None) -> None:
        """Make the line as bad as that, or good again with None."""
        before, self.fault = self.fault, fault
        kind = fault.kind if fault else None
        if kind in (FaultKind.REFUSE, FaultKind.REBOOT):
            await self._close()
            self.drop()
        elif self._server is None:
            await self._open()
        if kind is FaultKind.DROP:
            self.drop()
        if kind is None and before is not None and before.kind is FaultKind.HANG:
            self.drop()  # what was swallowed does not come back

    def drop(self) -> None:
        """Reset every connection."""
        for pair in list(self._pairs):
            pair.abort()

    async def _open(self) -> None:
        host, port = self._listen
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), host, port, reuse_address=True)
        self._listen = host, self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await close(server)

    def admits(self) -> bool:
        """Return whether one more connection is accepted."""
        fault = self.fault
        return not (fault and fault.kind is FaultKind.LIMIT and len(self._pairs) >= fault.connections)

    def bent(self, data: bytes) -> bytes:
        """Return what becomes of data on its way from the device."""
        fault = self.fault
        if fault is None or fault.kind is not FaultKind.GARBLE or self._dice.random() >= fault.chance:
            return data
        bent = bytearray(data)
        for _ in range(max(1, len(bent) // 8)):
            bent[self._dice.randrange(len(bent))] ^= self._dice.randrange(1, 256)
        return bytes(bent)

    @property
    def delay(self) -> float:
        """Seconds that answers take longer."""
        fault = self.fault
        if fault is None or fault.kind is not FaultKind.DELAY:
            return 0.0
        low, high = fault.delay_ms, max(fault.delay_ms, fault.delay_to_ms)
        return self._dice.uniform(low, high) / 1e3


class _Pair:
    """A client and the device behind."""

    def __init__(self, relay: Relay, front: Any) -> None:
        self.relay = relay
        self.front = front
        self.back: Any = None
        self.waiting = bytearray()
        self._late: deque[bytes] = deque()
        self._late_until = 0.0

    def answer(self, data: bytes, delay: float) -> None:
        """Pass on what the device says, some seconds later and never out of order."""
        if not delay and not self._late:
            self.front.write(data)
            return
        loop = asyncio.get_running_loop()
        self._late.append(data)
        self._late_until = max(self._late_until, loop.time() + delay)
        loop.call_at(self._late_until, lambda: self.front.write(self._late.popleft()))

    def abort(self) -> None:
        self.relay._pairs.discard(self)  # noqa: SLF001 - the two are one
        self.front.abort()
        if self.back is not None:
            self.back.abort()


class _Client(asyncio.Protocol):
    """The side of the driver."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._pair: _Pair | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        relay = self._relay
        pair = _Pair(relay, transport)
        if not relay.admits():
            pair.abort()
            return
        relay.accepted += 1
        relay._pairs.add(pair)  # noqa: SLF001 - the two are one
        self._pair = pair
        self._task = asyncio.get_running_loop().create_task(_connect(pair))

    def data_received(self, data: bytes) -> None:
        pair = self._pair
        if pair is None or _swallows(pair.relay):
            return
        if pair.back is None:
            pair.waiting += data
        else:
            pair.back.write(data)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        if self._pair is not None:
            self._pair.abort()


class _Device(asyncio.Protocol):
    """The side of the device."""

    def __init__(self, pair: _Pair) -> None:
        self._pair = pair

    def data_received(self, data: bytes) -> None:
        relay = self._pair.relay
        if _swallows(relay):
            return
        self._pair.answer(relay.bent(data), relay.delay)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        self._pair.abort()


async def _connect(pair: _Pair) -> None:
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: _Device(pair),
            *pair.relay._behind,  # noqa: SLF001 - the two are one
        )
    except OSError:
        pair.abort()
        return
    pair.back = transport
    if pair not in pair.relay._pairs:  # noqa: SLF001 - the client has gone meanwhile
        transport.abort()
    elif pair.waiting:
        transport.write(bytes(pair.waiting))


def _swallows(relay: Relay) -> bool:
    return relay.fault is not None and relay.fault.kind is FaultKind.HANG
