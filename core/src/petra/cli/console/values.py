"""Values as they are typed on a command line."""

from __future__ import annotations

import math
from typing import Any

import click

from petra.durations import seconds_of
from petra.signals import SignalType, Value

_WORDS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in some versions of click only
    """A length of time, such as 500ms, 10s, 5m or 1h."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        try:
            return seconds_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def as_typed(text: str, kind: SignalType) -> Value:
    """Return a value of a signal's type, or end the command with what was wrong."""
    if kind is SignalType.STRING:
        return text
    if kind is SignalType.BOOL:
        if text.lower() not in _WORDS:
            raise click.BadParameter(f"{text!r} is neither true nor false")
        return _WORDS[text.lower()]
    try:
        number = int(text, 0) if kind is SignalType.INT else float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):  # also what is written as such: nobody means it
        wanted = "a whole number" if kind is SignalType.INT else "a number"
        raise click.BadParameter(f"{text!r} is not {wanted}")
    return number
