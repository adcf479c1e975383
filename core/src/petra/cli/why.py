"""`petra why`: what decides a signal, in a running plant or in a recording."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import print_json
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.running.connection import connected, plant_option, signal_argument
from petra.why.values import DEEPEST, DEPTH

if TYPE_CHECKING:
    from petra.why import Why


@click.command()
@signal_argument
@plant_option
@click.option(
    "--recorded",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Ask a recording of `petra run --record FILE` in place of a running plant.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="A moment of the recording: 03:04:11, 2026-11-25T03:04:11 or the number of a scan; else its end.",
)
@click.option(
    "--depth",
    type=click.IntRange(0, DEEPEST),
    default=DEPTH,
    show_default=True,
    help="How many steps to go back.",
)
@json_option
@with_session
def why(
    session: Session,
    signal: str,
    *,
    plant: str | None,
    recorded: Path | None,
    at: str | None,
    depth: int,
    as_json: bool,
) -> int:
    """Show why SIGNAL is what it is, back to devices and commands.

    The first line is the answer in one sentence; a tree of causes follows. Of each signal it shows the block
    or point that writes it, since when it has its value, and of a block the inputs that decide now. It writes
    nothing and does not delay the scan. The exit code is 0, or 1 if SIGNAL is not good; 2 if there is no such
    signal or plant.
    """
    if at is not None and recorded is None:
        raise click.UsageError("--at is a moment of a recording: name it with --recorded FILE")
    if recorded is None:
        with connected(session, plant) as running:
            found = running.why(signal, depth=depth)
    else:
        found = _recorded(session, recorded, at, signal, depth)
    _print(found, as_json=as_json)
    return 0 if found.cause.is_good else 1


def _recorded(session: Session, path: Path, at: str | None, signal: str, depth: int) -> Why:
    from petra.engine.recorded import RecordedScans
    from petra.why import explain

    scans = RecordedScans(path)
    if at is None:
        scan = None
    elif at.isdecimal():
        scan = int(at)
    else:
        scan = scans.scan_at(_moment(at, scans.end))
    return explain(scans.evidence(session.catalog, scan), signal, depth=depth)


def _moment(text: str, end: int) -> int:
    """Return a time in ns; one without a date is of the last day of the recording."""
    last = datetime.fromtimestamp(end / 1e9, UTC).astimezone().date()
    dated = "T" in text or " " in text
    try:
        given = datetime.fromisoformat(text) if dated else datetime.combine(last, time.fromisoformat(text))
    except ValueError:
        raise click.UsageError(
            f"{text!r} is not a time: write 03:04:11, 2026-11-25T03:04:11 or the number of a scan"
        ) from None
    if (
        not dated and given.timestamp() * 1e9 > end
    ):  # the evening before, of a recording that ends after midnight
        given -= timedelta(days=1)
    # without a fraction, the whole second is meant
    return int((given.timestamp() + (0 if given.microsecond else 0.999)) * 1e9)


def _print(found: Why, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        data = msgspec.to_builtins(found)
        for told, cause in zip(data["causes"], found.causes, strict=True):
            told["quality"] = cause.quality.name.lower()
        print_json(data)
        return
    from petra.why import tree

    for line in tree(found):
        click.echo(line)
