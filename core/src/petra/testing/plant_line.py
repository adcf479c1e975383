"""A faulty line between a service and its plant: what is asked is late, fails, or is never answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Self, cast

from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.plant import Actor, Plant

_LATE = 0.1
_LOOK = 0.01
_STREAMS = ("watch", "follow", "events")


class PlantFault(Enum):
    """What is wrong with a line."""

    SLOW = "slow"
    """Every answer and every item of a stream takes a tenth of a second more."""
    FAILING = "failing"
    """Every answer is an error, and every stream ends with one."""
    SILENT = "silent"
    """Nothing is answered."""


class PlantLine:
    """The line between a plant and its services. Any thread may set the fault."""

    def __init__(self) -> None:
        self.fault: PlantFault | None = None
        self.failed = 0
        """Questions that were answered with an error."""

    def between(self, plant: Plant) -> Plant:
        """Return a plant at the other end of the line."""
        return cast("Plant", _DistantPlant(plant, self))

    async def cross(self) -> None:
        """Wait as long as the line takes; PetraError while it fails."""
        while self.fault is PlantFault.SILENT:  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(_LOOK)
        if self.fault is PlantFault.SLOW:
            await asyncio.sleep(_LATE)
        elif self.fault is PlantFault.FAILING:
            await asyncio.sleep(0)
            self.failed += 1
            raise PetraError("the line to the plant is broken")


class _DistantPlant:
    """A plant behind a line, with all its methods."""

    def __init__(self, plant: Plant, line: PlantLine) -> None:
        self._plant = plant
        self._line = line

    @property
    def actor(self) -> Actor:
        return self._plant.actor

    def acting(self, actor: Actor) -> Plant:
        return self._line.between(self._plant.acting(actor))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._plant, name)
        if name in _STREAMS:
            return lambda *given, **named: _DistantStream(method(*given, **named), self._line)
        return self._called(method)

    def _called(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any, **named: Any) -> Any:
            await self._line.cross()
            return await method(*given, **named)

        return call


class _DistantStream:
    """A stream behind a line."""

    def __init__(self, stream: Any, line: PlantLine) -> None:
        self._stream = stream
        self._line = line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = await anext(aiter(self._stream))
        await self._line.cross()
        return item

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stream.aclose()
