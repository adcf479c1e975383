"""What a CSV writer is configured with."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen
from attrs.validators import gt, min_len

from petra import SignalUse, about
from petra.services import ServiceSettings
from petra.settings import Used


@frozen(kw_only=True)
class CsvConfig(ServiceSettings):
    """A CSV file with some signals."""

    signals: tuple[str, ...] = field(
        validator=min_len(1), metadata=about("Signals, by name or by a pattern such as `pump*`")
    )
    every_s: float = field(
        default=1.0, validator=gt(0.0), metadata=about("Time from one line to the next", unit="s")
    )

    def signals_used(self) -> Iterator[Used]:
        """Yield the signals that are named; `petra check` reports those that do not exist."""
        for name in self.signals:
            if not set(name) & set("*?["):
                yield Used("signals", name, SignalUse.READS)
