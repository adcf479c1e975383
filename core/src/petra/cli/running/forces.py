"""`petra forces`: the signals of a running plant that are held at a value."""

from __future__ import annotations

import click

from petra.cli.console.output import plural, print_json, print_table, printable
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.running.connection import connected, plant_argument
from petra.cli.running.texts import date_and_moment, written


@click.command()
@plant_argument
@json_option
@with_session
def forces(session: Session, *, plant: str | None, as_json: bool) -> None:
    """List the signals that are held, by whom and since when.

    `petra unforce SIGNAL` releases one, `petra unforce --all` all of them.
    """
    with connected(session, plant) as reached:
        found = reached.forces()
    if as_json:
        import msgspec

        print_json([msgspec.to_builtins(each) for each in found])
        return
    if found:
        rows = [
            (printable(f.signal), written(f.value), printable(f.actor), date_and_moment(f.since))
            for f in found
        ]
        print_table(("signal", "value", "by", "since"), rows)
    click.echo(plural(len(found), "force"))
