"""`petra run`: a plant, running, until it is told to stop."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from petra.cli.output import print_json, print_table, shown
from petra.cli.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.engine import Engine

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)?")
_LISTEN = 0.1  # seconds between looks at whether it was told to stop
_SECONDS = {"ms": 1e-3, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in some versions of click only
    """A length of time, such as 500ms, 10s, 5m or 1h."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        match = _LENGTH.fullmatch(str(value))
        if match is None or not float(match[1]):
            self.fail(f"{value!r} is no length of time, such as 500ms, 10s, 5m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--scans", type=click.IntRange(min=1), help="Stop after so many scans of each task.")
@click.option("--for", "seconds", type=Duration(), help="Stop after this time, such as 10s or 5m.")
@click.option("--once", is_flag=True, help="Scan once and print every signal.")
@click.option("--scan-time", type=Duration(), help="Period of every task, whatever the document says.")
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

    SIGTERM or Ctrl-C ends it after the scan that is running; a second one at once. SIGHUP reads FILE again
    and changes to it between two scans; a FILE with errors is refused, and everything goes on as it was.

    In a terminal it shows tasks and signals, otherwise log lines in JSON. With --once or --scans, which serve
    to try things out, nothing is retained and the signals are printed at the end (with --json for programs).
    Devices are read and written as ever: simulate them first.
    """
    from petra.cli.live import Live
    from petra.cli.logs import set_up_logs
    from petra.cli.output import in_terminal
    from petra.engine import Engine
    from petra.engine.journal import beside
    from petra.engine.record import Recorder

    live = in_terminal() and not (no_live or once or as_json or scans)
    quiet = (once or scans is not None) and not verbose
    set_up_logs(log_file, console=not live, verbose=verbose, quiet=quiet)
    configuration = session.configuration(file)
    engine = Engine(
        configuration,
        session.catalog,
        retain=None if once or scans else _retain_file(file, configuration),
        journal=None if file == "-" else beside(file),
        scan_time_ms=(scan_time or 0.0) * 1e3,
        recorder=Recorder(record, record_scans) if record else None,
    )
    with _alone(file), _Signals(engine, session, file) as signals:
        engine.start(1 if once else scans)
        if live:
            Live(engine, file).run(seconds, signals.stopping)
        else:
            signals.wait(seconds)
        engine.stop()
    if once or scans is not None:
        _print_signals(engine, as_json=as_json)
    return 2 if engine.failure else 0


@contextmanager
def _alone(file: str) -> Iterator[None]:
    """Run nothing that runs already: two would write to the same devices, and to the same files."""
    if file == "-" or sys.platform == "win32":
        yield
        return
    import fcntl

    with Path(file).open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if isinstance(error, BlockingIOError):  # anything else is a file system that knows no locks
                said = f"{file} runs already, and would write to the same devices"
                raise click.ClickException(said) from None
        yield


def _retain_file(file: str, configuration: Configuration) -> Path | None:
    given = configuration.plant.engine.retain_file
    if file == "-":
        return Path(given) if given else None
    path = Path(file)
    return path.parent / given if given else path.with_name(path.stem + ".retain.json")


class _Signals:
    """What the operating system tells the process, while an engine runs."""

    def __init__(self, engine: Engine, session: Session, file: str) -> None:
        self._engine = engine
        self._session = session
        self._file = file
        self._asked = False
        self._before: dict[int, Any] = {}

    def stopping(self) -> bool:
        """Say whether the engine was told to stop."""
        return self._asked

    def wait(self, seconds: float | None) -> None:
        """Wait until the engine has ended, was told to stop, or for so long."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._asked and (until is None or time.monotonic() < until):
            if self._engine.wait(
                _LISTEN if until is None else max(0.0, min(_LISTEN, until - time.monotonic()))
            ):
                return

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._stop)
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._reload)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _: object) -> None:
        if self._asked:
            os._exit(128 + number)
        self._asked = True
        self._engine.scheduler.stop()

    def _reload(self, *_: object) -> None:
        threading.Thread(target=self._read_again, name="petra-reload", daemon=True).start()

    def _read_again(self) -> None:
        import logging

        from petra.config import load
        from petra.errors import PetraError

        log = logging.getLogger("petra.engine")
        try:
            loaded = load(self._file, self._session.catalog)
            if loaded.configuration is None:
                log.error("the reload is refused, everything goes on as it was: %d problems", loaded.errors)
                for problem in loaded.problems:
                    log.error("%s", problem)
                return
            for change in self._engine.reload(loaded.configuration):
                log.info("reload: %s", change)
        except PetraError as error:
            log.error("the reload is refused, everything goes on as it was: %s", error)  # noqa: TRY400


def _print_signals(engine: Engine, *, as_json: bool) -> None:
    from petra.scan.statistics import PREFIX

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
