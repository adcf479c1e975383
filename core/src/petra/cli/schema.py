"""`petra schema`: the JSON Schema of what is installed."""

from __future__ import annotations

import json

import click

from petra.cli.console.session import Session, with_session


@click.command()
@click.option("--output", "-o", type=click.Path(dir_okay=False, writable=True), help="Write to a file.")
@with_session
def schema(session: Session, *, output: str | None) -> None:
    """Print the JSON Schema of what is installed.

    Editors check and complete a document with it while it is typed; with the YAML language server, put
    `# yaml-language-server: $schema=petra.schema.json` into the document's first line.
    """
    from petra.config.schema import document_schema

    text = json.dumps(document_schema(session.catalog), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
    else:
        with click.open_file(output, "w", encoding="utf-8") as file:
            file.write(text + "\n")
