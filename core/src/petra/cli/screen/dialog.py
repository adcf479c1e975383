"""Write, force and release a signal: a value is typed, then confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from petra.cli.console.output import shown
from petra.cli.console.values import as_typed
from petra.cli.screen.scene import Request
from petra.cli.screen.text import fit
from petra.plant import PlantAct
from petra.signals import SignalType

if TYPE_CHECKING:
    from petra.plant import SignalInfo, SignalValue
    from petra.signals import Signal, Value

_ASIDE = 4  # columns that are left free beside what is typed


class Dialog:
    """Asks for a value, unless one is released, and then for a yes. `request` is what was confirmed."""

    def __init__(self, act: PlantAct, info: SignalInfo, now: Callable[[], SignalValue | None]) -> None:
        self.over = False
        self.request: Request | None = None
        self._act = act
        self._signal = info.signal
        self._now = now
        self._typed = ""
        self._problem = ""
        self._value: Value | None = None
        self._confirming = act is PlantAct.UNFORCE

    def press(self, key: str) -> None:
        """Take a key."""
        if key == "escape":
            self.over = True
        elif self._confirming:
            self._confirm(key)
        elif key == "enter":
            self._take()
        elif key == "backspace":
            self._typed, self._problem = self._typed[:-1], ""
        elif len(key) == 1:
            self._typed, self._problem = self._typed + key, ""

    def line(self, columns: int) -> str:
        """Return what is asked; of a long name the end is cut, never the value or the question."""
        act, name = self._act.value, self._signal.name
        if self._confirming:
            value = "" if self._value is None else f" = {_displayed(self._value)}"
            return _ending(f"{act} {name}", f"{value}? y/n", columns)
        typed = f": {self._typed}_"
        if self._problem:
            return _ending(f"{act} {name}: {self._problem}", typed, columns)
        return _ending(f"{act} {name} ({_about(self._signal, self._now())})", typed, columns)

    def _confirm(self, key: str) -> None:
        if key in ("y", "Y"):
            self.request = Request(self._act, self._signal.name, self._value)
        if key in ("y", "Y", "n", "N"):
            self.over = True

    def _take(self) -> None:
        try:
            self._value = _read(self._typed, self._signal)
        except click.BadParameter as error:
            self._problem = error.message
        else:
            self._confirming = True


def _read(text: str, signal: Signal) -> Value:
    """Return a typed value, or raise BadParameter with why it is not a value of the signal."""
    value = as_typed(text if signal.type is SignalType.STRING else text.strip(), signal.type)
    if isinstance(value, str):
        return value
    if signal.minimum is not None and not value >= signal.minimum:
        raise click.BadParameter(f"it is at least {signal.minimum:g}")
    if signal.maximum is not None and not value <= signal.maximum:
        raise click.BadParameter(f"it is at most {signal.maximum:g}")
    return value


def limits_of(signal: Signal) -> str:
    """Return the limits of a signal in words; empty when it has none."""
    low, high = signal.minimum, signal.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return "" if high is None else f"at most {high:g}"


def _about(signal: Signal, now: SignalValue | None) -> str:
    kind = "true or false" if signal.type is SignalType.BOOL else signal.type.value
    parts = [" ".join(filter(None, [kind, limits_of(signal), signal.unit]))]
    if now is not None:
        parts.append(f"now {_displayed(now.value)}")
    return ", ".join(parts)


def _displayed(value: Value) -> str:
    return fit(repr(value), 40) if isinstance(value, str) else shown(value)


def _ending(begin: str, end: str, columns: int) -> str:
    """Return two texts in one line: the end of the second one is always seen."""
    most = max(_ASIDE, columns - _ASIDE)
    while cell_len(end) > most:
        end = end[1:]
    return fit(begin, max(0, columns - cell_len(end))) + end
