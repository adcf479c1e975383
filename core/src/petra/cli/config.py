"""`petra config`: a configuration with references replaced and defaults filled in."""

from __future__ import annotations

import click

from petra.cli.console.output import print_json
from petra.cli.console.session import Session, json_option, with_session


@click.group()
def config() -> None:
    """Show a configuration as PETRA reads it."""


@config.command()
@click.argument("file", type=click.Path())
@click.option("--given", is_flag=True, help="Leave out what has its default.")
@click.option("--expanded", is_flag=True, help="Print the document with its files and instances written out.")
@json_option
@with_session
def show(session: Session, file: str, *, given: bool, expanded: bool, as_json: bool) -> int:
    """Print every value, with where it came from.

    References are replaced, defaults are filled in, secrets show as ***. A document with problems is not
    shown; `petra check` names them. With --expanded it is printed as one document in which nothing is
    included and no template is left; references to the environment stay as they are written.
    """
    from petra.config import load
    from petra.config.show import as_text, shown

    loaded = load(file, session.catalog)
    if loaded.configuration is None and as_json:
        print_json({"file": loaded.file, "problems": [problem.as_dict() for problem in loaded.problems]})
        return 2 if loaded.unreadable else 1
    if loaded.configuration is None:
        for problem in loaded.problems:
            click.echo(str(problem), err=True)
        return 2 if loaded.unreadable else 1
    if expanded and loaded.root is not None:
        from petra.config.expand.writing import as_data, as_yaml

        if as_json:
            print_json(as_data(loaded.root))
        else:
            click.echo(as_yaml(loaded.root), nl=False)
        return 0
    values = [
        value for value in shown(loaded, loaded.configuration) if not (given and value.source == "default")
    ]
    if as_json:
        rows = [{"path": v.path, "value": v.value, "source": v.source} for v in values]
        print_json({"file": loaded.file, "values": rows})
        return 0
    width = min(60, max((len(f"{v.path}: {as_text(v.value)}") for v in values), default=0))
    for value in values:
        said = f"{value.path}: {as_text(value.value)}"
        click.echo(f"{said.ljust(width)}  # {value.source}")
    return 0
