"""Draws a view on a terminal, with what a feed reads and the keys that are pressed."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from petra.cli.screen.scene import Request, Scene
    from petra.cli.screen.view import View

log = logging.getLogger("petra.live")

REFRESH = 0.25
_COLOUR = re.compile(r"\x1b\[(?:7;)?3[0-9]m")


class Surface(Protocol):
    """What is drawn on: a terminal."""

    def size(self) -> tuple[int, int]:
        """Return its columns and lines."""

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines."""

    def wait(self, seconds: float) -> list[str]:
        """Return the keys that are pressed, after so long at the latest."""


class Source(Protocol):
    """What a view is fed by."""

    def scene(self) -> Scene:
        """Return what is known."""

    def do(self, request: Request) -> None:
        """Do what the reader has confirmed."""


def show(
    view: View, source: Source, surface: Surface, ended: Callable[[], bool], quits: Callable[[], None]
) -> None:
    """Draw and take keys until it has ended; `quits` is called when the reader wants to leave."""
    told = False
    while not ended():
        try:
            columns, height = surface.size()
            surface.draw(shaded(view.lines(source.scene(), columns, height)))
        except OSError:
            raise
        except Exception:  # the next frame may be drawn again
            if not told:
                log.exception("the view cannot be drawn; it is tried again")
            told = True
        for key in surface.wait(REFRESH):
            view.press(key)
            if (request := view.taken_request()) is not None:
                source.do(request)
        if view.quitting:
            view.quitting = False
            quits()


def shaded(lines: list[str]) -> list[str]:
    """Return lines without colours where the user has refused them; what is in reverse stays so."""
    if "NO_COLOR" not in os.environ:
        return lines
    return [_COLOUR.sub(lambda m: "\x1b[7m" if "7;" in m[0] else "\x1b[0m", line) for line in lines]
