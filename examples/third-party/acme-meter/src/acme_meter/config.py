"""The configuration of a meter. A check of a document needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le, min_len

from petra import SignalType, SignalUse, about
from petra.drivers import PointSettings
from petra.settings import Flaw, Named, Used

CHANNELS = 100


@frozen(kw_only=True)
class MeterPoint(PointSettings):
    """One channel of a meter."""

    channel: int = field(validator=and_(ge(0), le(CHANNELS - 1)), metadata=about("Channel, 0 to 99"))

    @property
    def holds(self) -> SignalType:
        """The type of the signal."""
        return SignalType.FLOAT


@frozen
class MeterConfig:
    """One of Acme's flow meters."""

    host: str = field(validator=min_len(1), metadata=about("Name or address", shorthand=True))
    port: int = field(default=4001, validator=and_(ge(1), le(65_535)), metadata=about("TCP port"))
    name: str = field(default="", metadata=about("Unique name; the host if not given"))
    points: tuple[MeterPoint, ...] = field(default=(), metadata=about("Channels that are read and written"))
    poll_ms: float = field(default=1_000.0, validator=gt(0.0), metadata=about("How often", unit="ms"))
    timeout_ms: float = field(
        default=1_000.0, validator=gt(0.0), metadata=about("How long an answer may take", unit="ms")
    )
    online: str | None = field(default=None, metadata=about("Signal that is true while connected"))

    @property
    def called(self) -> str:
        """The name of the driver."""
        return self.name or self.host

    def drivers_named(self) -> Iterator[Named]:
        """Yield the name of the driver; names must be unique in a document."""
        yield Named("name" if self.name else "host", self.called)

    def signals_used(self) -> Iterator[Used]:
        """Yield the signal for the state of the connection; the points declare their own signals."""
        if self.online is not None:
            yield Used("online", self.online, SignalUse.WRITES, SignalType.BOOL)

    def flaws(self) -> Iterator[Flaw]:
        """Yield an error for each point that writes the same channel as another one."""
        written: dict[int, str] = {}
        for number, point in enumerate(self.points):
            if not point.direction.writes:
                continue
            if (other := written.setdefault(point.channel, point.signal)) != point.signal:
                message = f"channel {point.channel} is already written by the point {other!r}"
                yield Flaw(("points", number, "channel"), message)
