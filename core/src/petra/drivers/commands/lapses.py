"""Signals that go to devices and have turned bad: what their devices are given instead, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from attrs import define

from petra.signals import OnBad

if TYPE_CHECKING:
    import asyncio

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
    timer: asyncio.TimerHandle | None = None
    told: bool = False

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self.timer is not None:
            self.timer.cancel()


class Lapses:
    """The bad signals of one driver's outputs. It belongs to the drivers' loop.

    `due` is called with the name of a signal when its safe value is to be written.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        due: Callable[[str], None],
        before: Mapping[str, Lapsed],
        what: str = "is bad",
    ) -> None:
        self._what = what
        self._loop = loop
        self._due = due
        self._lapses = {
            signal: _Lapse(each.since) for signal, each in before.items() if each.since is not None
        }
        self._last = {signal: each.last for signal, each in before.items() if each.last is not None}

    def over(self, signal: Signal, value: Value) -> None:
        """Take note that a signal is not bad."""
        if signal.on_bad is OnBad.LAST_GOOD:
            self._last[signal.name] = value
        lapse = self._lapses.pop(signal.name, None)
        if lapse is None:
            return
        lapse.stop()
        if lapse.told:
            log.info("%s: its device is given its value again", signal.name)

    def instead(self, signal: Signal, reason: str) -> Instead | None:
        """Return what the device of a bad signal is given; None for nothing, or for nothing yet."""
        if signal.on_bad is OnBad.LAST_GOOD:
            last = self._last.get(signal.name)
            return Instead(last, safe=False) if type(last) is signal.type.python else None
        if signal.on_bad is OnBad.HOLD or signal.safe is None:
            return None
        lapse = self._lapses.setdefault(signal.name, _Lapse(self._loop.time()))
        at = lapse.since + signal.safe_after
        if self._loop.time() < at:
            if lapse.timer is None or lapse.timer.when() != at:  # a reload may have changed how long
                lapse.stop()
                lapse.timer = self._loop.call_at(at, self._due, signal.name)
            return None
        if not lapse.told:
            lapse.told = True
            said = "%s %s (%s): its device is given the safe value %r"
            log.warning(said, signal.name, self._what, reason, signal.safe)
        return Instead(signal.safe, safe=True)

    def handed_over(self) -> Mapping[str, Lapsed]:
        """Return what whoever takes over has to know, by the time of the loop."""
        since = {name: lapse.since for name, lapse in self._lapses.items()}
        return {name: Lapsed(since.get(name), self._last.get(name)) for name in since.keys() | self._last}

    def close(self) -> None:
        """Wait for nothing any more."""
        for lapse in self._lapses.values():
            lapse.stop()
        self._lapses.clear()
