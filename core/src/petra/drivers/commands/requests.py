"""Commands in the hands of a session: taken in their order, and ended by it, each once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Container
from contextlib import suppress
from typing import TYPE_CHECKING

from petra.drivers.commands.order import Origin, Outcome
from petra.drivers.contract.errors import PointError

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.sessions import DriverSessions
    from petra.signals import Value

_SHORTEST_WAIT = 0.01
_IN_A_ROW = 50
"""Commands after which everything else in the loop has its turn: a session may never wait for anything."""


class WriteRequest:
    """A command that a session has taken. It calls one of the ends; a second one has no effect."""

    def __init__(self, command: Command, sessions: DriverSessions) -> None:
        self.command = command
        self.point = command.target
        self.value: Value = command.value
        self._sessions = sessions
        self._timer: asyncio.TimerHandle | None = None

    @property
    def origin(self) -> Origin:
        """Where it comes from: the program, a person on this machine, the network."""
        return self.command.origin

    @property
    def last_word(self) -> bool:
        """Whether nothing follows it: the plant stops, or a reload gives the point up."""
        return self.command.order.last_word

    @property
    def open(self) -> bool:
        """Whether it has not ended yet."""
        return not self.command.outcome.final

    def sent(self) -> None:
        """Report that it leaves for the device."""
        self.command.sent(self._sessions.now_ns())

    def confirmed(self, value: Value | None = None) -> None:
        """End it: the device holds the value, or the one given here.

        A value that the signal cannot hold confirms nothing: the command ends unverified with the reason, and
        the point is bad where it is read.
        """
        self._taken(Outcome.CONFIRMED, "", value)

    def unverified(self, reason: str = "", value: Value | None = None) -> None:
        """End it: the device has taken the value, or the one given here, and it was not read back."""
        self._taken(Outcome.UNVERIFIED, reason, value)

    def overtaken(self, reason: str) -> None:
        """End it: the device has taken the value, and may hold another one by now."""
        self._end(Outcome.UNVERIFIED, reason)

    def rejected(self, reason: str, *, temporary: bool = False) -> None:
        """End it: the device refuses; `temporary` when it is busy, and may take it a moment later."""
        if temporary and self.open:
            self._sessions.queue.unsent(self.command)
        self._end(Outcome.REJECTED, reason, temporary=temporary)

    def not_sent(self, reason: str, *, temporary: bool = False) -> None:
        """End it: it never left for the device, and counts for no limit."""
        if self.open:
            self._sessions.queue.unsent(self.command)
            self.command.sent_at = None
        self._end(Outcome.REJECTED, reason, temporary=temporary)

    def timed_out(self, reason: str, *, temporary: bool = False) -> None:
        """End it: it is not known whether it was carried out; `temporary` when it may be tried once more."""
        self._end(Outcome.TIMED_OUT, reason, temporary=temporary)

    def expire(self, within: float) -> None:
        """Let it time out when it has not ended within so many seconds."""
        message = f"no outcome within {within:g} s; it may have been carried out"
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(within, lambda: self.timed_out(message, temporary=True))

    def _taken(self, outcome: Outcome, reason: str, value: Value | None) -> None:
        if not self.open:
            return
        held = self._sessions.handed(self.point, self.value if value is None else value)
        if isinstance(held, PointError):
            self._sessions.unusable(self.point, held)
            self._end(Outcome.UNVERIFIED, str(held))
            return
        self.command.held = held
        try:
            self._sessions.written(self.point, held, self.origin)
        finally:
            self._end(outcome, reason)

    def _end(self, outcome: Outcome, reason: str, *, temporary: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.open and self.command.sent_at is not None:
            self._sessions.statistics.writes += 1
        self.command.end(outcome, self._sessions.now_ns(), reason, temporary=temporary)
        self._sessions.queue.ended(self.command)


class _Held(Container[str]):
    """The signals with a command that was taken and has not ended."""

    def __init__(self) -> None:
        self._last: dict[str, WriteRequest] = {}

    def __contains__(self, signal: object) -> bool:
        request = self._last.get(signal) if isinstance(signal, str) else None
        return request is not None and request.open

    def note(self, request: WriteRequest) -> None:
        """Note the last command to a signal."""
        self._last[request.point.signal] = request


class WriteRequests:
    """The commands of one session, as an asynchronous iterator.

        async for request in context.commands():
            await meter.write(request.point.address, request.value)
            request.confirmed()

    Commands overtake each other as they do everywhere: a safe value ends what waits for its point, and what
    the program wants is kept once for each point, the newest. What waits too long in the queue is not sent.
    """

    def __init__(
        self,
        sessions: DriverSessions,
        why_gone: Callable[[Point], str],
        within: float,
        current: Callable[[], bool],
    ) -> None:
        self._sessions = sessions
        self._queue = sessions.queue
        self.changed = sessions.queue.changed
        """Set when there may be another one to take; cleared by the session that waits for it."""
        self._why_gone = why_gone
        self._within = within
        self._current = current
        self._held = _Held()
        self._in_a_row = 0

    def __aiter__(self) -> WriteRequests:
        return self

    async def __anext__(self) -> WriteRequest:
        while self._current():
            if self._in_a_row >= _IN_A_ROW:
                self._in_a_row = 0
                await asyncio.sleep(0)
                continue
            self.changed.clear()
            now = self._sessions.now()
            if (request := self.take(now, self._held)) is not None:
                request.sent()
                request.expire(self._within)
                self._held.note(request)
                self._in_a_row += 1
                return request
            self._in_a_row = 0
            when = max(self.next_at(now, self._held), now + _SHORTEST_WAIT)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(when if when < math.inf else None):
                    await self.changed.wait()
        raise StopAsyncIteration

    def take(
        self, now: float, held: Container[str] = (), silent: Callable[[str], bool] = lambda _: False
    ) -> WriteRequest | None:
        """Return the next one that may be sent now, and is not to one of the signals that are held.

        Those signals are held until a command to them ends, or until `released`.
        """
        if not self._current():
            return None
        command = self._queue.take(now, held, silent, self._why_gone)
        return None if command is None else WriteRequest(command, self._sessions)

    def next_at(self, now: float, held: Container[str] = ()) -> float:
        """Return when to look again; what is held is asked for when it is held no more."""
        return self._queue.next_at(now, held, self._why_gone)

    def released(self, signal: str) -> None:
        """Report that a signal is held no more."""
        self._queue.released(signal)
