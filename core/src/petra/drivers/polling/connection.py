"""What a protocol has to be able to do for the core to poll and to write with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from petra.drivers.contract.errors import PointError
from petra.signals import Value

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.planner import Request

Answer = Sequence[Value | PointError] | PointError
"""What came of a part: a value or an error for each of its points, or one error for the part as a whole."""


@frozen
class SessionLimits:
    """What one session may ask for: what was configured, and what its peer has agreed to."""

    in_flight: int = 1
    """How many requests may be under way at once."""
    pause: float = 0.0
    """Seconds between the end of a request and the next one, for devices that need it."""
    pdu: int = 0
    """How long a request or an answer may be, in a protocol where both sides agree on that."""


class Connection(Protocol):
    """An open connection of a protocol."""

    detail: str
    """What is known of the peer, for people."""
    limits: SessionLimits
    """What holds for this connection; the next one may agree to something else."""

    async def read(self, request: Request) -> Sequence[Answer]:
        """Ask, and return an answer for each part of the request."""
        ...

    async def write(self, point: Point, value: Value) -> None:
        """Write; PointError when the device refuses."""
        ...

    async def ended(self) -> None:
        """Wait until the connection is lost, and raise SessionError."""
        ...

    def close(self) -> None:
        """Close at once."""
        ...
