"""What every point of every protocol is configured with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le, matches_re, max_len, optional

from petra.drivers.point import Direction, Limits
from petra.settings import Flaw, SignalUse, Used, about
from petra.signals.types import LONGEST_NAME, NAME

if TYPE_CHECKING:
    from petra.signals import SignalType

_MOST_MS = 86_400_000.0


@frozen(kw_only=True)
class PointSettings(ABC):
    """What a point has besides its address. A protocol's own model of a point inherits from this one."""

    signal: str = field(
        validator=and_(matches_re(NAME), max_len(LONGEST_NAME)),
        metadata=about("Signal; one that is not declared is declared by this", aliases=("name",)),
    )
    direction: Direction = field(
        default=Direction.READ,
        metadata=about("read: device to signal; write: signal to device; read_write: both ways"),
    )
    poll_ms: float | None = field(
        default=None,
        validator=optional(and_(gt(0.0), le(_MOST_MS))),
        metadata=about("How often it is read, if not as its connection says", unit="ms"),
    )
    minimum: float | None = field(default=None, metadata=about("The least that may be written"))
    maximum: float | None = field(default=None, metadata=about("The most that may be written"))
    write_interval_ms: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(_MOST_MS)),
        metadata=about("Least time from one write to the next", unit="ms"),
    )
    writes_per_day: int = field(
        default=0,
        validator=and_(ge(0), le(10_000_000)),
        metadata=about("Most writes in 24 hours, for memories that wear out; 0 for any number"),
    )
    verify: bool = field(default=True, metadata=about("Read back what was written"))
    settle_ms: float = field(
        default=0.0,
        validator=and_(ge(0.0), le(600_000.0)),
        metadata=about("How long the device takes until what was written can be read back", unit="ms"),
    )
    description: str = field(default="", metadata=about("What it is, for people"))

    @property
    @abstractmethod
    def holds(self) -> SignalType:
        """What its signal has to hold; a protocol's own model knows."""

    @property
    def signal_names(self) -> tuple[str, ...]:
        """The signals that it stands for: one, or as many as an array has items."""
        return (self.signal,)

    @property
    def limits(self) -> Limits:
        """What may be written, and how often."""
        return Limits(self.minimum, self.maximum, self.write_interval_ms / 1e3, self.writes_per_day)

    def signals_used(self) -> Iterator[Used]:
        """Say what it does with its signals."""
        use = {
            Direction.READ: SignalUse.WRITES,
            Direction.WRITE: SignalUse.READS,
            Direction.BOTH: SignalUse.EITHER,
        }[self.direction]
        for name in self.signal_names:
            yield Used("signal", name, use, self.holds)

    def flaws(self) -> Iterator[Flaw]:
        """Say what its fields contradict each other in."""
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            yield Flaw(("minimum",), f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        if self.direction is Direction.READ:
            for name in ("minimum", "maximum"):
                if getattr(self, name) is not None:
                    yield Flaw((name,), f"{name} bounds what is written, and this point is only read")
