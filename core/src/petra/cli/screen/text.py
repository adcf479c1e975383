"""Lines that fit a terminal: a device can send any character, and some are two columns wide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.cells import cell_len, set_cell_size

from petra.cli.console.output import printable

BOLD, RED, GREEN, YELLOW, DIM, REVERSE = "1", "31", "32", "33", "2", "7"

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "m"))


@frozen
class Column:
    """A column of a table."""

    title: str
    most: int
    """It is never wider than this; the last column that is shown takes what is left."""
    least: int = 0
    """It is left out of a terminal with fewer columns than this."""
    right: bool = False
    """Whether its cells are aligned at their right end, as numbers are."""


def fit(text: str, columns: int) -> str:
    """Return a text as one line of at most so many columns; what does not fit is cut with an ellipsis."""
    text = printable(text[: 2 * columns + 2])
    return text if cell_len(text) <= columns else set_cell_size(text, max(0, columns - 1)) + "…"[:columns]


def cell(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text in exactly so many columns."""
    text = fit(text, columns)
    return " " * (columns - cell_len(text)) + text if right else set_cell_size(text, columns)


def styled(text: str, style: str) -> str:
    """Return a text in a style; an empty text has none."""
    return f"\x1b[{style}m{text}\x1b[0m" if text and style else text


def plain(text: str) -> str:
    """Return a text without its styles."""
    return _STYLE.sub("", text)


def wrapped(text: str, columns: int, indent: int = 0) -> Iterator[str]:
    """Yield a text in lines of so many columns; all but the first are indented."""
    text = printable(text)
    indent = indent if indent * 2 < columns else 0
    begin = ""
    while True:
        room = max(1, columns - len(begin))
        end = _fitting(text, room)
        yield begin + text[:end].rstrip()
        text, begin = text[end:].lstrip(), " " * indent
        if not text:
            return


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the titles and rows in aligned columns, none wider than `width`.

    Columns that do not fit are left out from the right.
    """
    places = [i for i, column in enumerate(columns) if width >= column.least]
    widths = [_width(columns[i], [row[i] for row in rows]) for i in places]
    if places:
        widths[-1] = width
    titles = [column.title for column in columns]
    return [
        _row([(row[i], w, columns[i].right) for i, w in zip(places, widths, strict=True)], width)
        for row in (titles, *rows)
    ]


def age(seconds: float) -> str:
    """Return a length of time in few characters: 0.4s, 12s, 5m, 3h, 20d."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}s"
    for length, unit in _SPANS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _fitting(text: str, columns: int) -> int:
    """Return how many characters go into a line: to its last space where it has one."""
    if cell_len(text) <= columns:
        return len(text)
    end = max(1, len(set_cell_size(text[: columns + 1], columns).rstrip()))
    space = text.rfind(" ", 1, end + 1)
    return space if space * 2 > end else end


def _width(column: Column, cells: Sequence[str]) -> int:
    longest = max([cell_len(column.title), *(cell_len(text[: column.most + 1]) for text in cells)])
    return min(longest, column.most)


def _row(cells: Sequence[tuple[str, int, bool]], width: int) -> str:
    text, left = "", width
    for content, columns, right in cells:
        if left < 3:
            break
        last = columns >= width
        part = fit(content, left) if last else cell(content, min(columns, left), right=right)
        text += part + "  "
        left -= cell_len(part) + 2
    return set_cell_size(text, width).rstrip()
