"""`petra replay`: run recorded scans again, look at them, and make a test of an incident."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import plural, print_json
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.engine.replay import Replayed


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--show", metavar="SIGNALS", help="Print these signals (comma between them) scan by scan, as CSV."
)
@click.option("--from", "first", type=int, help="First scan to print, or to make a test of.")
@click.option("--to", "last", type=int, help="Last scan to print, or to make a test of.")
@click.option(
    "--pytest", "test", type=click.Path(path_type=Path), metavar="FILE", help="Write the scans as a test."
)
@json_option
@with_session
def replay(
    session: Session,
    file: Path,
    *,
    show: str | None,
    first: int | None,
    last: int | None,
    test: Path | None,
    as_json: bool,
) -> int:
    """Run recorded scans again, and compare them to the bit.

    FILE is what `petra run --record FILE` kept. The exit code is 1 when a scan differs: the installed blocks
    are not those that were recorded.
    """
    from petra.engine.incident import write_test
    from petra.engine.replay import read
    from petra.engine.replay import replay_segment as run_again

    segments = read(file)
    if test is not None:
        count = write_test(segments, session.catalog, test, first, last)
        click.echo(f"{test}: a test of {plural(count, 'scan')}", err=True)
        return 0
    shown = [name.strip() for name in show.split(",")] if show else []
    scans = differ = 0
    first_differs: Replayed | None = None
    if shown:
        click.echo(",".join(["scan", "task", "dt", *shown, "faults"]))
    for segment in segments:
        for scan in run_again(segment, session.catalog):
            scans += 1
            if not scan.same:
                differ += 1
                first_differs = first_differs or scan
            if shown and (first is None or scan.number >= first) and (last is None or scan.number <= last):
                _print_row(scan, shown)
    sys.stdout.flush()
    result: dict[str, Any] = {"scans": scans, "segments": len(segments), "different": differ}
    if as_json:
        print_json(result | {"first_different": first_differs.number if first_differs else None})
    else:
        click.echo(f"{file}: {plural(scans, 'scan')} run again, {differ or 'none'} different", err=True)
        if first_differs:
            click.echo(f"the first one that differs is scan {first_differs.number}", err=True)
    return 1 if differ else 0


def _print_row(scan: Replayed, shown: list[str]) -> None:
    for name in shown:
        if name not in scan.values:
            raise click.UsageError(f"there is no signal {name!r} in this recording")
    values = [str(scan.values[name]) + ("" if name not in scan.statuses else " (bad)") for name in shown]
    faults = "; ".join(scan.faults.values())
    click.echo(
        ",".join([str(scan.number), scan.task, f"{scan.dt:g}", *values, f'"{faults}"' if faults else ""])
    )
