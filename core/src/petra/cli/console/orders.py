"""Signals of the operating system to a run: to stop, and to read its document again.

A signal handler only sets a flag or counts. One thread reloads until the last request is served:
reloads run one after the other, and each of them reads the newest file.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from petra.errors import PetraError

if TYPE_CHECKING:
    from types import FrameType, TracebackType

log = logging.getLogger("petra.engine")

_LISTEN = 0.05  # seconds between looks at a flag


def _known(*names: str) -> list[int]:
    """Return those signals that this system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


_ENDS = _known("SIGTERM", "SIGINT", "SIGQUIT", "SIGXCPU", "SIGPWR")
_STRAY = _known("SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGTSTP")
"""Signals without a meaning for a plant. By default they end it without safe values, or stop it."""
_TERMINAL = _known("SIGTTIN", "SIGTTOU")
"""Sent to a background process that uses its terminal; with a handler they would be sent in a loop."""
_HANGUP: int | None = getattr(signal, "SIGHUP", None)  # there is none on Windows


class Orders:
    """The flags, from before the document is read until after the last safe value is written."""

    def __init__(self) -> None:
        self.stop_asked = False
        self.hurried = 0
        """The signal that asked for a stop a second time, or 0. With one, only safe values are waited for."""
        self.stopped_by = ""
        """The signal that asked for the stop; empty when something else did."""
        self._asked = 0
        self._done = 0
        self._over = False
        self._before: dict[int, Any] = {}
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        for number in _ENDS:
            self._before[number] = signal.signal(number, self._stop)
        for number in _STRAY:
            self._before[number] = signal.signal(number, _nothing)
        for number in _TERMINAL:
            self._before[number] = signal.signal(number, signal.SIG_IGN)
        if _HANGUP is not None:
            self._before[_HANGUP] = signal.signal(_HANGUP, self._reload)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        for number, handler in self._before.items():
            # the default action is the end: a late signal must not take the exit code away
            default = handler in (signal.SIG_DFL, signal.default_int_handler)
            late = default and (number == _HANGUP or number in _STRAY or self.stop_asked)
            signal.signal(number, signal.SIG_IGN if late else handler)

    def stopping(self) -> bool:
        """Return whether the run was told to stop."""
        return self.stop_asked

    def ask_stop(self) -> None:
        """Ask for a stop, as SIGTERM does; of any thread."""
        self.stop_asked = True

    def wait(self, ended: Callable[[float], bool], seconds: float | None) -> None:
        """Wait until the run was told to stop, has ended, or for so long."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self.stop_asked and (until is None or time.monotonic() < until):
            left = _LISTEN if until is None else max(0.0, min(_LISTEN, until - time.monotonic()))
            if ended(left):
                return

    def reload_with(self, reload: Callable[[], None]) -> None:
        """Call this function, in its own thread, for each request of a reload."""
        self._reader = threading.Thread(target=self._listen, args=(reload,), name="petra-reload", daemon=True)
        self._reader.start()

    def _listen(self, reload: Callable[[], None]) -> None:
        while not (self._over or self.stop_asked):
            if self._done == self._asked:
                time.sleep(_LISTEN)
                continue
            self._done = self._asked  # what is asked for from here on is another reload
            try:
                reload()
            except PetraError as error:
                log.error("the reload is refused, everything goes on as it was: %s", error)  # noqa: TRY400
            except BaseException:  # a defect; the next file may still be loaded
                log.exception("the reload has failed")

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self.stop_asked:
            self.hurried = number
        else:
            self.stopped_by = signal.Signals(number).name
        self.stop_asked = True

    def _reload(self, _: int, __: FrameType | None) -> None:
        self._asked += 1


def _nothing(_: int, __: FrameType | None) -> None:
    """Handle a signal without an effect; SIG_IGN would be inherited by the processes of plugins."""
