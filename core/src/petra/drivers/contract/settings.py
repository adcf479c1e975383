"""What every point of every protocol is configured with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le, matches_re, max_len, optional

from petra.drivers.contract.point import Direction, Limits
from petra.settings import Flaw, SignalUse, Used, about
from petra.signals.types import LONGEST_NAME, NAME, SignalType, Value

_MOST_MS = 86_400_000.0
_SHARE = 1e-3
"""Of the range of a float that has limits: what is too little to be written at once."""


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
        metadata=about(
            "Least time from one write to the next", unit="ms", aliases=("min_write_interval_ms",)
        ),
    )
    write_deadband: float | None = field(
        default=None,
        validator=optional(ge(0.0)),
        metadata=about(
            "How far a block's value moves before it is written at once; what is less is written when the "
            "value has settled. If not given: one step of a scaled whole number, or a thousandth of the way "
            "from minimum to maximum"
        ),
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
    description: str = field(default="", eq=False, metadata=about("What it is, for people"))

    @property
    @abstractmethod
    def holds(self) -> SignalType:
        """What its signal has to hold; a protocol's own model knows."""

    @property
    def signal_names(self) -> tuple[str, ...]:
        """The signals that it reads or writes: one, or as many as an array has items."""
        return (self.signal,)

    @property
    def limits(self) -> Limits:
        """What may be written, and how often."""
        deadband = self.usual_deadband if self.write_deadband is None else self.write_deadband
        interval = self.write_interval_ms / 1e3
        return Limits(self.minimum, self.maximum, interval, self.writes_per_day, deadband)

    @property
    def usual_deadband(self) -> float:
        """The deadband where none is given; a protocol's own model may know how fine its device is."""
        if self.holds is not SignalType.FLOAT or self.minimum is None or self.maximum is None:
            return 0.0
        return max(0.0, self.maximum - self.minimum) * _SHARE

    def refusal(self, value: Value) -> str:
        """Return why a value is never written; a protocol's own model knows what its type holds."""
        return self.limits.refusal(value)

    def signals_used(self) -> Iterator[Used]:
        """Yield how it uses its signals."""
        use = {
            Direction.READ: SignalUse.WRITES,
            Direction.WRITE: SignalUse.READS,
            Direction.BOTH: SignalUse.EITHER,
        }[self.direction]
        for name in self.signal_names:
            refuses = self.refusal if self.direction.writes else None
            yield Used("signal", name, use, self.holds, refuses)

    def flaws(self) -> Iterator[Flaw]:
        """Yield the contradictions between its fields."""
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            yield Flaw(("minimum",), f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        if self.direction is Direction.READ:
            for name in ("minimum", "maximum", "write_deadband"):
                if getattr(self, name) is not None:
                    yield Flaw((name,), f"{name} bounds what is written, and this point is only read")
        elif self.write_deadband and self.holds in (SignalType.BOOL, SignalType.STRING):
            yield Flaw(("write_deadband",), f"only numbers have a deadband, and this is a {self.holds.value}")
