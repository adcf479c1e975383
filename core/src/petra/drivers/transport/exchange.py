"""Asking and being answered over a stream: what every request-response protocol is built on.

A framing cuts what arrives into frames, each with the reference of the request that it answers. Several
requests may be under way at once; an answer that comes too late is dropped by its reference.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from attrs import define

from petra.drivers.contract.errors import NoAnswerError, SessionError

MOST_AT_ONCE = 32
"""Frames that are looked at in one turn of the loop; the others, and all that follows, wait for the next."""
MOST_UNASKED = 200
"""Frames beyond what was asked for, after which a session is over."""


class Framing(Protocol):
    """How a protocol cuts its stream into frames."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one frame out of the buffer, with its reference; None while it is incomplete.

        GarbledError says that the stream cannot be understood any more.
        """
        ...


@define(eq=False)
class _Waiting:
    """A request that was not answered yet."""

    future: asyncio.Future[bytes]
    timeout: float
    deadline: float


class Exchange(asyncio.Protocol):
    """One open connection. It belongs to the loop it was made in.

    One timer serves all of its requests: most are answered long before it, and a timer for each would cost
    more than all else here.

    A peer may send more than it was asked for: an answer that comes twice, or too late. One that goes on and
    on would take the time of all others: what is looked at in a turn of the loop is bounded, nothing more is
    read meanwhile, and with too many of such frames the session ends. Two of them are forgiven for each
    answer that a request waits for.
    """

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._buffer = bytearray()
        self._waiting: dict[int, _Waiting] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._transport: Any = None
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._ended.add_done_callback(
            lambda future: future.exception()
        )  # retrieved: asyncio would report it otherwise
        self._rest: asyncio.Handle | None = None
        self._unasked = 0
        """Frames that no request waited for, or not any more, less two for each that one did."""

    async def ask(self, reference: int, data: bytes, timeout: float) -> bytes:  # noqa: ASYNC109 - each request has its own
        """Send a request and return the frame that answers it."""
        if self._ended.done():
            raise self._reason()
        deadline = self._loop.time() + timeout
        waiting = self._waiting[reference] = _Waiting(self._loop.create_future(), timeout, deadline)
        if self._timer is None or deadline < self._timer.when():
            self._wake_at(deadline)
        try:
            self._transport.write(data)
            return await waiting.future
        finally:
            if self._waiting.get(reference) is waiting:
                del self._waiting[reference]

    async def ended(self) -> None:
        """Wait until the connection is lost; SessionError says why."""
        await asyncio.shield(self._ended)

    def close(self) -> None:
        """Close it at once; waiting requests fail."""
        self._end(SessionError("the connection was closed"))
        if self._transport is not None:
            self._transport.abort()

    def drop_input(self) -> None:
        """Forget what has arrived: the answer to a request that was given up may be among it."""
        self._buffer.clear()

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Cut frames and hand them to their requests."""
        if self._ended.done():
            return
        self._buffer += data
        if self._rest is None:
            self._cut()

    def _cut(self) -> None:
        """Cut some of the frames that have arrived; the next turn of the loop goes on with the others."""
        paused, self._rest = self._rest is not None, None
        try:
            for _ in range(MOST_AT_ONCE):
                frame = self._framing.take(self._buffer)
                if frame is None:
                    if paused:
                        self._transport.resume_reading()
                    return
                self._hand(*frame)
        except SessionError as error:
            self._end(error)
            self._transport.abort()
            return
        if not paused:
            self._transport.pause_reading()
        self._rest = self._loop.call_soon(self._cut)

    def _hand(self, reference: int, content: bytes) -> None:
        """Hand a frame to the request that it answers; SessionError when too many answer none."""
        waiting = self._waiting.get(reference)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(content)
            self._unasked = max(0, self._unasked - 2)
            return
        self._unasked += 1
        if self._unasked > MOST_UNASKED:
            raise SessionError("the peer keeps sending what it was not asked for")

    def connection_lost(self, error: Exception | None) -> None:
        """Fail all waiting requests."""
        self._end(SessionError(f"the connection was lost: {error}" if error else "the peer has closed"))

    def _wake_at(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        """Tell those that have waited for too long, and look again when the next one may have."""
        self._timer = None
        now = self._loop.time()
        for waiting in self._waiting.values():
            if waiting.deadline <= now and not waiting.future.done():
                waiting.future.set_exception(NoAnswerError(f"no answer within {waiting.timeout:g} s"))
        later = [waiting.deadline for waiting in self._waiting.values() if waiting.deadline > now]
        if later:
            self._wake_at(min(later))

    def _end(self, error: SessionError) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
        for handle in (self._timer, self._rest):
            if handle is not None:
                handle.cancel()
        self._buffer.clear()
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(self._reason())

    def _reason(self) -> SessionError:
        error = self._ended.exception()
        return type(error)(str(error)) if isinstance(error, SessionError) else SessionError(str(error))
