"""The head of the view, and the few lines on tasks, drivers and faults above the signals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from petra.cli.console.output import plural
from petra.cli.screen.page import clock
from petra.cli.screen.text import GREEN, RED, REVERSE, age, cell, fit, styled
from petra.supervise import ActivityState

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene
    from petra.drivers.contract.statistics import DriverStatus
    from petra.plant import PlantStatus

_SILENT_AFTER = 2.0  # seconds without an answer after which the head says so


def head(title: str, scene: Scene, columns: int) -> str:
    """Return the first line: the plant and its figures, or why there are none."""
    status = scene.status
    title = title or (status.name if status else "") or "plant"
    if lost := _lost(scene):
        return styled(fit(f"{title}  {lost}", columns), f"{REVERSE};{RED}")
    if status is None:
        return styled(fit(f"{title}  waiting for its first answer", columns), REVERSE)
    return styled(fit("  ".join([title, *_figures(status)]), columns), REVERSE)


def about(status: PlantStatus, columns: int, room: int) -> list[str]:
    """Return the state of tasks, drivers and faults, in so many lines at most."""
    lines = [styled(fit(line, columns), RED) for line in _faults(status)]
    tasks = [_task(name, status) for name in status.tasks]
    if len(tasks) > max(1, room // 2):
        overruns = sum(figures.overruns for figures in status.tasks.values())
        tasks = [f"{plural(len(tasks), 'task')}, {plural(overruns, 'overrun')}"]
    lines += [fit(line, columns) for line in tasks]
    return lines + _drivers(status.drivers, columns, max(1, room - len(lines)))


def _lost(scene: Scene) -> str:
    """Return that the plant is not there, and since when; empty while it answers."""
    since = f" since {clock(scene.answered)}" if scene.answered else ""
    if scene.problem:
        return f"not connected{since}: {scene.problem}"
    if scene.answered and (silent := scene.now - scene.answered) > _SILENT_AFTER:
        return f"no answer for {age(silent)}"
    return ""


def _figures(status: PlantStatus) -> list[str]:
    figures = [
        f"up {timedelta(seconds=int(status.uptime_s))}",
        f"not good {status.not_good}",
        f"faults {len(status.faults)}",
        f"forced {len(status.forced)}",
        f"reloads {status.reloads}",
    ]
    if status.watchdog_trips:
        figures.insert(0, f"WATCHDOG {status.watchdog_trips}")
    if not status.running:
        figures.insert(0, "STOPPED")
    return figures


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
    start, state = cell(f"driver {name}", min(24, columns // 3)), health.state.value
    asked = f"requests {driver.requests}  p50 {driver.response_p50_ms:.1f} ms"
    read = asked if driver.requests or not driver.received else f"values {driver.received}"
    figures = f"{read}  writes {driver.writes}"
    good = health.state is ActivityState.SERVING
    said = f"{figures}  {driver.detail}" if good else f"{health.error}  failures {health.failures}"
    left = columns - len(start) - 11
    if left <= 0:
        return fit(f"driver {name} {state}", columns)
    return f"{start} {styled(cell(state, 8), GREEN if good else RED)}  {fit(said, left)}"
