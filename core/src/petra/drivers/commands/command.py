"""Commands: requested writes with an outcome, who asked for them, and whether they may.

Every write to a device is a command, also one that the control logic causes. It goes through one gate, waits
in its driver's queue, and ends in one of a few outcomes; none is ever sent twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.signals import Value

log = logging.getLogger("petra.commands")


class Origin(Enum):
    """Where a command comes from."""

    LOGIC = "logic"
    """The configured program: a signal of it has changed."""
    LOCAL = "local"
    """Somebody on this machine."""
    NETWORK = "network"
    """Anybody else: MQTT, OPC UA, the web."""


class Act(Enum):
    """What a command asks for."""

    WRITE = "write"
    FORCE = "force"
    """The signal is held at a value, whatever writes it."""
    UNFORCE = "unforce"


class Outcome(Enum):
    """How far a command has come; `requested` and `sent` are on the way, all others are its end."""

    REQUESTED = "requested"
    SENT = "sent"
    CONFIRMED = "confirmed"
    """The device holds the value: it was read back."""
    UNVERIFIED = "unverified"
    """The device has taken it, and its point is not to be read back."""
    REJECTED = "rejected"
    """It was not carried out: refused here, or by the device."""
    TIMED_OUT = "timed out"
    """It is not known to have been carried out."""
    SUPERSEDED = "superseded"
    """The program wanted something newer before this was sent."""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self not in (Outcome.REQUESTED, Outcome.SENT)


WELL = (Outcome.CONFIRMED, Outcome.UNVERIFIED, Outcome.SUPERSEDED)


class Command:
    """One requested write. It changes in the loop of the drivers and can be read anywhere."""

    def __init__(
        self,
        number: int,
        signal: str,
        value: Value | None,
        actor: str,
        origin: Origin,
        at: int,
        ended: Ended,
        act: Act = Act.WRITE,
    ) -> None:
        self.id = number
        self.act = act
        self.signal = signal
        self.value: Any = value
        """What the signal is to hold; None of one that is let go."""
        self.actor = actor
        self.origin = origin
        self.outcome = Outcome.REQUESTED
        self.reason = ""
        self.requested_at = at
        self.sent_at: int | None = None
        self.ended_at: int | None = None
        self.point: Point | None = None
        self.urgent = False
        """Whether it is a safe value: it waits for no interval, and no wear limit holds it back."""
        self.last_word = False
        """Whether nothing follows it: the plant stops, or nobody will write the point any more."""
        self.passing = False
        """Whether it failed for a reason that passes: the device was busy, or did not answer."""
        self._ended = ended
        self._future: Future[Command] = Future()
        self._lock = threading.Lock()
        self._told: list[Callable[[Command], None]] = []

    def __str__(self) -> str:
        because = f": {self.reason}" if self.reason else ""
        act = "" if self.act is Act.WRITE else f"{self.act.value} "
        value = "" if self.act is Act.UNFORCE else f" = {self.value!r}"
        return (
            f"#{self.id} {act}{self.signal}{value} by {self.actor} ({self.origin.value}) "
            f"{self.outcome.value}{because}"
        )

    def wait(self, seconds: float | None = None) -> Command:
        """Wait for its end; TimeoutError when it takes longer. Never called in the drivers' loop."""
        return self._future.result(seconds)

    def then(self, call: Callable[[Command], None]) -> None:
        """Call somebody with it when it has ended, in the thread that ends it; at once if it has."""
        with self._lock:
            if not self.outcome.final:
                self._told.append(call)
                return
        call(self)

    def sent(self, at: int) -> None:
        """Say that it was sent."""
        self.outcome = Outcome.SENT
        self.sent_at = at

    def end(self, outcome: Outcome, at: int, reason: str = "", *, passing: bool = False) -> None:
        """Say how it ended; only the first call counts."""
        with self._lock:
            if self.outcome.final:
                return
            self.outcome, self.reason, self.ended_at, self.passing = outcome, reason, at, passing
            told, self._told = self._told, []  # the ledger keeps the command, and not who waited for it
        self._ended(self)
        self._future.set_result(self)
        for call in told:
            try:
                call(self)
            except Exception:  # the others are told as well
                log.exception("what follows the end of a command has failed")

    def as_dict(self) -> dict[str, Any]:
        """Return it as data."""
        return {
            "id": self.id,
            "act": self.act.value,
            "signal": self.signal,
            "value": self.value,
            "actor": self.actor,
            "origin": self.origin.value,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "requested_at": self.requested_at,
            "sent_at": self.sent_at,
            "ended_at": self.ended_at,
        }


Ended = Callable[[Command], None]
