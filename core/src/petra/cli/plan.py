"""`petra plan`: what a reload would change."""

from __future__ import annotations

import click

from petra.cli.console.output import plural, print_json, tinted
from petra.cli.console.session import Session, json_option, with_session

_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


@click.command()
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@json_option
@with_session
def plan(session: Session, old: str, new: str, *, as_json: bool) -> int:
    """Show what a reload from OLD to NEW would change.

    Nothing is run. The exit code is 0 also when there are changes, and 1 when a document has errors.
    """
    from petra.config import load
    from petra.engine import diff_configurations

    documents = [load(file, session.catalog) for file in (old, new)]
    for loaded in documents:
        for problem in loaded.serious:
            click.echo(str(problem), err=True)
    before, after = (loaded.configuration for loaded in documents)
    if before is None or after is None:
        return 2 if any(loaded.unreadable for loaded in documents) else 1
    changes = diff_configurations(before, after, session.catalog)
    if as_json:
        print_json({"changes": [change.as_dict() for change in changes]})
        return 0
    for change in changes:
        line = str(change)
        click.echo(tinted(line, _COLOURS[line[0]]))
    click.echo(plural(len(changes), "change"))
    return 0
