"""What the live view shows: an engine as lines that fit a terminal, and the part that is on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from petra.cli.console.output import plural, printable, shown
from petra.scan.engine_signals import PREFIX
from petra.supervise import ActivityState

if TYPE_CHECKING:
    from petra.drivers.contract.statistics import DriverStatus
    from petra.plant import PlantStatus
    from petra.signals import Image, Layout

BOLD, RED, GREEN, YELLOW, DIM, REVERSE = "1", "31", "32", "33", "2", "7"
HELP = (
    "up, down, page up, page down, home, end   move through the signals",
    "/     search by name: type, Enter keeps it, Escape shows all again",
    "b     only signals that are not good, or all again",
    "?     this help, or the signals again",
    "q     stop the plant, as Ctrl-C does",
    "",
    "exec  what the last scan took, and 99 of 100, in ms",
    "late  how late scans began: 99 of 100, and the latest, in ms",
)
_BARE = 10  # with fewer lines there is room for the head, signals and the foot only


class View:
    """Where a reader is, and what is shown there. Only rows that are seen cost anything."""

    def __init__(self, file: str, *, keys: bool = True) -> None:
        self.quitting = False
        """Whether the reader wants to stop the plant."""
        self._file = file
        self._keys = keys
        self._offset = 0
        self._query = ""
        self._typing = False
        self._only_bad = False
        self._help = False
        self._room = 1
        self._found: tuple[Layout | None, str, Sequence[int]] = (None, "", ())

    def press(self, key: str) -> None:
        """Do what a key says."""
        if self._typing:
            self._type(key)
        elif key in _MOVES:
            self._offset = max(0, self._offset + _MOVES[key](self._room))
        elif key == "/":
            self._typing, self._query, self._offset, self._help = True, "", 0, False
        elif key == "escape":
            self._query, self._only_bad, self._help = "", False, False
        elif key == "b":
            self._only_bad, self._offset, self._help = not self._only_bad, 0, False
        elif key == "?":
            self._help = not self._help
        elif key == "q":
            self.quitting = True

    def _type(self, key: str) -> None:
        if key == "enter":
            self._typing = False
        elif key == "escape":
            self._typing, self._query = False, ""
        elif key == "backspace":
            self._query = self._query[:-1]
        elif len(key) == 1:
            self._query += key
        self._offset = 0

    def lines(
        self, status: PlantStatus, image: Image, log: Sequence[str], columns: int, height: int
    ) -> list[str]:
        """Return as many lines as there is room for, none wider than the terminal."""
        above = [_styled(fit(_head(self._file, status, image), columns), REVERSE)]
        below: list[str] = []
        if height >= _BARE:
            above += _about(status, columns, (height - 6) // 3)
            below += [fit(line, columns) for line in [*log][-(height // 8) :]]
        listed = self._listed(image)
        self._room = max(1, height - len(above) - len(below) - 2)
        self._offset = max(0, min(self._offset, len(listed) - self._room))
        seen = listed[self._offset : self._offset + self._room]
        if self._help:
            rows = [fit(line, columns) for line in ("", *HELP)][: self._room + 1]
        else:
            rows = _rows(image, seen, columns)
        rows += [""] * (self._room + 1 - len(rows))
        foot = _styled(fit(self._foot(len(seen), len(listed)), columns), BOLD)
        return [*above, *rows, *below, foot][:height]

    def _listed(self, image: Image) -> Sequence[int]:
        """Return the signals that are looked for: those of the document first, then the engine's own."""
        layout, query = image.layout, self._query.lower()
        if self._found[0] is not layout or self._found[1] != query:
            signals = layout.signals
            found = [i for i, signal in enumerate(signals) if query in signal.name.lower()]
            found.sort(key=lambda i: signals[i].name.startswith(PREFIX))
            self._found = (layout, query, found)
        found_all = self._found[2]
        if not self._only_bad:
            return found_all
        return [i for i in found_all if i in image.flawed] if image.flawed else ()

    def _foot(self, seen: int, of: int) -> str:
        if self._typing:
            return f"search: {self._query}_   ({of} found; Enter keeps it, Escape shows all)"
        which = "no signals"
        if seen:
            which = f"{self._offset + 1}-{self._offset + seen} of {plural(of, 'signal')}"
        if self._query:
            which += f" with {self._query!r}"
        if self._only_bad:
            which += " not good"
        return which + ("   ? help  / search  b bad  q quit" if self._keys else "   Ctrl-C stops")


_MOVES: Mapping[str, Callable[[int], int]] = {
    "up": lambda _: -1,
    "down": lambda _: 1,
    "page up": lambda room: -room,
    "page down": lambda room: room,
    "home": lambda _: -(2**40),
    "end": lambda _: 2**40,
}


