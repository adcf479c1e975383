"""The pages of drivers, services and tasks: what the status of a plant tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from petra.cli.console.output import plural
from petra.cli.screen.keys import Cursor, Key
from petra.cli.screen.page import listed
from petra.cli.screen.scene import Wanted
from petra.cli.screen.text import BOLD, DIM, GREEN, RED, YELLOW, Column, age, fit, styled, table, wrapped
from petra.supervise import ActivityState

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene
    from petra.drivers.contract.statistics import DriverStatus
    from petra.plant import PlantStatus, ServiceStatus
    from petra.scan.statistics import Figures
    from petra.supervise import Health

_STATES = {ActivityState.SERVING: GREEN, ActivityState.TRYING: YELLOW, ActivityState.STOPPED: YELLOW}

_DRIVERS = (
    Column("driver", 24),
    Column("state", 8),
    Column("since", 5, right=True),
    Column("requests", 10, least=70, right=True),
    Column("p50 ms", 8, least=100, right=True),
    Column("p99 ms", 8, least=100, right=True),
    Column("refused", 8, least=120, right=True),
    Column("no answer", 9, least=120, right=True),
    Column("writes", 8, least=100, right=True),
    Column("failures", 8, least=120, right=True),
    Column("what", 400),
)
_SERVICES = (
    Column("service", 24),
    Column("kind", 12, least=60),
    Column("state", 8),
    Column("since", 5, right=True),
    Column("process", 8, right=True),
    Column("CPU %", 6, right=True),
    Column("MB", 6, right=True),
    Column("failures", 8, least=100, right=True),
    Column("what", 400),
)
_TASKS = (
    Column("task", 20),
    Column("period", 8, right=True),
    Column("scans", 10, right=True),
    Column("overruns", 8, right=True),
    Column("faults", 6, least=90, right=True),
    Column("exec last", 9, right=True),
    Column("p99", 7, right=True),
    Column("max", 7, least=100, right=True),
    Column("late p50", 8, least=100, right=True),
    Column("p99", 7, right=True),
    Column("max", 8, right=True),
)


class ListPage:
    """A list, and all that is known of the one that the cursor is at."""

    def __init__(self, title: str, columns: Sequence[Column]) -> None:
        self.title = title
        self.cursor = Cursor()
        self._columns = columns
        self._own = tuple(self.cursor.keys())

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""
        return self._own

    @property
    def wanted(self) -> Wanted:
        """Nothing but the status."""
        return Wanted()

    def where(self, scene: Scene) -> str:
        """Return how many there are."""
        return plural(len(self.of(scene.status)), self.title.rstrip("s")) if scene.status else ""

    def of(self, status: PlantStatus) -> Mapping[str, tuple[Health, Sequence[str], str]]:
        """Return by name: its health, its cells, and its figures in words."""
        raise NotImplementedError

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return the list, and below it what is known of one."""
        found = self.of(scene.status) if scene.status else {}
        if not found:
            return [fit(f"no {self.title}", columns)]
        names = list(found)
        below = max(0, min(8, room // 3))
        seen = self.cursor.window(len(names), room - below - 1)
        rows = [(names[i], *found[names[i]][1]) for i in seen]
        styles = [_STATES.get(found[names[i]][0].state, RED) for i in seen]
        drawn = listed(self._columns, rows, styles, seen, self.cursor, columns)
        return [*drawn, *_chosen(names[self.cursor.at], found, columns)[:below]]


class DriversPage(ListPage):
    """The drivers."""

    def __init__(self) -> None:
        super().__init__("drivers", _DRIVERS)

    def of(self, status: PlantStatus) -> Mapping[str, tuple[Health, Sequence[str], str]]:
        """Return each driver."""
        return {
            name: (driver.health, _driver(driver), _driver_figures(driver))
            for name, driver in status.drivers.items()
        }


class ServicesPage(ListPage):
    """The services, and what else plugins run."""

    def __init__(self) -> None:
        super().__init__("services", _SERVICES)

    def of(self, status: PlantStatus) -> Mapping[str, tuple[Health, Sequence[str], str]]:
        """Return each service, then the other activities of plugins."""
        found = {
            name: (service.health, _service(service), _service_figures(service))
            for name, service in status.services.items()
        }
        for name, health in status.activities.items():
            said = health.error if health.state is not ActivityState.SERVING else ""
            cells = (
                "activity",
                health.state.value,
                age(health.since_s),
                "",
                "",
                "",
                str(health.failures),
                said,
            )
            found.setdefault(name, (health, cells, _health_figures(health)))
        return found


class TasksPage:
    """The tasks, how they keep their time, and the blocks that fail."""

    title = "tasks"

    def __init__(self) -> None:
        self.cursor = Cursor()
        self._own = tuple(self.cursor.keys())

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""
        return self._own

    @property
    def wanted(self) -> Wanted:
        """Nothing but the status."""
        return Wanted()

    def where(self, scene: Scene) -> str:
        """Return how many there are."""
        return plural(len(scene.status.tasks), "task") + ", times in ms" if scene.status else ""

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return the tasks, then the figures of the plant and the faults."""
        status = scene.status
        if status is None:
            return []
        rows = [(name, *_task(figures)) for name, figures in status.tasks.items()]
        titles, *tasks = table(_TASKS, rows, columns)
        counts = (
            f"watchdog trips {status.watchdog_trips}  writes waiting {status.inbox_waiting}  "
            f"refused {status.inbox_refused}"
        )
        said = [*tasks, "", fit(counts, columns), *_faults(status, columns)]
        seen = self.cursor.at = min(self.cursor.at, max(0, len(said) - room + 1))
        return [styled(titles, DIM), *said[seen : seen + room - 1]]


def _chosen(name: str, found: Mapping[str, tuple[Health, Sequence[str], str]], columns: int) -> list[str]:
    health, _, figures = found[name]
    lines = [styled(fit(name, columns), BOLD), *wrapped(figures, columns)]
    if health.error and health.state is not ActivityState.SERVING:
        lines += [styled(line, RED) for line in wrapped(health.error, columns)]
    return ["", *lines]


def _driver(driver: DriverStatus) -> Sequence[str]:
    health = driver.health
    good = health.state is ActivityState.SERVING
    return (
        health.state.value,
        age(health.since_s),
        str(driver.requests),
        f"{driver.response_p50_ms:.1f}",
        f"{driver.response_p99_ms:.1f}",
        str(driver.refused),
        str(driver.unanswered),
        str(driver.writes),
        str(health.failures),
        driver.detail if good else health.error,
    )


def _driver_figures(driver: DriverStatus) -> str:
    return (
        f"{driver.detail}  points {driver.points}  sessions {driver.sessions}  requests {driver.requests}  "
        f"refused {driver.refused}  unanswered {driver.unanswered}  missed {driver.missed}  "
        f"received {driver.received}  writes {driver.writes}  waiting {driver.waiting}  "
        f"response {driver.response_p50_ms:.1f}/{driver.response_p99_ms:.1f} ms (50/99 of 100)  "
        f"{_health_figures(driver.health)}"
    ).strip()


def _service(service: ServiceStatus) -> Sequence[str]:
    health = service.health
    good = health.state is ActivityState.SERVING
    return (
        service.kind,
        health.state.value,
        age(health.since_s),
        str(service.pid) if service.process else "",
        f"{service.cpu_percent:.1f}" if service.process else "",
        f"{service.memory_bytes / 1e6:.0f}" if service.process else "",
        str(health.failures),
        service.detail if good else health.error,
    )


def _service_figures(service: ServiceStatus) -> str:
    cpu = f"CPU {service.cpu_s:.1f} s  " if service.process else ""
    return f"{service.detail}  {cpu}{_health_figures(service.health)}".strip()


def _health_figures(health: Health) -> str:
    again = f"  tried again in {age(health.retry_s)}" if health.state is ActivityState.WAITING else ""
    return f"starts {health.starts}  failures {health.failures}  hangs {health.hangs}{again}"


def _task(f: Figures) -> Sequence[str]:
    return (
        f"{f.period_ms:g}",
        str(f.scans),
        str(f.overruns),
        str(f.faults),
        *(f"{value:.2f}" for value in (f.execution_ms, f.execution_p99_ms, f.execution_max_ms)),
        *(f"{value:.2f}" for value in (f.lateness_p50_ms, f.lateness_p99_ms, f.lateness_max_ms)),
    )


def _faults(status: PlantStatus, columns: int) -> list[str]:
    if not status.faults:
        return []
    found = [styled("blocks that fail:"[:columns], BOLD)]
    for name, reason in status.faults.items():
        text = f"{reason} ({plural(status.fault_counts.get(name, 1), 'time')})"
        found += [styled(line, RED) for line in wrapped(text, columns, 2)]
    return found
