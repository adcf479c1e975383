"""Finding a running plant and connecting with it: from scripts, notebooks and commands."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from petra.plant.blocking import BlockingPlant, ClientLoop
from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.link import Credentials, Link
from petra.plant.registry import PlantNotRunningError, find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Target = str | Path | None
"""A document, data folder, socket or name; None for the only plant that runs on this machine."""


def connect(target: Target = None, *, door: str = "script") -> BlockingPlant:
    """Connect with a running plant.

        with petra.connect("plant.yaml") as plant:
            print(plant.read("pump1.run")["pump1.run"].value)
            plant.command("pump1.start", True, note="a test")

    `target` is its document, data folder, socket or name; without one it is the only plant that runs. `door`
    is a word for the audit.
    """
    path = _channel(target)
    loop = ClientLoop()
    try:
        plant = loop.call(_connected(path, Credentials(door)))
    except BaseException:
        loop.stop()
        raise
    return BlockingPlant(plant, loop, plant.aclose)


@asynccontextmanager
async def connect_async(target: Target = None, *, door: str = "script") -> AsyncIterator[ChannelPlant]:
    """Connect with a running plant, in an event loop.

    async with petra.connect_async("plant.yaml") as plant:
        async for change in plant.watch("pump*"):
            print(dict(change))
    """
    plant = await _connected(_channel(target), Credentials(door))
    try:
        yield plant
    finally:
        await plant.aclose()


async def _connected(path: Path, credentials: Credentials) -> ChannelPlant:
    link = Link(path, credentials)
    await link.connect()
    return ChannelPlant(link)


def _channel(target: Target) -> Path:
    plant = find(target)
    if not plant.channel:
        raise PlantNotRunningError(f"the plant {plant.name} runs without a channel: its log says why")
    return Path(plant.channel)
