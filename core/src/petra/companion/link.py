"""The plant of a companion: the one that is in the process of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from petra.plant.channel.client import ChannelPlant
from petra.plant.channel.link import Credentials, Link

if TYPE_CHECKING:
    from petra.plant import Plant
    from petra.services.job import CompanionJob


@asynccontextmanager
async def connected(job: CompanionJob) -> AsyncIterator[Plant]:
    """Connect by the channel of the plant, with the token of this companion."""
    link = Link(Path(job.address), Credentials("service", job.name, job.token))
    await link.connect()
    try:
        yield ChannelPlant(link)
    finally:
        await link.close()
