"""The files of a day: each has a header and whole lines, whatever happened to the one who wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def as_line(cells: Iterable[object]) -> str:
    """Return a line of a CSV file, with its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def file_of(folder: Path, day: str, header: Sequence[str]) -> Path:
    """Return the file of a day that has this header; one that is new has nothing but the header."""
    line = as_line(header)
    for number in count(1):
        path = folder / (f"{day}.csv" if number == 1 else f"{day}-{number}.csv")
        if not path.exists() or not _mended(path).strip():
            path.write_text(line, "utf-8")
            return path
        with path.open(encoding="utf-8", newline="") as file:
            if file.read(len(line)) == line:
                return path
    raise AssertionError


def append(path: Path, line: str) -> None:
    """Add a line; it is in the hands of the system when this returns."""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(line)


def _mended(path: Path) -> str:
    """Remove a last line without an end, and return what is left of the file's beginning."""
    with path.open("r+b") as file:
        data = file.read()
        whole = data.rfind(b"\n") + 1
        if whole != len(data):
            file.truncate(whole)
        return data[:whole].decode("utf-8", "replace")
