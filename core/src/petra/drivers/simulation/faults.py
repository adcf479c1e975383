"""What can be wrong with a line, and when: the script of a simulator."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from attrs import field, frozen
from attrs.validators import and_, ge, gt, le

from petra.drivers.simulation.simulator import Pattern
from petra.settings import about


class FaultKind(Enum):
    """The ways in which a line is bad."""

    REFUSE = "refuse"
    """Connections are refused, those that were open are reset."""
    DROP = "drop"
    """Open connections are reset, once; new ones are taken."""
    HANG = "hang"
    """Connections are taken, and nothing is ever answered."""
    DELAY = "delay"
    """Answers come late."""
    GARBLE = "garble"
    """Bytes of answers are changed."""
    REBOOT = "reboot"
    """As `refuse`, for a while; values are kept."""
    LIMIT = "limit"
    """So many connections are taken, the next one is closed at once."""
    SILENCE = "silence"
    """One station of several does not answer."""


@frozen
class Fault:
    """A fault, and when it is there."""

    kind: FaultKind = field(metadata=about("What is wrong", shorthand=True))
    at_s: float = field(default=0.0, validator=ge(0.0), metadata=about("When it begins", unit="s"))
    for_s: float = field(default=5.0, validator=gt(0.0), metadata=about("How long it lasts", unit="s"))
    every_s: float = field(
        default=0.0, validator=ge(0.0), metadata=about("How often it comes; 0 for once", unit="s")
    )
    delay_ms: float = field(default=500.0, validator=ge(0.0), metadata=about("delay: by how much", unit="ms"))
    delay_to_ms: float = field(
        default=0.0, validator=ge(0.0), metadata=about("delay: by up to that, at random", unit="ms")
    )
    chance: float = field(
        default=1.0, validator=and_(gt(0.0), le(1.0)), metadata=about("garble: how many of the answers")
    )
    connections: int = field(default=1, validator=ge(0), metadata=about("limit: how many"))
    station: str = field(default="", metadata=about("silence: which one, such as `unit 7`"))
    driver: str = field(default="", metadata=about("Connection that it concerns; all of them if not given"))

    def concerns(self, driver: str) -> bool:
        """Return whether it concerns a connection."""
        return self.driver in ("", driver)

    def holds(self, seconds: float) -> bool:
        """Return whether it is there at a time."""
        since = seconds - self.at_s
        if since < 0:
            return False
        return (since % self.every_s if self.every_s else since) < self.for_s


@frozen
class Script:
    """What a simulator does: values that move, faults that come and go."""

    values: tuple[Pattern, ...] = field(default=(), metadata=about("How values move"))
    csv: Path | None = field(default=None, metadata=about("Values from a file: columns time_s and signals"))
    faults: tuple[Fault, ...] = field(default=(), metadata=about("What goes wrong, and when"))


def holding(faults: tuple[Fault, ...], driver: str, seconds: float) -> Fault | None:
    """Return the fault of a line at a time, the first one of the script that holds."""
    return next(
        (
            fault
            for fault in faults
            if fault.concerns(driver) and fault.kind is not FaultKind.SILENCE and fault.holds(seconds)
        ),
        None,
    )
