"""`petra commands`: what was written to devices, by whom, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from petra.cli.output import plural, print_json, print_table, shown
from petra.cli.session import Session, json_option, with_session


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many.")
@click.option("--signal", metavar="NAME", help="Only commands to this signal.")
@json_option
@with_session
def commands(session: Session, file: Path, *, last: int, signal: str | None, as_json: bool) -> None:
    """Show what was written to devices, and what became of it.

    The last commands of the plant FILE: requested, sent, and how they ended. A running plant writes them
    into its data folder; they stay there when it has ended.
    """
    from petra.engine.journal import read

    path = session.folder(file).commands
    if not path.exists():
        raise click.ClickException(f"{path} is not there: no plant of {file} has written to a device yet")
    found = [entry for entry in read(path, 100_000) if signal in (None, entry.get("signal"))][-last:]
    if as_json:
        print_json(found)
        return
    headings = ("id", "requested", "signal", "value", "actor", "origin", "outcome", "ms", "reason")
    print_table(headings, [_row(entry) for entry in found])
    click.echo(plural(len(found), "command"))


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    requested, ended = entry.get("requested_at") or 0, entry.get("ended_at")
    at = datetime.fromtimestamp(requested / 1e9, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    took = f"{(ended - requested) / 1e6:.1f}" if ended else ""
    named = [_shown(entry.get(key, "")) for key in ("signal", "value", "actor", "origin", "outcome")]
    return (_shown(entry.get("id", "")), at, *named, took, _shown(entry.get("reason", "")))


def _shown(value: Any) -> str:
    """Return a value as a cell of one line, whatever characters a device has sent."""
    text = shown(value)
    return text if text.isprintable() else ascii(text)
