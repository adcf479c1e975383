"""The commands of a protocol that work on a document: plan, monitor, simulate, and points as CSV."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import plural, print_json, print_table
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.console.values import Duration

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.settings import PointSettings
    from petra.drivers.simulation.faults import Script

_FILE = click.argument("file", metavar="FILE", type=click.Path())
_ONLY = click.option("--connection", metavar="NAME", help="Only this one; its name as FILE says.")
_FOR = click.option("--for", "seconds", type=Duration(), help="Stop after this time, such as 10s or 5m.")


def protocol_commands(section: str) -> list[click.Command]:
    """Return the commands that work on the section of a protocol."""
    return [_plan(section), _monitor(section), _simulate(section), _points(section)]


def drivers_in(session: Session, file: str, section: str, only: str | None = None) -> list[Driver]:
    """Return the drivers of one section of a document; errors in the document end the command."""
    from petra.engine.drivers import drivers_of

    found = [
        d
        for d in drivers_of(_only(session.configuration(file), section), session.catalog)
        if only in (None, d.name)
    ]
    if not found:
        raise click.ClickException(f"{file}: no connection {only!r} under `{section}`" if only else
                                   f"{file}: nothing under `{section}`")  # fmt: skip
    return found


def _only(configuration: Configuration, section: str) -> Configuration:
    from attrs import evolve

    kept = {name: models for name, models in configuration.sections.items() if name == section}
    return evolve(configuration, sections=kept)


def _plan(section: str) -> click.Command:
    @click.command()
    @_FILE
    @_ONLY
    @json_option
    @with_session
    def plan(session: Session, file: str, *, connection: str | None, as_json: bool) -> None:
        """Show which requests read the points of FILE."""
        from petra.drivers.polling.driver import PolledDriver

        rows: list[dict[str, Any]] = []
        for driver in drivers_in(session, file, section, connection):
            if not isinstance(driver, PolledDriver):
                continue
            points = [point for point in driver.points if point.direction.reads]
            for number, request in enumerate(driver.plan(points), 1):
                rows += [
                    {
                        "connection": driver.name,
                        "request": number,
                        "every_ms": request.period * 1e3,
                        "station": request.station,
                        "from": part.spans[0].point.address,
                        "length": part.length,
                        "points": len(part.spans),
                    }
                    for part in request.parts
                ]
        if as_json:
            print_json(rows)
            return
        headings = ("connection", "request", "every ms", "station", "from", "length", "points")
        print_table(headings, [[_said(value) for value in row.values()] for row in rows])
        requests = {(row["connection"], row["request"]) for row in rows}
        click.echo(
            f"{plural(sum(row['points'] for row in rows), 'point')} in {plural(len(requests), 'request')}"
        )

    return plan


def _monitor(section: str) -> click.Command:
    @click.command()
    @_FILE
    @_ONLY
    @_FOR
    @click.option("--csv", "as_csv", is_flag=True, help="Print every change as a line of CSV.")
    @json_option
    @with_session
    def monitor(
        session: Session,
        file: str,
        *,
        connection: str | None,
        seconds: float | None,
        as_csv: bool,
        as_json: bool,
    ) -> None:
        """Read the points of FILE and show them as they change. Nothing is written to any device.

        A table in a terminal; otherwise, or with --csv or --json, a line for each change.
        """
        from petra.cli.protocol.monitor import watch

        watch(
            drivers_in(session, file, section, connection),
            seconds,
            "csv" if as_csv else "json" if as_json else "",
        )

    return monitor


def _simulate(section: str) -> click.Command:
    @click.command()
    @_FILE
    @_ONLY
    @_FOR
    @click.option(
        "--script",
        type=click.Path(path_type=Path),
        metavar="YAML",
        help="How values move and what goes wrong.",
    )
    @click.option("--port", type=click.IntRange(1, 65_000), help="Port of the first device; others follow.")
    @with_session
    def simulate(
        session: Session,
        file: str,
        *,
        connection: str | None,
        seconds: float | None,
        script: Path | None,
        port: int | None,
    ) -> None:
        """Serve the devices of FILE on this machine, with the points of FILE.

        They listen on 127.0.0.1, on the ports that FILE says, or from --port on; a serial device is made
        where FILE says. Points that are written keep what is written; the others move, each in its own
        way, or as --script says (values, csv, faults: see the documentation). SIGHUP, which lets a running
        plant read its document again, is ignored.
        """
        from petra.cli.logs.setup import set_up_logs
        from petra.engine.simulation import Simulation

        set_up_logs(None, console=True)
        with told_to_stop() as told:
            drivers = drivers_in(session, file, section, connection)
            elsewhere = {driver.name: driver.place for driver in drivers if _is_elsewhere(driver.place)}
            simulation = Simulation(drivers, _script(session, script), port=port or 0)
            simulation.start()
            try:
                for name, place in simulation.places.items():
                    real = f" (a run of this document goes to {elsewhere[name]})" if name in elsewhere else ""
                    click.echo(f"{name}: {place}{real}", err=True)
                wait(seconds, told)
            finally:
                simulation.stop()

    return simulate


def _is_elsewhere(place: str) -> bool:
    """Return whether a device is on another machine, as far as the place of its driver shows."""
    host, colon, _ = place.rpartition(":")
    return bool(colon) and host.strip("[]") not in ("localhost", "::1") and not host.startswith("127.")


def _script(session: Session, file: Path | None) -> Script | None:
    if file is None:
        return None
    from petra.config.document import load_model
    from petra.drivers.simulation.faults import Script

    script, problems = load_model(file, Script)
    for problem in problems:
        click.echo(str(problem), err=True)
    if script is None:
        raise SystemExit(1)
    del session
    return script


def _points(section: str) -> click.Command:
    @click.group()
    def points() -> None:
        """Points as CSV: for spreadsheets, and for thousands of them."""

    @points.command("export")
    @_FILE
    @with_session
    def export(session: Session, file: str) -> None:
        """Print the points of FILE as CSV, with the connection of each."""
        from petra.cli.protocol.points import table

        configuration = session.configuration(file)
        click.echo(table(configuration.sections.get(section, ())), nl=False)

    @points.command("import")
    @click.argument("csv_file", metavar="CSV", type=click.Path(path_type=Path))
    @click.option("--connection", metavar="NAME", help="Only the points of this connection.")
    @click.option(
        "--into",
        metavar="FILE",
        type=click.Path(),
        help="Add them to this document, or change those there.",
    )
    @click.option("--diff", is_flag=True, help="With --into: print what would change, and write nothing.")
    @with_session
    def import_(
        session: Session, csv_file: Path, *, connection: str | None, into: str | None, diff: bool
    ) -> int:
        """Check the points of a CSV file and print them as YAML, to stand under `points`.

        With --into they go into a document, which keeps every other byte: a point whose signal the connection
        has already is changed, a new one is added, and the others stay. The exit code is 1 when the document
        would have new errors, such as two points that write one address; nothing is written then.
        """
        from petra.cli.protocol.points import read, written

        kind = session.catalog.section(section)
        assert kind is not None  # noqa: S101 - the plugin that calls this offers it
        found, problems = read(csv_file, kind.config)
        for problem in problems:
            click.echo(str(problem), err=True)
        if found is None:
            raise SystemExit(1)
        wanted = [(name, point) for name, point in found if connection in (None, name)]
        if found and not wanted:
            names = ", ".join(sorted({repr(name) for name, _ in found}))
            raise click.ClickException(f"{csv_file}: no connection {connection!r}; there are {names}")
        if into is not None:
            return _import_into(session, into, section, wanted, diff=diff)
        click.echo(written(wanted), nl=False)
        return 0

    return points


def _import_into(
    session: Session, file: str, section: str, points: list[tuple[str, PointSettings]], *, diff: bool
) -> int:
    """Bring points into a document; return the exit code."""
    from petra.cli.edit import Report, read_files
    from petra.cli.protocol.into import imported
    from petra.config.edit import EditError, edit_texts

    before = read_files(session, file)
    sections = session.configuration(file).sections.get(section, ())
    texts = {name: data.decode() for name, data in before.items()}
    made = imported(points, sections, section, texts[file])
    try:
        edited = edit_texts(texts, made.operations, session.catalog)
    except EditError as error:
        click.echo(f"petra: {error}", err=True)
        return 1
    report = Report(session, file, before, edited, as_json=False, what=f"{made}, ")
    return report.finish(diff=diff)


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM sets. SIGHUP is ignored: it asks a running plant for a reload."""
    told = threading.Event()
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: told.set())}
    if sys.platform != "win32":
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait(seconds: float | None, told: threading.Event) -> None:
    """Wait for so long, or until SIGINT, or until told to stop."""
    until = None if seconds is None else time.monotonic() + seconds
    with suppress(KeyboardInterrupt):
        while not told.wait(0.2 if until is None else max(0.0, min(0.2, until - time.monotonic()))):
            if until is not None and time.monotonic() >= until:
                return


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
