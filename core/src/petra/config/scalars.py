"""What a plain scalar means: YAML 1.2, and a refusal wherever YAML 1.1 would read something else.

`no` is False to one YAML reader and a text to the next, `12:30` is 750 to some, `010` is eight or ten. Such a
scalar is refused with what to write instead; only what every reader understands alike is taken.
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

MAX_DIGITS = 400


@frozen
class Ambiguous:
    """A plain scalar that YAML readers disagree about, and what to write instead."""

    reading: str
    instead: str


Plain = bool | int | float | str | Ambiguous | None


def read_plain(text: str) -> Plain:
    """Return what a plain scalar means, or why nobody can be sure."""
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("=", "<<"):
        return Ambiguous(f"{text} has a meaning of its own to some YAML readers", f'"{text}" in quotes')
    if text[0] in "0123456789+-." and len(text) <= MAX_DIGITS:
        return _number(text)
    if _ELEVEN_BOOL.fullmatch(text):
        meant = "true" if text.lower() in ("yes", "on") else "false"
        return Ambiguous(f"some YAML readers take {text} for {meant}", f'{meant}, or "{text}" in quotes')
    return text


def _number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _LEADING_ZERO.fullmatch(text):
        return Ambiguous(
            f"{text} is octal to some YAML readers",
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
        (_ELEVEN_SIXTY, "is a number in base 60 to some YAML readers"),
        (_ELEVEN_BINARY, "is binary to some YAML readers"),
        (_ELEVEN_UNDERSCORE, "is a number with its underscores dropped to some YAML readers"),
        (_ELEVEN_DATE, "is a date to some YAML readers"),
    ):
        if pattern.fullmatch(text):
            return Ambiguous(f"{text} {reading}", f'"{text}" in quotes')
    return text
