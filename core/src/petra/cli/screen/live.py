"""The live view of `petra run` in a terminal: what an engine does, with keys to look around."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from petra.cli.logs.setup import hold_stderr, log_to_console, release_stderr
from petra.cli.screen.terminal import Terminal
from petra.cli.screen.view import View

if TYPE_CHECKING:
    from petra.engine import Engine

log = logging.getLogger("petra.live")

_REFRESH = 0.25
_LISTEN = 0.1  # seconds between looks at whether it was told to stop
_END_WITHIN = 0.5
_LINES = 20


class Live:
    """Draws an engine until it ends.

    Its own thread draws: a terminal that hangs, closes or fails does not hold up the engine.
    """

    def __init__(self, engine: Engine, file: str) -> None:
        self._engine = engine
        self._file = file
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._stop = threading.Event()
        self._over = threading.Lock()

    def run(self, seconds: float | None, stopping: Callable[[], bool]) -> None:
        """Draw until the engine ends or is told to, or for so long."""
        handler = _Lines(self._lines)
        logging.getLogger().addHandler(handler)
        until = None if seconds is None else time.monotonic() + seconds
        hold_stderr()
        drawing = self._begin()
        try:
            while not stopping() and (until is None or time.monotonic() < until):
                if self._engine.wait(_LISTEN):
                    break
        finally:
            if drawing is not None:
                self._finish(*drawing)
            logging.getLogger().removeHandler(handler)
            self._end()

    def _begin(self) -> tuple[Terminal, threading.Thread] | None:
        """Start to draw; a failure does not affect the plant."""
        try:
            terminal = Terminal(sys.stdout.fileno(), _keyboard())
            thread = threading.Thread(target=self._show, args=(terminal,), name="petra-live", daemon=True)
            terminal.take_keys()
            thread.start()
        except Exception:
            self._end()
            log.exception("the view cannot be shown, the plant goes on")
            return None
        return terminal, thread

    def _finish(self, terminal: Terminal, thread: threading.Thread) -> None:
        terminal.restore()
        self._stop.set()
        terminal.wake()
        thread.join(_END_WITHIN)

    def _end(self) -> None:
        """Give standard error back to the log, what the view has shown first; only the first call counts."""
        if not self._over.acquire(blocking=False):
            return
        for line in self._lines:
            sys.stderr.write(line + "\n")
        release_stderr()
        log_to_console()

    def _show(self, terminal: Terminal) -> None:
        try:
            terminal.open()
            try:
                self._draw_on(terminal)
            finally:
                terminal.close()
        except Exception as error:  # noqa: BLE001 - a closed terminal, or any defect of the view: the plant goes on
            terminal.restore()
            self._end()
            log.warning("the live view has ended, the plant goes on: %s", error)

    def _draw_on(self, terminal: Terminal) -> None:
        view = View(Path(self._file).name, keys=terminal.has_keys)
        told = False
        while not self._stop.is_set():
            try:
                terminal.draw(self._drawn(view, terminal))
            except OSError:
                raise
            except Exception:  # the next frame may be drawn again
                if not told:
                    log.exception("the view cannot be drawn; it is tried again")
                told = True
            for key in terminal.wait(_REFRESH):
                view.press(key)
            if view.quitting:
                os.kill(os.getpid(), signal.SIGINT)
                view.quitting = False

    def _drawn(self, view: View, terminal: Terminal) -> list[str]:
        columns, height = terminal.size()
        return view.lines(self._engine.status(), self._engine.bus.image, list(self._lines), columns, height)


def _keyboard() -> int | None:
    try:
        return sys.stdin.fileno() if sys.stdin.isatty() else None
    except (AttributeError, ValueError, OSError):  # closed, or none at all
        return None


class _Lines(logging.Handler):
    """Keeps the last log lines for the view."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record).splitlines()[0])
        except Exception:  # noqa: BLE001 - a caller that logs must not get an exception
            self.handleError(record)
