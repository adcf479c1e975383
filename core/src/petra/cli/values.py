"""Values as they are typed on a command line."""

from __future__ import annotations

import click

from petra.signals import SignalType, Value

_WORDS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


def as_typed(text: str, kind: SignalType) -> Value:
    """Return a value of a signal's type, or end the command with what was wrong."""
    if kind is SignalType.STRING:
        return text
    if kind is SignalType.BOOL:
        if text.lower() not in _WORDS:
            raise click.BadParameter(f"{text!r} is neither true nor false")
        return _WORDS[text.lower()]
    try:
        return int(text, 0) if kind is SignalType.INT else float(text)
    except ValueError:
        wanted = "a whole number" if kind is SignalType.INT else "a number"
        raise click.BadParameter(f"{text!r} is not {wanted}") from None
