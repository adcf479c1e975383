"""Tables of values as CSV: a header with the names of parameters, and one row for each instance.

The separator is the first of semicolon, tab and comma that the header contains: names contain none of them.
A cell may be in double quotes, with `""` for a quote inside. Empty lines are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from petra.config.nodes import Scalar
from petra.config.origin import Line, Origin

if TYPE_CHECKING:
    from petra.config.problems import Problems

Row = list[Scalar]
"""The cells of a row, each with its place. A cell in quotes is not plain; one that is plain may be empty."""

_SEPARATORS = (";", "\t", ",")
_NEWLINE = re.compile(r"\r\n|\r|\n")


def read_rows(text: str, origin: Origin, problems: Problems) -> Iterator[Row]:
    """Yield the rows of a table, the header first; stop with a problem at a quote that is not closed."""
    cell = _cell_pattern(text)
    number, start, at = 1, 0, 0
    row: Row = []
    while at < len(text) or row:
        found = cell.match(text, at)
        if found is None:
            here = Scalar(Line.of(number, origin), at - start + 1, "", plain=False)
            message = "a quote is not closed, or text follows the closing quote"
            problems.add(here, "bad-table", message, hint='inside quotes, a quote is written ""')
            return
        quoted = found["quoted"]
        said = found["bare"].strip() if quoted is None else quoted.replace('""', '"')
        row.append(Scalar(Line.of(number, origin), at - start + 1, said, plain=quoted is None))
        for newline in _NEWLINE.finditer(text, at, found.end()):
            number, start = number + 1, newline.end()
        at = found.end()
        if not found["next"]:
            if len(row) > 1 or row[0].text or not row[0].plain:
                yield row
            row = []


def _cell_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a cell with the separator or the end of the line that follows it."""
    header = _NEWLINE.split(text.lstrip("\r\n"), maxsplit=1)[0]
    mark = next((each for each in _SEPARATORS if each in header), ",")
    blank = " *" if mark == "\t" else r"[ \t]*"
    return re.compile(
        rf'(?:{blank}"(?P<quoted>(?:[^"]|"")*)"{blank}|(?P<bare>(?!{blank}")[^{mark}\r\n]*))'
        rf"(?:(?P<next>{mark})|\r\n|\r|\n|\Z)"
    )
