"""Which plant a command means, the connection with it, and the completion of names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from petra.cli.console.session import Session

if TYPE_CHECKING:
    from petra.plant.blocking import BlockingPlant
    from petra.plant.channel.client import ChannelPlant

F = TypeVar("F", bound=Callable[..., Any])

DOOR = "cli"
_COMPLETED_AT_MOST = 2_000


def complete_plants(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of the plants that run."""
    from petra.plant.registry import running

    with suppress(Exception):  # a shell that completes shows no errors
        return [
            CompletionItem(plant.name, help=str(plant.document))
            for plant in running()
            if plant.name.startswith(incomplete)
        ]
    return []


def complete_signals(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of signals, of the plant that the line names so far."""
    with suppress(Exception), connected(Session(), ctx.params.get("plant")) as plant:
        found = [info for info in plant.signals(f"{incomplete}*") if info.name.startswith(incomplete)]
        return [
            CompletionItem(info.name, help=info.signal.description) for info in found[:_COMPLETED_AT_MOST]
        ]
    return []


plant_option = click.option(
    "-p",
    "--plant",
    metavar="PLANT",
    envvar="PETRA_PLANT",
    shell_complete=complete_plants,
    is_eager=True,
    help="Its document, data folder or name; the only plant that runs if left out. Also: PETRA_PLANT.",
)

signal_argument = click.argument("signal", shell_complete=complete_signals)

note_option = click.option("--note", default="", metavar="TEXT", help="Why; it is kept in the audit.")


def plant_argument(function: F) -> F:
    """Let a command be given its plant as an argument too, as in `petra status plant.yaml`."""

    def chosen(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            ctx.params["plant"] = value
        return value

    argument = click.argument(
        "named",
        metavar="[PLANT]",
        required=False,
        expose_value=False,
        callback=chosen,
        shell_complete=complete_plants,
    )
    return argument(plant_option(function))


@contextmanager
def connected(session: Session, target: str | None) -> Iterator[BlockingPlant]:
    """Connect with the plant that is meant."""
    with connect_with(session, target) as plant:
        yield plant


def connect_with(session: Session, target: str | None) -> BlockingPlant:
    """Return the plant that is meant; the caller closes it."""
    from petra.plant.connecting import connect

    return connect(_channel(session, target), door=DOOR)


@asynccontextmanager
async def connected_async(session: Session, target: str | None) -> AsyncIterator[ChannelPlant]:
    """Connect with the plant that is meant, for streams."""
    from petra.plant.connecting import connect_async

    async with connect_async(_channel(session, target), door=DOOR) as plant:
        yield plant


def _channel(session: Session, target: str | None) -> Path:
    """Return the channel of a plant; the document says where the data is of one that is not entered."""
    from petra.plant.registry import PlantNotRunningError, find

    try:
        plant = find(target)
    except PlantNotRunningError:
        if target is None or not Path(target).is_file():
            raise
        plant = find(target, data_folder=session.folder(target).path)
    if not plant.channel:
        raise PlantNotRunningError(f"the plant {plant.name} runs without a channel: its log says why")
    return Path(plant.channel)
