"""The live view of `petra run` in a terminal: tasks, faults, and signals as they change."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from petra.cli.output import shown
from petra.scan.statistics import PREFIX
from petra.supervise import State

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from petra.engine import Engine, EngineStatus

_REFRESH = 0.25
_LINES = 5


class Live:
    """Draws an engine until it ends."""

    def __init__(self, engine: Engine, file: str) -> None:
        self._engine = engine
        self._file = file
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._recent: dict[int, None] = {}

    def run(self, seconds: float | None, stopping: Callable[[], bool]) -> None:
        """Draw until the engine ends or is told to, or for so long."""
        from rich.console import Console
        from rich.live import Live as RichLive

        console = Console()
        handler = _Lines(self._lines)
        logging.getLogger().addHandler(handler)
        changes = self._engine.bus.subscribe()
        until = None if seconds is None else time.monotonic() + seconds
        try:
            with RichLive(console=console, refresh_per_second=1 / _REFRESH, transient=False) as live:
                while not stopping() and (until is None or time.monotonic() < until):
                    self._note(changes.take().indices)
                    live.update(self._drawn(console.size.height))
                    if self._engine.wait(_REFRESH):
                        break
                live.update(self._drawn(console.size.height))
        finally:
            changes.close()
            logging.getLogger().removeHandler(handler)

    def _note(self, indices: Any) -> None:
        for index in indices:
            self._recent.pop(index, None)
            self._recent[index] = None

    def _drawn(self, height: int) -> Group:
        from rich.console import Group
        from rich.text import Text

        status = self._engine.status()
        head = Text(
            f"{self._file}   up {status.uptime_s:.0f} s   reloads {status.reloads}   "
            f"forced {len(status.forced)}   faults {len(status.faults)}   Ctrl-C stops",
            style="bold",
        )
        faults = [Text(reason, style="red") for reason in list(status.faults.values())[:3]]
        taken = (
            len(status.tasks)
            + len(faults)
            + len(self._lines)
            + (len(status.drivers) + 3 if status.drivers else 0)
        )
        room = max(3, height - taken - 10)
        drivers = [self._drivers(status)] if status.drivers else []
        return Group(
            head, self._tasks(status), *drivers, *faults, self._signals(room), *map(Text, self._lines)
        )

    def _tasks(self, status: EngineStatus) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        table = Table("task", box=SIMPLE_HEAD, pad_edge=False)
        for heading in (
            "period ms",
            "scans",
            "execution ms",
            "p99",
            "lateness p50 ms",
            "p99",
            "max",
            "overruns",
        ):
            table.add_column(heading, justify="right")
        for name, f in status.tasks.items():
            figures = (
                f.execution_ms,
                f.execution_p99_ms,
                f.lateness_p50_ms,
                f.lateness_p99_ms,
                f.lateness_max_ms,
            )
            table.add_row(
                name, f"{f.period_ms:g}", str(f.scans), *(f"{x:.3f}" for x in figures), str(f.overruns)
            )
        return table

    def _drivers(self, status: EngineStatus) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        table = Table("driver", "state", box=SIMPLE_HEAD, pad_edge=False)
        for heading in ("points", "requests", "p50 ms", "p99 ms", "writes", "failures"):
            table.add_column(heading, justify="right")
        table.add_column("what")
        for name, d in status.drivers.items():
            good = d.health.state is State.SERVING
            table.add_row(
                Text(name),
                Text(d.health.state.value, style="green" if good else "red"),
                str(d.points),
                str(d.requests),
                f"{d.response_p50_ms:.2f}",
                f"{d.response_p99_ms:.2f}",
                str(d.writes),
                str(d.health.failures),
                Text(d.detail if good else d.health.error),
            )
        return table

    def _signals(self, room: int) -> Table:
        """Return the signals that changed last, in the order of the document."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        image = self._engine.bus.image
        names = [signal.name for signal in image.layout.signals]
        own = [i for i in reversed(self._recent) if i < len(names) and not names[i].startswith(PREFIX)]
        listed = sorted(own[:room])
        left_out = sum(not name.startswith(PREFIX) for name in names) - len(listed)
        table = Table("signal", "value", "unit", "quality", box=SIMPLE_HEAD, pad_edge=False)
        for i in listed:
            status = image.status(i)
            quality = Text(status.quality.name.lower(), style="red" if status.quality else "green")
            held = " (forced)" if i in image.forced else ""
            text = shown(image.value(i), 6)
            table.add_row(Text(names[i]), Text(text + held), image.layout.signals[i].unit, quality)
        if left_out:
            table.caption = f"and {left_out} more signals"
        return table


class _Lines(logging.Handler):
    """Keeps the last log lines for the view."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record).splitlines()[0])
