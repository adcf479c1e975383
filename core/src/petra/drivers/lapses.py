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


@define(eq=False)
class _Lapse:
    """Since when a signal is bad."""

    since: float
    timer: asyncio.TimerHandle | None = None
    told: bool = False


class Lapses:
    """The bad signals of one driver's outputs. It belongs to the drivers' loop.

    `due` is called with the name of a signal when its safe value is to be written.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, due: Callable[[str], None], since: Mapping[str, float]
    ) -> None:
        self._loop = loop
        self._due = due
        self._lapses = {signal: _Lapse(at) for signal, at in since.items()}
        self._last: dict[str, Value] = {}

    def over(self, signal: Signal, value: Value) -> None:
        """Take note that a signal is not bad."""
        if signal.on_bad is OnBad.LAST_GOOD:
            self._last[signal.name] = value
        lapse = self._lapses.pop(signal.name, None)
        if lapse is None:
            return
        if lapse.timer is not None:
            lapse.timer.cancel()
        if lapse.told:
            log.info("%s is not bad any more: its device is given its value again", signal.name)

    def instead(self, signal: Signal, reason: str) -> Instead | None:
        """Return what the device of a bad signal is given; None for nothing, or for nothing yet."""
        if signal.on_bad is OnBad.LAST_GOOD:
            last = self._last.get(signal.name)
            return None if last is None else Instead(last, safe=False)
        if signal.on_bad is OnBad.HOLD or signal.safe is None:
            return None
        lapse = self._lapses.setdefault(signal.name, _Lapse(self._loop.time()))
        at = lapse.since + signal.safe_after
        if self._loop.time() < at:
            if lapse.timer is None:
                lapse.timer = self._loop.call_at(at, self._due, signal.name)
            return None
        if not lapse.told:
            lapse.told = True
            log.warning(
                "%s is bad (%s): its device is given the safe value %r", signal.name, reason, signal.safe
            )
        return Instead(signal.safe, safe=True)

    def since(self) -> Mapping[str, float]:
        """Return since when signals are bad, by the time of the loop."""
        return {signal: lapse.since for signal, lapse in self._lapses.items()}

    def close(self) -> None:
        """Wait for nothing any more."""
        for lapse in self._lapses.values():
            if lapse.timer is not None:
                lapse.timer.cancel()
        self._lapses.clear()
