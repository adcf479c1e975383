"""`petra events`: the log of a running plant, and what was done to it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

from petra.cli.console.output import printable, tinted
from petra.cli.console.session import Session, json_option, with_session
from petra.cli.running.connection import connected_async, plant_argument
from petra.cli.running.texts import moment

if TYPE_CHECKING:
    from petra.plant.values import Event

_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}


@click.command()
@plant_argument
@click.option(
    "--last", type=click.IntRange(min=0), default=50, show_default=True, help="Show how many from before."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on, until Ctrl-C.")
@json_option
@with_session
def events(session: Session, *, plant: str | None, last: int, follow: bool, as_json: bool) -> int:
    """Show what has happened in a running plant, and who did what.

    These are its log lines, and all acts, also those that were refused. The plant keeps the last 1,000 in
    memory; the file audit.jsonl in its data folder has every act.
    """
    try:
        asyncio.run(_show(session, plant, last, follow=follow, as_json=as_json))
    except KeyboardInterrupt:
        return 0
    return 0


async def _show(session: Session, target: str | None, last: int, *, follow: bool, as_json: bool) -> None:
    async with connected_async(session, target) as plant:
        newest = (await plant.status()).newest_event
        if not follow and not (newest and last):
            return
        async with plant.events(last=last) as stream:
            async for event in stream:
                click.echo(_line(event, as_json=as_json))
                if not follow and event.number >= newest:
                    return


def _line(event: Event, *, as_json: bool) -> str:
    if as_json:
        import msgspec

        return json.dumps(msgspec.to_builtins(event), ensure_ascii=False)
    text = f"{moment(event.time)}  {event.level:7}  {printable(event.source)}: {printable(event.text)}"
    return tinted(text, _COLOURS[event.level]) if event.level in _COLOURS else text
