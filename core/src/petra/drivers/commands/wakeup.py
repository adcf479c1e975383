"""One event for several waiters: something has happened to the drivers, and each of them looks again."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress


class Wakeup:
    """Counts what happens. It belongs to one loop; `ring` is called in it.

    A waiter passes the count that it has looked at, so that nothing that happens meanwhile is missed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Let all that wait look again."""
        self.count += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def after(self, count: int, until: float) -> None:
        """Wait until something has happened since that count, or until a time of the loop."""
        if self.count != count:
            await asyncio.sleep(0)  # the sessions have their turn, however much happens
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until if until < math.inf else None):
                    await future
        finally:
            self._waiting.discard(future)
