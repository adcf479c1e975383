"""`petra run`: a plant, running, until it is told to stop."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import print_json, print_table, shown
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.console.values import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from petra.cli.console.orders import Orders
    from petra.config.document import Loaded
    from petra.engine import Engine
    from petra.engine.folder import DataFolder
    from petra.engine.site import Site

log = logging.getLogger("petra.engine")

_ANSWERS_WITHIN = 5.0


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--scans", type=click.IntRange(min=1), help="Stop after so many scans of each task.")
@click.option("--for", "seconds", type=Duration(), help="Stop after this time, such as 10s or 5m.")
@click.option("--once", is_flag=True, help="Scan once and print every signal.")
@click.option("--scan-time", type=Duration(), help="Period of every task, instead of those in the document.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Keep the last scans, for replay."
)
@click.option(
    "--record-scans", type=click.IntRange(min=1), default=10_000, show_default=True, help="How many."
)
@click.option(
    "--log",
    "log_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Log into a file as well, as JSON; 10 MB, five are kept.",
)
@click.option("--no-live", is_flag=True, help="Print log lines instead of the live view, also in a terminal.")
@click.option("--verbose", is_flag=True, help="Log more.")
@json_option
@with_session
def run(
    session: Session,
    file: str,
    *,
    scans: int | None,
    seconds: float | None,
    once: bool,
    scan_time: float | None,
    record: Path | None,
    record_scans: int,
    log_file: Path | None,
    no_live: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Run a plant until it is told to stop.

    SIGTERM or Ctrl-C ends it after the scan that is running; after a second one it waits only until safe
    values are written. SIGHUP reads FILE again and changes to it between two scans; a FILE with errors is
    refused, and everything goes on as it was.

    In a terminal it shows tasks and signals, otherwise log lines in JSON. With --once or --scans, which serve
    to try things out, nothing is retained and the signals are printed at the end (with --json for programs).
    Devices are read and written as in any other run: simulate them first. With --once it waits for their
    first answer, five seconds at most.
    """
    from petra.cli.console.orders import Orders
    from petra.cli.console.output import in_terminal
    from petra.cli.logs.setup import set_up_logs
    from petra.engine import Engine
    from petra.engine.folder import DataFolder
    from petra.engine.record import ReplayRecorder
    from petra.plant.events import EventLog

    trial = once or scans is not None
    live = in_terminal() and not (no_live or trial or as_json)
    set_up_logs(log_file, console=not live, verbose=verbose, quiet=trial and not verbose)
    with Orders() as orders:
        configuration = session.configuration(file)
        settings = configuration.plant.engine
        folder = None if file == "-" else DataFolder(file, settings.data_dir)
        with nullcontext() if folder is None else folder.locked():
            engine = Engine(
                configuration,
                session.catalog,
                retain=None if trial else _retain_file(folder, settings.retain_file),
                journal=folder.commands if folder else None,
                scan_time_ms=(scan_time or 0.0) * 1e3,
                recorder=ReplayRecorder(record, record_scans) if record else None,
                site=_site(session, file, folder, orders),
            )
            events = EventLog(engine.events)
            logging.getLogger().addHandler(events)
            with _reachable(engine, folder):  # companions come in from the start until they have ended
                try:
                    answers = _ANSWERS_WITHIN if once else 0.0
                    engine.start(1 if once else scans, answers_within=answers, stopping=orders.stopping)
                    orders.reload_with(lambda: _reload(engine))
                    _attend(engine, orders, file, seconds, live=live)
                    _note_stop(engine, orders)
                finally:
                    engine.stop(hurried=lambda: bool(orders.hurried))
                    logging.getLogger().removeHandler(events)
    if orders.hurried:
        return 128 + orders.hurried
    if trial:
        _print_signals(engine, as_json=as_json)
    return 2 if engine.failure else 0


@contextmanager
def _reachable(engine: Engine, folder: DataFolder | None) -> Iterator[None]:
    """Let others on this machine find the plant and work with it; it runs also when they cannot."""
    from petra.plant.channel.server import ChannelServer
    from petra.plant.registry import register
    from petra.plant.runtime import choose_socket

    if folder is None:
        yield
        return
    channel = ChannelServer(engine.plant, engine.guard, engine.clock, choose_socket(folder.path))
    try:
        channel.start()
    except OSError as error:
        log.warning("nobody can look into this plant, which runs all the same: %s: %s", channel.path, error)
        path = ""
    else:
        engine.count_clients = lambda: channel.clients
        engine.services.door = channel
        path = str(channel.path)
    try:
        with register(folder.document, folder.path, path):
            yield
    finally:
        channel.stop()


def _attend(engine: Engine, orders: Orders, file: str, seconds: float | None, *, live: bool) -> None:
    """Wait for the end, and show the plant meanwhile."""
    if live:
        from petra.cli.screen.live import Live

        Live(engine, file).run(seconds, orders.stopping)
    else:
        orders.wait(engine.wait, seconds)


def _site(session: Session, file: str, folder: DataFolder | None, orders: Orders) -> Site:
    """Return what the plant needs to know of its document and its process."""
    from petra.config import load
    from petra.engine.site import Site

    def read() -> Loaded:
        if folder is not None:
            folder.follow()
        return load(file, session.catalog)

    path = Path(file)
    return Site(
        name=path.stem if folder else "stdin",
        document=str(path.absolute()) if folder else "",
        data_dir=str(folder.path.absolute()) if folder else "",
        read=None if file == "-" else read,
        stop=orders.ask_stop,
        audit=folder.audit if folder else None,
    )


def _note_stop(engine: Engine, orders: Orders) -> None:
    """Tell the audit of a stop by a signal; one that came through the plant is in it already."""
    from petra.plant import Actor, AuditEntry

    if orders.stopped_by:
        actor, now = Actor(orders.stopped_by, door="signal"), engine.clock.now_ns()
        engine.guard.note(AuditEntry.of(actor, now, "stop", "plant", "accepted"))


def _reload(engine: Engine) -> None:
    """Read the document again and change to it, as SIGHUP asks; one with errors is refused."""
    import asyncio

    from petra.plant import Actor

    result = asyncio.run(engine.plant(Actor("SIGHUP", door="signal")).reload())
    if not (result.ok or result.details):  # the plant itself has told what is wrong with the document
        log.error("the reload is refused: %s", result.reason)


def _retain_file(folder: DataFolder | None, given: str) -> Path | None:
    if folder is None:
        return Path(given) if given else None
    return folder.document.parent / given if given else folder.retained


def _print_signals(engine: Engine, *, as_json: bool) -> None:
    from petra.scan.engine_signals import PREFIX

    rows = [
        (s.name, s.type.value, engine.last(s.name))
        for s in engine.bus.signals
        if not s.name.startswith(PREFIX)
    ]
    if as_json:
        print_json(
            {
                "signals": {
                    name: {
                        "type": kind,
                        "value": value,
                        "quality": status.quality.name.lower(),
                        "reason": status.reason,
                    }
                    for name, kind, (value, status) in rows
                },
                "faults": dict(engine.status().faults),
                "scans": engine.scheduler.scans,
            }
        )
        return
    print_table(
        ("signal", "type", "value", "quality", "reason"),
        [(n, k, shown(v), status.quality.name.lower(), status.reason) for n, k, (v, status) in rows],
    )
    sys.stdout.flush()
