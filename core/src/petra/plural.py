"""Numbers with nouns in messages."""

from __future__ import annotations


def plural(number: int, noun: str) -> str:
    """Return "1 block", "2 blocks", "no blocks"."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
