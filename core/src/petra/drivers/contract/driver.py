"""What a driver is: its points, and one session. The core does the rest.

    class MeterDriver(Driver):
        async def session(self, context: SessionContext) -> None:
            meter = await connect(self.config.host)
            context.connected()
            feed = context.feed(self.points)
            async for channel, value, time in meter:
                feed.put(self.point_of[channel], value, source_time=time)
                context.progress()

A session connects, serves, and raises when it fails. It never reconnects, sleeps between tries, or sets the
quality of a lost connection: the core begins the next session after a growing pause, makes the points bad
meanwhile, and cancels a session that shows no progress for `patience` seconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.drivers.contract.context import SessionContext
    from petra.drivers.contract.point import Point
    from petra.drivers.simulation.simulator import Simulator
    from petra.signals import Value


class Driver(ABC):
    """One configured connection to the outside."""

    patience = 30.0
    """Seconds without progress after which a session counts as hung."""
    timeout = 1.0
    """Seconds that its device has to answer: how long its last commands are waited for at least."""
    place = ""
    """Where its device is. After a reload to another place, what the old device was given counts no more."""

    def __init__(
        self, name: str, points: Sequence[Point], config: Any = None, online: str | None = None
    ) -> None:
        self.name = name
        self.points = tuple(points)
        self.config = config
        """What it was made of: a driver whose configuration did not change outlives a reload."""
        self.online = online
        """A signal of type bool that is true while a session serves."""

    @abstractmethod
    async def session(self, context: SessionContext) -> None:
        """Connect, call `context.connected()`, and serve until something fails."""

    def simulator(self) -> Simulator:
        """Return a device that answers as the device of this driver would."""
        raise PetraError(f"{self.name}: there is no simulator for this protocol")

    def as_written(self, point: Point, value: Value) -> Value:  # noqa: ARG002 - for subclasses that use it
        """Return what the device will hold after this was written; PointError when it cannot be."""
        return value
