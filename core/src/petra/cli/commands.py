"""`petra commands`: what was written to devices, by whom, and with which outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from petra.cli.console.output import plural, print_json, print_table, printable, shown
from petra.cli.console.session import Session, json_option, with_session

_FEW = 10  # so many writes of a signal by the program are listed one by one
_ALL = 100_000
_Entry = Mapping[str, Any]


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--last", type=click.IntRange(1, _ALL), default=50, show_default=True, help="List how many.")
@click.option("--signal", metavar="NAME", help="Only commands to this signal.")
@click.option("--all", "each", is_flag=True, help="List every routine write of the program too.")
@json_option
@with_session
def commands(
    session: Session, file: Path, *, last: int, signal: str | None, each: bool, as_json: bool
) -> None:
    """Show what was written to devices, and with which outcome.

    The last commands of the plant FILE: requested, sent, and how they ended. Writes of the program that
    ended well are counted for each signal, unless there are few; --all and --json have every one. A running
    plant writes commands into its data folder; they stay there when it has ended.
    """
    from petra.engine.journal import read

    path = session.folder(file).commands
    if not path.exists():
        raise click.ClickException(f"{path} is not there: no plant of {file} has written to a device yet")
    found = [entry for entry in read(path, _ALL) if signal in (None, entry.get("signal"))]
    if as_json:
        print_json(found[-last:])
        return
    routine = {} if each else _routine(found)
    listed = [entry for entry in found if _key(entry) not in routine or not _is_routine(entry)][-last:]
    headings = ("id", "requested", "signal", "value", "actor", "origin", "outcome", "ms", "reason")
    if listed or not routine:
        print_table(headings, [_row(entry) for entry in listed])
    click.echo(plural(len(listed), "command"))
    for line in _summaries(routine):
        click.echo(line)


def _key(entry: _Entry) -> tuple[str, str]:
    return str(entry.get("signal", "")), str(entry.get("actor", ""))


def _is_routine(entry: _Entry) -> bool:
    """Return whether the program has written this, as it does all the time, and it ended well."""
    from petra.drivers.commands.order import WELL, Origin

    return (
        entry.get("origin") == Origin.LOGIC.value
        and entry.get("outcome") in [outcome.value for outcome in WELL]
        and entry.get("actor") != "safe value"
        and not isinstance(entry.get("value"), bool)  # a motor that starts is not routine
    )


def _routine(found: Sequence[_Entry]) -> dict[tuple[str, str], list[_Entry]]:
    """Return the routine writes of each signal and actor that has more than a few."""
    grouped: dict[tuple[str, str], list[_Entry]] = defaultdict(list)
    for entry in found:
        if _is_routine(entry):
            grouped[_key(entry)].append(entry)
    return {key: entries for key, entries in grouped.items() if len(entries) > _FEW}


def _summaries(routine: Mapping[tuple[str, str], Sequence[_Entry]]) -> Iterator[str]:
    """Yield a line for each signal: how often it was written, by which block, and the last value."""
    from petra.drivers.commands.order import Outcome

    for (signal, actor), entries in routine.items():
        ended = Counter(entry.get("outcome") for entry in entries)
        superseded = ended.pop(Outcome.SUPERSEDED.value, 0)
        last = next(
            (each for each in reversed(entries) if each.get("outcome") != Outcome.SUPERSEDED.value),
            entries[-1],
        )
        yield (
            f"{printable(signal)}: {plural(ended.total(), 'write')} by {printable(actor)}"
            + (f" and {superseded} superseded" if superseded else "")
            + f", last {_shown(last.get('value', ''))} at {_moment(last)}"
        )
    if routine:
        yield "--all lists every one of them"


def _row(entry: _Entry) -> tuple[str, ...]:
    requested, ended = entry.get("requested_at") or 0, entry.get("ended_at")
    took = f"{(ended - requested) / 1e6:.1f}" if ended else ""
    named = [_shown(entry.get(key, "")) for key in ("actor", "origin", "outcome")]
    what = (_shown(entry.get("signal", "")), _value(entry))
    return (_shown(entry.get("id", "")), _moment(entry), *what, *named, took, _shown(entry.get("reason", "")))


def _value(entry: _Entry) -> str:
    """Return what was asked for: a value, or that the signal is held at one or let go."""
    act = entry.get("act", "write")
    if act == "unforce":
        return "unforce"
    return ("force " if act == "force" else "") + _shown(entry.get("value", ""))


def _moment(entry: _Entry) -> str:
    """Return when a command was requested: local time, with its distance from UTC."""
    at = datetime.fromtimestamp((entry.get("requested_at") or 0) / 1e9, UTC).astimezone()
    return at.isoformat(" ", "milliseconds")


def _shown(value: Any) -> str:
    return printable(shown(value))
