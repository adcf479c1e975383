"""An event loop with the time of a manual clock: it jumps to the next timer as soon as nothing is left to do.

    def test_a_silent_device_is_given_up(manual_clock):
        async def main() -> float:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3600):
                    await asyncio.Event().wait()
            return manual_clock.monotonic()

        assert run_virtual(main(), manual_clock) == 3600

An hour takes no time, and the load of the machine does not matter. The time does not advance while work is
pending: a ready callback, a job of an executor, a socket that can be read or written, or bytes between two
sockets of this machine. The loop cannot see the work of other threads or processes: pass their results in
with `call_soon_threadsafe`, and do not run a timer of the loop against them.
"""

from __future__ import annotations

import asyncio
import fcntl
import selectors
import socket
import struct
import termios
import time
from typing import TYPE_CHECKING, Any, TypeVar

from petra.testing.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

    from _typeshed import FileDescriptorLike

T = TypeVar("T")

_LOOK_EVERY = 0.001
_STUCK_AFTER = 1.0
"""Real seconds after which unread bytes no longer count as pending: their reader has paused."""
_CONNECTING = (2, 3)
"""The TCP states SYN_SENT and SYN_RECV."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose time is a `ManualClock`."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self._jobs = 0
        super().__init__(_Selector(self.clock, lambda: self._jobs > 0))

    def time(self) -> float:
        """Return the seconds of the clock."""
        return self.clock.monotonic()

    def run_in_executor(  # type: ignore[override]  # typeshed declares variadic generics
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run a function in a thread; the time does not advance until it has ended."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: asyncio.Future[Any]) -> None:
        self._jobs -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Wait for the threads of the executor without a limit: a virtual timeout cannot measure them."""
        await super().shutdown_default_executor()


class _Selector(selectors.DefaultSelector):
    """A selector that advances the clock instead of waiting for a timer."""

    def __init__(self, clock: ManualClock, busy: Callable[[], bool]) -> None:
        super().__init__()
        self._clock = clock
        self._busy = busy

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the ready files; if there are none and nothing is pending, advance the time."""
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        began = time.monotonic()
        while self._busy() or self._moving():
            found = super().select(_LOOK_EVERY)
            if found:
                return found
            if not self._busy() and time.monotonic() - began > _STUCK_AFTER:
                break
        if timeout is None:
            return super().select(None)
        found = super().select(0)  # files that became ready during the last check
        if not found:
            self._clock.sleep(timeout)
        return found

    def _moving(self) -> bool:
        return any(_under_way(key.fileobj) for key in self.get_map().values())


def _under_way(file: FileDescriptorLike) -> bool:
    """Return whether a TCP socket is being connected, or holds bytes that its peer has not received."""
    number = file if isinstance(file, int) else file.fileno()
    try:
        found = socket.socket(fileno=number)
    except OSError:  # not a socket: the self-pipe of the loop
        return False
    try:
        if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
            return False
        if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        if found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in _CONNECTING:
            return True
        (unsent,) = struct.unpack("i", fcntl.ioctl(number, termios.TIOCOUTQ, b"\0" * 4))
        return bool(unsent)
    except OSError:
        return False
    finally:
        found.detach()  # the descriptor belongs to the transport and must stay open


def run_virtual(main: Coroutine[Any, Any, T], clock: ManualClock | None = None) -> T:
    """Run a coroutine in a loop of virtual time, like `asyncio.run`."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
        return runner.run(main)
