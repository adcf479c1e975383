"""`petra status`: how a running plant is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import plural, print_json, print_table, printable, tinted
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.running.connection import connected, plant_argument
from petra.cli.running.texts import length

if TYPE_CHECKING:
    from petra.plant.status import PlantStatus
    from petra.supervise import Health


@click.command()
@plant_argument
@json_option
@with_session
def status(session: Session, *, plant: str | None, as_json: bool) -> int:
    """Show how a running plant is, and what is wrong with it.

    Tasks, drivers, services and forces are shown. The exit code is 0 when nothing is wrong, 1 when
    something is, 2 when the plant cannot be reached.
    """
    with connected(session, plant) as reached:
        found = reached.status()
    wrong = [*_wrong(found)]
    if as_json:
        import msgspec

        print_json({**msgspec.to_builtins(found), "wrong": wrong})
    else:
        _print(found, wrong)
    return 1 if wrong else 0


def _wrong(status: PlantStatus) -> Iterator[str]:
    """Yield what somebody should look at."""
    if not status.running:
        yield "the scan has ended"
    for name, reason in status.faults.items():
        yield f"block {name} fails: {reason}"
    for name, driver in status.drivers.items():
        if not _is_up(driver.health):
            yield f"driver {name} is {_how(driver.health)}"
    for name, service in status.services.items():
        if not _is_up(service.health):
            yield f"service {name} is {_how(service.health)}"
    for name, health in status.activities.items():
        if name not in status.services and name not in status.drivers and not _is_up(health):
            yield f"{name} is {_how(health)}"


def _is_up(health: Health) -> bool:
    from petra.supervise import ActivityState

    first_try = health.state is ActivityState.TRYING and not health.failures
    return first_try or health.state is ActivityState.SERVING


def _how(health: Health) -> str:
    said = f": {printable(health.error)}" if health.error else ""
    return f"{health.state.value}, for {length(health.failing_s or health.since_s)}{said}"


def _print(status: PlantStatus, wrong: list[str]) -> None:
    name = status.name or "plant"
    click.echo(
        f"{printable(name)} has been running for {length(status.uptime_s)} (process {status.pid}, "
        f"PETRA {status.version}, {printable(status.document)})"
    )
    acts = [plural(status.reloads, "reload"), plural(status.clients, "client")]
    if status.refused:
        acts.append(f"{plural(status.refused, 'act')} refused")
    if status.inbox_refused:
        acts.append(f"{plural(status.inbox_refused, 'write')} from outside refused")
    click.echo(f"{status.scans:,} scans, {', '.join(acts)}")
    for text in wrong:
        click.echo(tinted(printable(text), "red"))
    for signal, value in status.forced.items():
        click.echo(tinted(f"{printable(signal)} is forced to {value!r}", "yellow"))
    _print_tasks(status)
    _print_drivers(status)
    _print_services(status)


def _print_tasks(status: PlantStatus) -> None:
    headings = (
        "task",
        "period ms",
        "scans",
        "overruns",
        "faults",
        "exec p99 ms",
        "late p99 ms",
        "late max ms",
    )
    rows = [
        (
            printable(name),
            f"{task.period_ms:g}",
            f"{task.scans:,}",
            f"{task.overruns:,}",
            f"{task.faults:,}",
            f"{task.execution_p99_ms:.3f}",
            f"{task.lateness_p99_ms:.3f}",
            f"{task.lateness_max_ms:.3f}",
        )
        for name, task in status.tasks.items()
    ]
    click.echo()
    print_table(headings, rows)


def _print_drivers(status: PlantStatus) -> None:
    if not status.drivers:
        return
    headings = ("driver", "state", "for", "points", "requests", "unanswered", "refused", "p99 ms", "detail")
    rows = [
        (
            printable(name),
            driver.health.state.value,
            length(driver.health.failing_s or driver.health.since_s),
            f"{driver.points:,}",
            f"{driver.requests:,}",
            f"{driver.unanswered:,}",
            f"{driver.refused:,}",
            f"{driver.response_p99_ms:.1f}",
            printable(driver.health.error or driver.detail),
        )
        for name, driver in status.drivers.items()
    ]
    click.echo()
    print_table(headings, rows)


def _print_services(status: PlantStatus) -> None:
    if not status.services:
        return
    headings = ("service", "kind", "state", "for", "process", "cpu %", "memory MB", "starts", "detail")
    rows = [
        (
            printable(name),
            service.kind,
            service.health.state.value,
            length(service.health.failing_s or service.health.since_s),
            str(service.pid) if service.process else "",
            f"{service.cpu_percent:.1f}" if service.process else "",
            f"{service.memory_bytes / 1e6:.1f}" if service.process else "",
            str(service.health.starts),
            printable(service.health.error or service.detail),
        )
        for name, service in status.services.items()
    ]
    click.echo()
    print_table(headings, rows)
