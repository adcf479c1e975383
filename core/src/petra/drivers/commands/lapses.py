"""Signals that go to devices and have turned bad: what their devices are given instead, and when. Pure."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from attrs import define

from petra.signals import OnBad

if TYPE_CHECKING:
    from petra.signals import Signal, Value

log = logging.getLogger("petra.drivers")


class Instead(NamedTuple):
    """What a device is given for a bad signal, and whether that is the safe value."""

    value: Value
    safe: bool
    stands_in: bool = False
    """Whether it is given in place of what the device has refused."""


class Lapsed(NamedTuple):
    """What is handed over at a reload: since when a signal is bad, and the last value that was not."""

    since: float | None = None
    last: Value | None = None


@define(eq=False)
class _Lapse:
    """Since when a signal is bad."""

    since: float
    due_at: float = math.inf
    """When its safe value is to be written; infinite once it was reported as due."""
    told: bool = False


class Lapses:
    """The bad signals of one driver's outputs, by the time of the loop."""

    def __init__(self, before: Mapping[str, Lapsed], what: str = "is bad") -> None:
        self._what = what
        self._lapses = {
            signal: _Lapse(each.since) for signal, each in before.items() if each.since is not None
        }
        self._last = {signal: each.last for signal, each in before.items() if each.last is not None}

    def over(self, signal: Signal, value: Value) -> None:
        """Note that a signal is not bad."""
        if signal.on_bad is OnBad.LAST_GOOD:
            self._last[signal.name] = value
        lapse = self._lapses.pop(signal.name, None)
        if lapse is not None and lapse.told:
            log.info("%s: the value of the program is written again", signal.name)

    def instead(self, signal: Signal, reason: str, now: float) -> Instead | None:
        """Return what the device of a bad signal is given; None for nothing, or for nothing yet."""
        if signal.on_bad is OnBad.LAST_GOOD:
            last = self._last.get(signal.name)
            return Instead(last, safe=False) if type(last) is signal.type.python else None
        if signal.on_bad is OnBad.HOLD or signal.safe is None:
            return None
        lapse = self._lapses.setdefault(signal.name, _Lapse(now))
        at = lapse.since + signal.safe_after  # a reload may have changed how long
        if now < at:
            lapse.due_at = at
            return None
        if not lapse.told:
            lapse.told = True
            message = "%s %s (%s): its device is given the safe value %r"
            log.warning(message, signal.name, self._what, reason, signal.safe)
        return Instead(signal.safe, safe=True)

    def due(self, now: float) -> list[str]:
        """Return the signals whose safe value is to be written now, each once."""
        found = [name for name, lapse in self._lapses.items() if lapse.due_at <= now]
        for name in found:
            self._lapses[name].due_at = math.inf
        return found

    def next_at(self) -> float:
        """Return when the next signal is due."""
        return min((lapse.due_at for lapse in self._lapses.values()), default=math.inf)

    def handed_over(self) -> Mapping[str, Lapsed]:
        """Return what the next driver of these signals has to know."""
        since = {name: lapse.since for name, lapse in self._lapses.items()}
        return {name: Lapsed(since.get(name), self._last.get(name)) for name in since.keys() | self._last}
