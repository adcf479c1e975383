"""Hints for formulas that are written as in structured text, C or spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Collection
from operator import itemgetter

_CHOICE = "x if condition else y"
_SIGNS = (
    (r"<>", "!="),
    (r"&&?", "and"),
    (r"\|\|?", "or"),
    (r"!(?!=)", "not"),
    (r"\^|\*\*", "pow(x, y)"),
    (r"\?", _CHOICE),
    (r"(?i:^if\b)", _CHOICE),
    (r"(?<![<>=!:])=(?!=)", "=="),
    (r"(?i:\bmod\b)", "%"),
    (r"(?i:\bxor\b)", "!="),
)
_DECIMAL_COMMA = re.compile(r"\b\d+,\d+\b")
_WORDS = frozenset({"and", "or", "not", "if", "else"})


def notation_hint(text: str, names: Collection[str]) -> str:
    """Return a hint for the first operator or word of another notation; empty if there is none."""
    found = [(match.start(), match[0], ours) for sign, ours in _SIGNS if (match := re.search(sign, text))]
    found += [
        (match.start(), match[0], match[0].lower())
        for match in re.finditer(r"[A-Za-z_]\w*", text)
        if match[0] != match[0].lower() and match[0].lower() in _WORDS.union(names)
    ]
    if "(" not in text:  # in a call, a comma separates the arguments
        found += [
            (comma.start(), comma[0], comma[0].replace(",", ".")) for comma in _DECIMAL_COMMA.finditer(text)
        ]
    if not found:
        return ""
    at, theirs, ours = min(found, key=itemgetter(0))
    return f"write {ours!r} instead of {theirs!r} (character {at + 1})"
