"""Printing: aligned and plain by default, coloured in a terminal, JSON on request."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence

import click

from petra.plural import plural
from petra.settings.secret import Secret

__all__ = ["in_terminal", "plural", "print_json", "print_table", "printable", "shown", "tinted"]

_GAP = 3  # columns between two cells of a table
_LEAST = 12  # columns in which a last column may fold


def print_json(data: object) -> None:
    """Print a value as JSON; a secret in it shows as ***."""
    try:
        text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain, allow_nan=False)
    except ValueError:  # JSON has no NaN and no infinity
        text = json.dumps(_finite(data), indent=2, ensure_ascii=False, default=_plain)
    click.echo(text.encode("utf-8", "backslashreplace").decode())  # half a surrogate pair has no UTF-8


def _finite(data: object) -> object:
    """Return data with a text in place of each number that JSON does not have."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def in_terminal() -> bool:
    """Return whether the output is a terminal whose user has not refused colours."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns; in a terminal, with rules and colour."""
    if in_terminal():
        _print_rich_table(headings, rows)
        return
    lines = [[heading.upper() for heading in headings], *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _print_rich_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that cuts nothing off: its last column folds; one that is too wide wraps as a whole."""
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widths = [max(cell_len(line[i]) for line in (headings, *rows)) for i in range(len(headings))]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading, width in zip(headings[:-1], widths, strict=False):
        table.add_column(heading, no_wrap=True, min_width=width)
    table.add_column(headings[-1], overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: brackets in a name are not markup
    console = Console()
    before_last = sum(widths[:-1]) + _GAP * len(widths)
    if before_last + min(widths[-1], _LEAST) > console.width:
        console = Console(width=before_last + widths[-1])
    console.print(table)


def tinted(text: str, colour: str) -> str:
    """Return a text in a colour; click drops it where there is no terminal."""
    return click.style(text, fg=colour) if "NO_COLOR" not in os.environ else text


def shown(value: object, digits: int = 10) -> str:
    """Return a value as people write it: true and false as in a document, a number without its last bits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def printable(text: str) -> str:
    """Return a text that is safe in one line of a terminal: a device can send any character."""
    return text if text.isprintable() else ascii(text)
