"""`petra explain`: in which order blocks run, which parts are compiled, and the source that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from petra.cli.console.output import plural, print_json, print_table
from petra.cli.console.session import Session, json_option, with_session

if TYPE_CHECKING:
    from petra.scan import Task


@click.command()
@click.argument("file", metavar="FILE", type=click.Path())
@click.option("--source/--no-source", default=True, help="Print the generated source.")
@json_option
@with_session
def explain(session: Session, file: str, *, source: bool, as_json: bool) -> int:
    """Show in which order the blocks of FILE run, and how.

    A block runs after those whose outputs it reads. In a loop, it reads this scan's value of the blocks above
    it in the document, and the last scan's of itself and of those below.
    """
    from petra.config import load
    from petra.engine import build

    loaded = load(file, session.catalog)
    for problem in loaded.serious:
        click.echo(str(problem), err=True)
    if loaded.configuration is None:
        return 2 if loaded.unreadable else 1
    tasks = [_task(task) for task in build(loaded.configuration.plant, session.catalog).tasks]
    if as_json:
        print_json({"tasks": tasks})
        return 0
    for task in tasks:
        _print(task, source=source)
    return 0


def _task(task: Task) -> dict[str, Any]:
    program = task.program
    network = program.network
    levels = dict(zip((b.name for b in network.document), network.order.levels, strict=True))
    names = [block.name for block in network.blocks]
    last_scan = dict.fromkeys(names, "")
    for writer, reader in network.feedback():
        last_scan[reader] += f"{', ' if last_scan[reader] else ''}{writer}"
    return {
        "task": task.name,
        "period_ms": task.period * 1e3,
        "blocks": [
            {
                "name": block.name,
                "type": block.cls.spec.type,
                "level": levels[block.name],
                "reads": block.reads,
                "writes": list(block.targets.values()),
                "last_scan_of": last_scan[block.name],
                "called": program.reason_called(block.name),
            }
            for block in network.blocks
        ],
        "parts": [
            {"first": names[units[0]], "last": names[units[-1]], "blocks": len(units), "source": text}
            for units, text in program.source()
        ],
    }


def _print(task: dict[str, Any], *, source: bool) -> None:
    blocks, parts = task["blocks"], task["parts"]
    click.echo(
        f"task {task['task']} every {task['period_ms']:g} ms: {plural(len(blocks), 'block')} "
        f"in {plural(len(parts), 'part')}"
    )
    if blocks:
        print_table(
            ("level", "block", "type", "reads", "writes", "reads the last scan of", "called because"),
            [
                (
                    str(b["level"]),
                    b["name"],
                    b["type"],
                    " ".join(b["reads"]),
                    " ".join(b["writes"]),
                    b["last_scan_of"],
                    b["called"],
                )
                for b in blocks
            ],
        )
    for number, part in enumerate(parts, 1):
        click.echo(f"part {number}: {plural(part['blocks'], 'block')}, {part['first']} to {part['last']}")
        if source:
            click.echo(part["source"])
