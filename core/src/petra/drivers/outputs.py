"""From signals to commands: what the program writes to a driver's points."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from petra.drivers.commands import WELL, Command, Ledger, Origin
from petra.signals import Quality
from petra.supervise import Backoff

if TYPE_CHECKING:
    from petra.drivers.contract import Link
    from petra.drivers.point import Point
    from petra.signals import Bus, Image, Value


class Outputs:
    """Makes a command of every change of a signal that a driver writes. It belongs to the drivers' loop.

    A value is written when it changes, and again for as long as the device is busy. What a block computes is
    written once more when its station comes back: the device may have been exchanged meanwhile. A bad value
    is not written, the device keeps what it has. Nothing is written before the first scan has published, and
    a signal that no block writes only when somebody has given it another value: what the document says it
    begins with is no order.
    """

    def __init__(self, link: Link, bus: Bus, ledger: Ledger) -> None:
        self._link = link
        self._bus = bus
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        layout = bus.layout
        self._points = {
            point.signal: point
            for point in link.driver.points
            if point.direction.writes
            and not (point.direction.reads and layout.place(point.signal) < layout.split)
        }
        image = bus.image
        self._last: dict[str, Value] = {
            signal: image.value(layout.place(signal))
            for signal in self._points
            if layout.place(signal) < layout.split
        }
        self._sent: dict[str, Command] = {}
        """The last command for each signal: what is not known to have been carried out is owed."""
        self._owed: set[str] = set()
        self._again: dict[str, float] = {}
        """When to write once more what the device was not able to take."""
        self._backoff: dict[str, Backoff] = {}
        self._serving = False
        self._subscription = bus.subscribe(list(self._points)) if self._points else None
        if self._subscription is not None:
            self._subscription.wake = self._wake

    def resume(self, station: str) -> None:
        """Write anew what the program wants of a station, or of all."""
        self._serving = True
        layout = self._bus.layout
        for signal, point in self._points.items():
            if station and point.station != station:
                continue
            sent = self._sent.get(signal)
            unsure = sent is not None and sent.outcome not in WELL
            if unsure or layout.index.get(signal, -1) >= layout.split:
                self._last.pop(signal, None)
                self._owed.add(signal)
        self.tick()
        self._look()

    def pause(self) -> None:
        """Hold back: there is no session."""
        self._serving = False

    def note(self, signal: str, value: Value) -> None:
        """Take note of what somebody else has written to a point."""
        if signal in self._points:
            self._last[signal] = value
            self._again.pop(signal, None)

    def tick(self) -> None:
        """Write what is owed, once there is an image of a scan."""
        image = self._bus.image
        if self._again and self._serving:
            self._try_again()
        if self._owed and self._serving and image.scan:
            owed, self._owed = self._owed, set()
            self._want(image, owed)

    def close(self) -> None:
        """Write no more."""
        if self._subscription is not None:
            self._subscription.close()

    def _wake(self) -> None:
        """Hear of a change; the scan thread calls it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._subscription is None or not self._serving:
            return
        image, changed = self._subscription.take()
        signals = image.layout.signals
        self._want(image, (signals[i].name for i in changed))

    def _want(self, image: Image, signals: Iterable[str]) -> None:
        if not image.scan:
            self._owed.update(signals)
            return
        layout = image.layout
        for signal in signals:
            index, point = layout.index.get(signal), self._points.get(signal)
            if index is None or point is None or image.status(index).quality is Quality.BAD:
                continue
            value = image.value(index)
            if signal not in self._last or self._last[signal] != value:
                self._last[signal] = value
                self._submit(point, value, layout.signals[index].written_by)

    def _submit(self, point: Point, value: Value, writer: str) -> None:
        command: Command = self._ledger.open(point.signal, value, writer or "signal", Origin.LOGIC)
        self._sent[point.signal] = command
        self._again.pop(point.signal, None)
        if not command.outcome.final:
            command.point = point
            command.then(self._heard)
            self._link.outbox.put(command, self._link.now())

    def _heard(self, command: Command) -> None:
        """Hear how a command has ended; one that failed for a reason that passes is owed."""
        signal = command.signal
        if self._sent.get(signal) is not command:
            return
        if command.passing:
            pause = self._backoff.setdefault(signal, Backoff(first=0.25, longest=10.0)).next()
            self._again[signal] = self._link.now() + pause
        else:
            self._backoff.pop(signal, None)

    def _try_again(self) -> None:
        now = self._link.now()
        for signal in [signal for signal, due in self._again.items() if due <= now]:
            del self._again[signal]
            self._last.pop(signal, None)
            self._owed.add(signal)
