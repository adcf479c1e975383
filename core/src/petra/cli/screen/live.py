"""The live view of `petra run` in a terminal: what an engine does, with keys to look around."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from petra.cli.logs.setup import hold_stderr, log_to_console, release_stderr
from petra.cli.screen.feed import Feed
from petra.cli.screen.page import event_line
from petra.cli.screen.show import show
from petra.cli.screen.terminal import Terminal
from petra.cli.screen.text import plain
from petra.cli.screen.view import View
from petra.plant import BlockingPlant, EventKind, this_user
from petra.plant.blocking import ClientLoop

if TYPE_CHECKING:
    from petra.engine import Engine

log = logging.getLogger("petra.live")

_LISTEN = 0.1  # seconds between looks at whether it was told to stop
_END_WITHIN = 0.5
_LINES = 20
_LONGEST = 500


class Live:
    """Draws an engine until it ends.

    Its own thread draws: a terminal that hangs, closes or fails does not hold up the engine.
    """

    def __init__(self, engine: Engine, file: str) -> None:
        self._engine = engine
        self._file = file
        self._stop = threading.Event()
        self._over = threading.Lock()

    def run(self, seconds: float | None, stopping: Callable[[], bool]) -> None:
        """Draw until the engine ends or is told to, or for so long."""
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
            self._end()

    def _begin(self) -> tuple[Terminal, threading.Thread] | None:
        """Start to draw; a failure does not affect the plant."""
        try:
            terminal = Terminal(sys.stdout.fileno(), keyboard())
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
        for event in self._engine.events.last(_LINES):
            if event.kind is EventKind.LOG:
                sys.stderr.write(plain(event_line(event, _LONGEST)) + "\n")
        release_stderr()
        log_to_console()

    def _show(self, terminal: Terminal) -> None:
        view = View(Path(self._file).name, keys=terminal.has_keys)
        feed = Feed(self._plant, lambda: view.wanted, terminal.wake)
        try:
            terminal.open()
            feed.start()
            try:
                show(view, feed, terminal, self._stop.is_set, _interrupt)
            finally:
                terminal.close()
        except Exception as error:  # noqa: BLE001 - a closed terminal, or any defect of the view: the plant goes on
            terminal.restore()
            self._end()
            log.warning("the live view has ended, the plant goes on: %s", error)
        finally:
            feed.stop()

    def _plant(self) -> BlockingPlant:
        return BlockingPlant(self._engine.plant(this_user("view")), ClientLoop("petra-view"))


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def keyboard() -> int | None:
    """Return the descriptor of the keyboard; None where there is none."""
    try:
        return sys.stdin.fileno() if sys.stdin.isatty() else None
    except (AttributeError, ValueError, OSError):  # closed, or none at all
        return None
