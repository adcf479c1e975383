"""`petra migrate`: a document of the original, rewritten in PETRA's names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import plural
from petra.cli.console.session import Session, with_session

if TYPE_CHECKING:
    from petra.config.migrate import Migrated


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--in-place", is_flag=True, help="Write FILE itself, and keep what it was as FILE.bak.")
@click.option("--output", "-o", type=click.Path(dir_okay=False), help="Write to another file.")
@click.option(
    "--generation",
    type=click.IntRange(1, 2),
    help="Generation of the original that FILE was written for: says what SR_LATCH means.",
)
@with_session
def migrate(
    session: Session, file: str, *, in_place: bool, output: str | None, generation: int | None
) -> int:
    """Rewrite a document of the original in PETRA's names.

    Names of settings and types become PETRA's, settings without effect become comments, the sections under
    `protocols` go to the top. Comments, order and quotes stay, and so does what the document means. The
    result goes to standard output, and what was done and what is left to standard error. FILE may be `-`.
    The exit code is 0 when the result is good, 1 when it has errors or a latch of the first generation that
    could not be rewritten and means something else here, 2 when FILE cannot be read.
    """
    from petra.config.document import STDIN
    from petra.config.migrate import migrate_document as migrated
    from petra.config.parse import MAX_BYTES
    from petra.config.source import UnreadableError, read_bounded, read_stdin

    if in_place and (output is not None or file == STDIN):
        raise click.UsageError("--in-place takes a file, and no --output.")
    try:
        data = read_stdin(MAX_BYTES) if file == STDIN else read_bounded(file, MAX_BYTES)
    except UnreadableError as error:
        raise click.ClickException(f"{file}: it {error}") from None
    folder = Path() if file == STDIN else Path(file).parent
    made = migrated(data, session.catalog, generation=generation, name=file, folder=folder)
    if in_place:
        _write_in_place(Path(file), data, made.data)
    elif output is not None:
        Path(output).write_bytes(made.data)
    else:
        click.echo(made.data, nl=False)
    _report(file, made)
    return 1 if made.result.errors or any(change.wrong for change in made.left) else 0


def _write_in_place(path: Path, before: bytes, data: bytes) -> None:
    """Replace a file at once, and keep what it was beside it."""
    if data == before:
        return
    path = path.resolve()
    kept, number = path.with_name(f"{path.name}.bak"), 1
    while kept.exists():
        kept, number = path.with_name(f"{path.name}.bak{number}"), number + 1
    shutil.copy2(path, kept)
    made = path.with_name(f".{path.name}.migrating")
    with made.open("wb") as new:
        new.write(data)
        new.flush()
        os.fsync(new.fileno())
    shutil.copymode(path, made)
    made.replace(path)


def _report(file: str, made: Migrated) -> None:
    for change in made.changes:
        click.echo(f"{file}:{change.line}:{change.column}: {change.message}", err=True)
    for change in made.left:
        left = "error: left" if change.wrong else "left"
        click.echo(f"{file}:{change.line}:{change.column}: {left}: {change.message}", err=True)
    for problem in made.result.problems:
        click.echo(f"in the result: {problem}", err=True)
    click.echo(
        f"{file}: {plural(len(made.changes), 'change')}, {plural(len(made.left), 'place')} left", err=True
    )
