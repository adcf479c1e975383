"""`monitor`: points as they change, as a table or a line each."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from petra.cli.console.output import in_terminal, shown

if TYPE_CHECKING:
    from rich.table import Table

    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.statistics import DriverStatus
    from petra.engine.host import DriverHost
    from petra.signals import LocalBus

_SCAN = 0.02
_DRAW = 0.25
_HEADINGS = ("time", "signal", "value", "quality", "reason")


def watch(drivers: Sequence[Driver], seconds: float | None, form: str) -> None:
    """Run drivers without a program and show what they read, until SIGTERM or SIGINT."""
    from attrs import evolve

    from petra.clock import SystemClock
    from petra.drivers.contract.point import Direction
    from petra.engine.host import DriverHost
    from petra.signals import LocalBus, Signal, SignalType, Store
    from petra.supervise import Supervisor

    for driver in drivers:  # a driver that writes nothing
        driver.points = tuple(
            evolve(point, direction=Direction.READ) for point in driver.points if point.direction.reads
        )
    clock = SystemClock()
    signals = {p.signal: Signal(p.signal, p.type) for d in drivers for p in d.points}
    signals |= {d.online: Signal(d.online, SignalType.BOOL) for d in drivers if d.online}
    bus = LocalBus(Store(signals.values(), clock))
    supervisor = Supervisor()
    host = DriverHost(bus, clock, supervisor)
    show = _Table(drivers, host, bus) if in_terminal() and not form else _Lines(bus, form or "csv")
    supervisor.start()
    host.start(drivers)
    try:
        _scan(bus, seconds, show.update)
    finally:
        host.stop(2.0)
        supervisor.stop(2.0)
        show.close()


def _scan(bus: LocalBus, seconds: float | None, update: Callable[[], None]) -> None:
    began = time.monotonic()
    scans = 0
    try:
        while seconds is None or time.monotonic() - began < seconds:
            scans += 1
            bus.store.latch()
            bus.store.publish(scans, time.time_ns())
            update()
            time.sleep(_SCAN)
    except KeyboardInterrupt:
        return


class _Lines:
    """A line for each change."""

    def __init__(self, bus: LocalBus, form: str) -> None:
        self._bus = bus
        self._changes = bus.changes()
        self._write = csv.writer(sys.stdout).writerow
        self._json = form == "json"
        if not self._json:
            self._write(_HEADINGS)

    def update(self) -> None:
        """Print what has changed."""
        image, changed = self._changes.take()
        for index in changed:
            status = image.status(index)
            at = datetime.fromtimestamp(image.when(index) / 1e9, UTC).isoformat(timespec="milliseconds")
            cells = (
                at,
                image.layout.signals[index].name,
                image.value(index),
                status.quality.name.lower(),
                status.reason,
            )
            if self._json:
                print(json.dumps(dict(zip(_HEADINGS, cells, strict=True)), ensure_ascii=False))  # noqa: T201 - it is what was asked for
            else:
                self._write([shown(cell) if isinstance(cell, bool) else cell for cell in cells])
        if changed:
            sys.stdout.flush()

    def close(self) -> None:
        """End."""
        self._changes.close()


class _Table:
    """A table that is redrawn in place."""

    def __init__(self, drivers: Sequence[Driver], host: DriverHost, bus: LocalBus) -> None:
        from rich.live import Live

        self._drivers = drivers
        self._host = host
        self._bus = bus
        self._live = Live(auto_refresh=False)
        self._live.start()
        self._drawn = 0.0

    def update(self) -> None:
        """Draw, a few times a second."""
        if time.monotonic() - self._drawn >= _DRAW:
            self._drawn = time.monotonic()
            self._live.update(self._table(), refresh=True)

    def close(self) -> None:
        """End."""
        self._live.stop()

    def _table(self) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table("connection", "signal", "address", "value", "quality", box=SIMPLE_HEAD, pad_edge=False)
        room = max(3, self._live.console.size.height - 6)
        rows = [(driver, point) for driver in self._drivers for point in driver.points]
        for driver, point in rows[:room]:
            status = self._bus.status(point.signal)
            quality = Text(
                status.reason or status.quality.name.lower(), style="red" if status.quality else "green"
            )
            value = self._bus.read(point.signal).value
            table.add_row(
                Text(driver.name), Text(point.signal), Text(point.address), Text(shown(value, 6)), quality
            )
        said = [_said(name, status) for name, status in self._host.status().items()]
        table.caption = "   ".join([*said, f"and {len(rows) - room} more points" if len(rows) > room else ""])
        return table


def _said(name: str, status: DriverStatus) -> str:
    state = f"{name}: {status.health.state.value}"
    if status.received and not status.requests:
        return f"{state}, {status.received} values"
    return f"{state}, {status.requests} requests, p50 {status.response_p50_ms:.2f} ms"
