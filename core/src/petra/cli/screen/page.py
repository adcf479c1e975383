"""What all pages of the view have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from petra.cli.screen.text import DIM, RED, REVERSE, YELLOW, Column, fit, styled, table, wrapped

if TYPE_CHECKING:
    from petra.cli.screen.keys import Cursor, Key
    from petra.cli.screen.scene import Scene, Wanted
    from petra.plant import Event

_LEVELS = {"warning": YELLOW, "error": RED, "critical": RED}


class Page(Protocol):
    """A page: its keys, its lines, and what it needs of the plant."""

    title: str

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""

    @property
    def wanted(self) -> Wanted:
        """What it needs of the plant."""

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return at most `room` lines, none wider than `columns`."""

    def where(self, scene: Scene) -> str:
        """Return what of it is seen, for the foot."""


def listed(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str],
    seen: range,
    cursor: Cursor | None,
    width: int,
) -> list[str]:
    """Return the titles and rows of a table; the row of the cursor is shown in reverse."""
    titles, *lines = table(columns, rows, width)
    drawn = [styled(titles, DIM)]
    for place, line, style in zip(seen, lines, styles, strict=True):
        at = cursor is not None and place == cursor.at
        drawn.append(styled(line.ljust(1), f"{REVERSE};{style}".rstrip(";")) if at else styled(line, style))
    return drawn


def event_lines(event: Event, columns: int) -> list[str]:
    """Return an event in as many lines as it takes."""
    return [styled(line, _style(event)) for line in wrapped(_said(event), columns, 9)]


def event_line(event: Event, columns: int) -> str:
    """Return an event in one line."""
    return styled(fit(_said(event), columns), _style(event))


def _style(event: Event) -> str:
    return _LEVELS.get(event.level, "")


def _said(event: Event) -> str:
    return f"{clock(event.time / 1e9)} {event.level.upper()} {' '.join(event.text.splitlines()[:1])}"


def clock(time: float) -> str:
    """Return a time of day."""
    return datetime.fromtimestamp(time).astimezone().strftime("%H:%M:%S")
