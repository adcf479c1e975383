"""`petra signals`: what signals a running plant has."""

from __future__ import annotations

import click

from petra.cli.console.output import plural, print_json, print_table, printable
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.running.connection import complete_signals, connected, plant_option
from petra.cli.running.texts import limits


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_signals)
@plant_option
@json_option
@with_session
def signals(session: Session, names: tuple[str, ...], *, plant: str | None, as_json: bool) -> None:
    """List the signals of a running plant.

    Each with its type, unit, limits, who writes it and who reads it. NAME is a signal, or a pattern such
    as 'pump*'. Without one, all signals of the document are listed; 'petra.*' are those of the engine
    itself.
    """
    from petra.scan.engine_signals import PREFIX

    with connected(session, plant) as reached:
        found = reached.signals(names or "*")
    if not names:
        found = [info for info in found if not info.name.startswith(PREFIX)]
    elif not found:
        raise click.ClickException(f"no signal matches {' '.join(names)}")
    if as_json:
        import msgspec

        print_json([{"name": info.name, **msgspec.to_builtins(info)} for info in found])
        return
    headings = ("name", "type", "unit", "limits", "written by", "read by", "description")
    rows = [
        (
            printable(info.name),
            info.signal.type.value,
            printable(info.signal.unit),
            limits(info.signal),
            printable(info.writer),
            printable(", ".join(info.readers)),
            printable(info.signal.description),
        )
        for info in found
    ]
    print_table(headings, rows)
    click.echo(plural(len(found), "signal"))