def fit(text: str, columns: int) -> str:
    """Return a text as one line of at most so many columns; what does not fit is cut with an ellipsis."""
    text = printable(text[: 2 * columns + 2])
    return text if cell_len(text) <= columns else set_cell_size(text, max(0, columns - 1)) + "…"[:columns]


def _cell(text: str, columns: int) -> str:
    return set_cell_size(fit(text, columns), columns)


def _styled(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if text else ""


def _head(file: str, status: PlantStatus, image: Image) -> str:
    figures = [
        f"up {timedelta(seconds=int(status.uptime_s))}",
        f"not good {len(image.flawed)}",
        f"faults {len(status.faults)}",
        f"forced {len(status.forced)}",
        f"reloads {status.reloads}",
    ]
    if status.watchdog_trips:
        figures.insert(0, f"WATCHDOG {status.watchdog_trips}")
    return "  ".join([file, *figures])


def _about(status: PlantStatus, columns: int, room: int) -> list[str]:
    """Return the state of tasks, drivers and faults, in so many lines at most."""
    lines = [_styled(fit(line, columns), RED) for line in _faults(status)]
    tasks = [_task(name, status) for name in status.tasks]
    if len(tasks) > max(1, room // 2):
        overruns = sum(figures.overruns for figures in status.tasks.values())
        tasks = [f"{plural(len(tasks), 'task')}, {plural(overruns, 'overrun')}"]
    lines += [fit(line, columns) for line in tasks]
    return lines + _drivers(status.drivers, columns, max(1, room - len(lines)))


def _faults(status: PlantStatus) -> list[str]:
    reasons = list(status.faults.values())
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return [f"fault{more}: {reasons[0]}"] if reasons else []


def _task(name: str, status: PlantStatus) -> str:
    f = status.tasks[name]
    return (
        f"task {name} {f.period_ms:g} ms  scans {f.scans}  overruns {f.overruns}  "
        f"exec {f.execution_ms:.2f}/{f.execution_p99_ms:.2f}  "
        f"late {f.lateness_p99_ms:.2f}/{f.lateness_max_ms:.2f}"
    )


def _drivers(drivers: Mapping[str, DriverStatus], columns: int, room: int) -> list[str]:
    """Return a line for each driver; when they do not fit, for those that do not serve first."""
    names = sorted(drivers, key=lambda name: drivers[name].health.state is ActivityState.SERVING)
    if len(names) <= room:
        return [_driver(name, drivers[name], columns) for name in drivers]
    serving = sum(each.health.state is ActivityState.SERVING for each in drivers.values())
    shown_first = names[: min(room - 1, len(names) - serving)]
    total = f"{plural(len(names), 'driver')}, {serving} serving"
    return [*(_driver(name, drivers[name], columns) for name in shown_first), fit(total, columns)]


def _driver(name: str, driver: DriverStatus, columns: int) -> str:
    health = driver.health
    start, state = _cell(f"driver {name}", min(24, columns // 3)), health.state.value
    asked = f"requests {driver.requests}  p50 {driver.response_p50_ms:.1f} ms"
    read = asked if driver.requests or not driver.received else f"values {driver.received}"
    figures = f"{read}  writes {driver.writes}"
    good = health.state is ActivityState.SERVING
    said = f"{figures}  {driver.detail}" if good else f"{health.error}  failures {health.failures}"
    left = columns - len(start) - 11
    if left <= 0:
        return fit(f"driver {name} {state}", columns)
    return f"{start} {_styled(_cell(state, 8), GREEN if good else RED)}  {fit(said, left)}"


def _rows(image: Image, seen: Sequence[int], columns: int) -> list[str]:
    signals = image.layout.signals
    longest = max([6, *(cell_len(signals[i].name) for i in seen)])
    unit = max([4, *(cell_len(signals[i].unit) for i in seen)])
    widths = (min(longest, max(8, columns * 2 // 5)), 12, min(unit, 8), 9)
    rows = [_row(("signal", "value", "unit", "quality", "reason"), widths, columns, DIM)]
    for i in seen:
        status = image.status(i)
        reason = "  ".join(filter(None, ["forced" if i in image.forced else "", status.reason]))
        cells = (
            signals[i].name,
            shown(image.value(i), 6),
            signals[i].unit,
            status.quality.name.lower(),
            reason,
        )
        colour = RED if status.quality.name == "BAD" else YELLOW if status.quality else ""
        rows.append(_row(cells, widths, columns, colour))
    return rows


def _row(cells: Sequence[str], widths: Sequence[int], columns: int, style: str) -> str:
    """Return one row: columns that do not fit are left out from the right, the reason has what is left."""
    text, left = "", columns
    for cell, width in zip(cells, (*widths, columns), strict=True):
        if left < 3:
            break
        part = _cell(cell, min(width, left))
        text += part + "  "
        left -= cell_len(part) + 2
    text = set_cell_size(text, columns).rstrip()
    return _styled(text, style) if style else text
