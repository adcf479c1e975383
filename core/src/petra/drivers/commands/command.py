"""Commands: an order on its way, and how it ended.

Every write to a device is a command, also one that the control logic causes. It goes through one gate, waits
in its driver's queue, and ends in one of a few outcomes; none is sent twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from petra.drivers.commands.order import Act, Order, Origin, Outcome

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.signals import Value


class Command:
    """One order and what has become of it. It changes in the drivers' loop and can be read anywhere."""

    def __init__(self, order: Order, ended: Ended) -> None:
        self.order = order
        self.outcome = Outcome.REQUESTED
        self.reason = ""
        self.sent_at: int | None = None
        self.ended_at: int | None = None
        self.refused = False
        """Whether the policy did not allow it."""
        self.temporary = False
        """Whether it failed for a reason that passes: the device was busy, or did not answer."""
        self.held: Value | None = None
        """What the device holds by it, where that was reported."""
        self.on_end: Callable[[], None] | None = None
        """Called in the drivers' loop when it ends."""
        self._ended = ended
        self._future: Future[Command] = Future()
        self._lock = threading.Lock()

    def __str__(self) -> str:
        order = self.order
        because = f": {self.reason}" if self.reason else ""
        act = "" if order.act is Act.WRITE else f"{order.act.value} "
        value = "" if order.act is Act.UNFORCE else f" = {order.value!r}"
        return (
            f"#{order.id} {act}{order.signal}{value} by {order.actor} ({order.origin.value}) "
            f"{self.outcome.value}{because}"
        )

    @property
    def signal(self) -> str:
        """The signal that is to be written."""
        return self.order.signal

    @property
    def value(self) -> Any:
        """What the signal is to hold."""
        return self.order.value

    @property
    def actor(self) -> str:
        """Who has asked for it."""
        return self.order.actor

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return self.order.origin

    @property
    def target(self) -> Point:
        """The point of an order to a device."""
        assert self.order.point is not None  # noqa: S101 - the caller has routed it to a driver
        return self.order.point

    def wait(self, seconds: float | None = None) -> Command:
        """Wait for its end; TimeoutError when it takes longer. Never called in the drivers' loop."""
        return self._future.result(seconds)

    async def ended(self) -> Command:
        """Wait for its end, in any loop."""
        return await asyncio.shield(asyncio.wrap_future(self._future))

    def sent(self, at: int) -> None:
        """Note that it leaves for the device; of no effect once it has ended."""
        with self._lock:
            if not self.outcome.final:
                self.outcome, self.sent_at = Outcome.SENT, at

    def end(self, outcome: Outcome, at: int, reason: str = "", *, temporary: bool = False) -> None:
        """End it; only the first call counts."""
        with self._lock:
            if self.outcome.final:
                return
            self.reason, self.ended_at, self.temporary = reason, at, temporary
            self.outcome = outcome
        self._ended(self)
        self._future.set_result(self)
        on_end, self.on_end = self.on_end, None  # the ledger keeps commands, not who hears of them
        if on_end is not None:
            on_end()

    def as_dict(self) -> dict[str, Any]:
        """Return it as data."""
        order = self.order
        return {
            "id": order.id,
            "act": order.act.value,
            "signal": order.signal,
            "value": order.value,
            "actor": order.actor,
            "origin": order.origin.value,
            "door": order.door,
            "note": order.note,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "requested_at": order.requested_at,
            "sent_at": self.sent_at,
            "ended_at": self.ended_at,
        }


Ended = Callable[[Command], None]
