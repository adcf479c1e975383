"""What a tank gauge is configured with. Light: no network is needed to check a document."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le, matches_re, min_len

from petra import SignalType, SignalUse, about
from petra.drivers import PointSettings
from petra.settings import Flaw, Named, Used


@frozen(kw_only=True)
class TankPoint(PointSettings):
    """One tag of a gauge."""

    tag: str = field(
        validator=matches_re(r"[\w.-]{1,100}"), metadata=about("Tag, such as `tank7.level`, without spaces")
    )

    @property
    def holds(self) -> SignalType:
        """What its signal holds."""
        return SignalType.FLOAT


@frozen
class TankConfig:
    """One of Acme's tank gauges."""

    host: str = field(validator=min_len(1), metadata=about("Name or address", shorthand=True))
    port: int = field(default=4002, validator=and_(ge(1), le(65_535)), metadata=about("TCP port"))
    name: str = field(default="", metadata=about("Unique name; the host if not given"))
    points: tuple[TankPoint, ...] = field(default=(), metadata=about("What is read and written"))
    timeout_ms: float = field(
        default=1_000.0, validator=gt(0.0), metadata=about("How long an answer may take", unit="ms")
    )
    silence_ms: float = field(
        default=5_000.0, validator=gt(0.0), metadata=about("Longest time without a line", unit="ms")
    )
    online: str | None = field(default=None, metadata=about("Signal that is true while it is connected"))

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.host

    def drivers_named(self) -> Iterator[Named]:
        """Yield the name under which it runs: two of one name are a problem of the document."""
        yield Named("name" if self.name else "host", self.called)

    def signals_used(self) -> Iterator[Used]:
        """Yield the signal that shows the connection; points yield their own."""
        if self.online is not None:
            yield Used("online", self.online, SignalUse.WRITES, SignalType.BOOL)

    def flaws(self) -> Iterator[Flaw]:
        """Yield tags that two points have: a value goes to one of them."""
        seen: dict[str, str] = {}
        for number, point in enumerate(self.points):
            if (other := seen.setdefault(point.tag, point.signal)) != point.signal:
                yield Flaw(("points", number, "tag"), f"the tag {point.tag} is that of {other!r} already")
