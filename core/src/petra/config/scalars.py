"""The meaning of a plain scalar: that of YAML 1.2, and refused if YAML 1.1 reads it in another way.

Some YAML readers read `no` as False and others as a text, `12:30` as 750, and `010` as eight or ten. Such a
scalar is refused, with a hint what to write; only scalars that all readers read in the same way are accepted.
"""

from __future__ import annotations

import re

from attrs import frozen

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_ELEVEN_BOOL = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
_ELEVEN_SIXTY = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+|0o[0-7]+")
_ELEVEN_BINARY = re.compile(r"[-+]?0b[01_]+")
_ELEVEN_UNDERSCORE = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)")
_ELEVEN_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")

MAX_DIGITS = 400  # beyond every float (309 digits), and far below where int() becomes slow


@frozen
class Ambiguous:
    """A plain scalar that YAML readers read in different ways, and what to write instead."""

    reading: str
    instead: str


Plain = bool | int | float | str | Ambiguous | None


def read_plain(text: str) -> Plain:
    """Return the value of a plain scalar, or why it is ambiguous."""
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("=", "<<"):
        return Ambiguous(f"{text} has a special meaning for some YAML readers", f'"{text}" in quotes')
    if text[0] in "0123456789+-." and len(text) <= MAX_DIGITS:
        return _read_number(text)
    if _ELEVEN_BOOL.fullmatch(text):
        meant = "true" if text.lower() in ("yes", "on") else "false"
        return Ambiguous(f"some YAML readers read {text} as {meant}", f'{meant}, or "{text}" in quotes')
    return text


def _read_number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _LEADING_ZERO.fullmatch(text):
        return Ambiguous(
            f"some YAML readers read {text} as octal",
            f'the number without a leading zero, or "{text}" in quotes',
        )
    if _FLOAT.fullmatch(text):
        return float(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if text.lstrip("+-").lower() == ".inf":
        return float("-inf") if text[0] == "-" else float("inf")
    if text.lower() == ".nan":
        return float("nan")
    for pattern, reading in (
        (_ELEVEN_SIXTY, "as a number in base 60"),
        (_ELEVEN_BINARY, "as binary"),
        (_ELEVEN_UNDERSCORE, "as a number without the underscores"),
        (_ELEVEN_DATE, "as a date"),
    ):
        if pattern.fullmatch(text):
            return Ambiguous(f"some YAML readers read {text} {reading}", f'"{text}" in quotes')
    return text
