"""What a service is: one run, with a plant. The core does the rest.

    class Publisher(Service):
        async def run(self, context: ServiceContext) -> None:
            client = await connect(self.config.host)
            context.serving()
            async with context.plant.watch("pump*", every=1.0) as changes:
                async for snapshot in changes:
                    await client.send(snapshot)
                    context.progress()

A run connects, serves, and raises when it fails. It never waits between tries: the core builds the service
again and runs it after a growing pause. It does not know whether it runs in the engine's I/O loop or in a
process of its own, so it awaits and never blocks, and keeps nothing outside itself and its folder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.services.context import ServiceContext


class Service(ABC):
    """A service, as `build` of its kind has made it. One object serves for one run."""

    patience = 30.0
    """Seconds without progress after which it counts as hung, and is started again."""

    @abstractmethod
    async def run(self, context: ServiceContext) -> None:
        """Begin, call `context.serving()`, and serve until something fails; it is cancelled at the end."""
