"""What must be known of a plant to explain a signal. A running plant and a recording each have their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from petra.scan.network import Wired
    from petra.signals import QualityReason, Signal, Value
    from petra.why.values import HeldForce, LastCommand, PointState


@frozen
class SignalEvidence:
    """A signal at the moment of the question."""

    signal: Signal
    value: Value
    status: QualityReason
    time: int
    force: HeldForce | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.signal.name


@frozen
class BlockEvidence:
    """A block with what it remembers after its last scan."""

    wired: Wired
    period: float
    """Of its task, in seconds."""
    states: Mapping[str, Any]
    floats: frozenset[str] = frozenset()
    """The int inputs that its step reads as floats."""
    fault: str = ""
    """Why its last step failed."""


class Change(NamedTuple):
    """When a signal took its value."""

    time: int
    longer: bool = False
    """Whether it is not known for how much longer it has had the value."""


class Evidence(Protocol):
    """A plant at one moment. It does not change while a question is answered."""

    @property
    def scan(self) -> int:
        """The number of the last scan."""

    @property
    def time(self) -> int:
        """When the question was asked, in ns."""

    @property
    def notes(self) -> Sequence[str]:
        """What concerns the whole plant."""

    def signal(self, name: str) -> SignalEvidence:
        """Return a signal; UnknownSignalError, with the closest name, for one that does not exist."""

    def block(self, name: str) -> BlockEvidence | None:
        """Return a block."""

    def points(self, signal: str) -> Sequence[PointState] | None:
        """Return the points of a signal, or the connection that it shows; None if that is not known."""

    def command(self, signal: str) -> LastCommand | None:
        """Return the last command of an actor for a signal."""

    def changed_at(self, names: Sequence[str], time: int) -> Sequence[tuple[str, Value]]:
        """Return what signals became when another one changed, to the second; nothing if not known."""

    def changes(self, names: Iterable[str]) -> Mapping[str, Change]:
        """Return when signals took their values, as far as that is known."""
