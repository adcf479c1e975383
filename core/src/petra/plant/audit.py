"""The audit: who did what to a plant, and what was refused."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from petra.drivers.commands.order import WELL
from petra.plant.actors import Actor
from petra.signals.types import Value

_LONGEST = 500
_WELL = frozenset(outcome.value for outcome in WELL)


@frozen
class AuditEntry:
    """One act that has ended, or one that was refused."""

    time: int
    actor: str
    origin: str
    door: str
    act: str
    target: str
    outcome: str
    """How it ended: an outcome of a command, or `refused`."""
    reason: str = ""
    """Why it ended so."""
    note: str = ""
    """What the actor gave as the purpose."""
    value: Value | None = None

    @classmethod
    def of(
        cls,
        actor: Actor,
        time: int,
        act: str,
        target: str,
        outcome: str,
        reason: str = "",
        *,
        note: str = "",
        value: Value | None = None,
    ) -> AuditEntry:
        """Return the entry of something that an actor has done."""
        origin = actor.origin.value
        name, target, reason, note = (_short(text) for text in (actor.name, target, reason, note))
        return cls(time, name, origin, actor.door, act, target, outcome, reason, note, _plain(value))

    @property
    def ended_well(self) -> bool:
        """Whether it was done, and nothing is open."""
        return self.outcome in _WELL

    def __str__(self) -> str:
        by = f"{self.actor} ({self.door or self.origin})"
        value = "" if self.value is None else f" = {self.value!r}"
        because = f": {self.reason}" if self.reason else ""
        note = f" [{self.note}]" if self.note else ""
        return f"{self.act} {self.target}{value} by {by} {self.outcome}{because}{note}"


def _short(text: object) -> str:
    said = str(text)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _plain(value: object) -> Value | None:
    """Return a value that a line of JSON can hold: an actor may have sent anything."""
    if value is None or value.__class__ in (bool, int, float):
        return value
    return _short(value if isinstance(value, str) else repr(value))


class Audit(Protocol):
    """Takes what was done and refused. It is called from any thread, and does not wait for a disk."""

    def note(self, entry: AuditEntry) -> None:
        """Take an entry."""
