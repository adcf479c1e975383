"""The guard: one policy decides on every act, and audits hear what was refused and what was done."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from attrs import evolve, frozen

from petra.drivers.commands.order import Origin
from petra.errors import PetraError
from petra.plant.audit import AuditEntry

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.plant.actors import Actor, Capability
    from petra.plant.audit import Audit

log = logging.getLogger("petra.audit")


_REFUSALS = 200
_REFUSALS_A_SECOND = 2.0


class NotAllowedError(PetraError):
    """The policy does not allow this actor to look at the plant, or to do something with it."""


class Policy(Protocol):
    """Decides on actors, one question at a time. It is called from any thread, and answers at once."""

    def refusal(self, actor: Actor, capability: Capability, target: str) -> str:
        """Return why an actor may not do this to a signal, block or the plant; empty when it may."""


@frozen
class LocalActors:
    """What holds without another policy: actors on this machine may, the network may nothing."""

    def refusal(self, actor: Actor, capability: Capability, target: str) -> str:  # noqa: ARG002 - a Policy
        """Return why an actor may not do this; empty when it may."""
        if actor.origin is Origin.NETWORK:
            return f"without a policy, the network may not {capability.value}"
        return ""


class Guard:
    """Asks the policy, counts what it refuses, and tells the audit. Any thread may use it.

    A policy that raises refuses. The program itself is not asked for: it was let in as a configuration.
    """

    def __init__(self, clock: Clock, *audits: Audit, policy: Policy | None = None) -> None:
        self.policy: Policy = policy or LocalActors()
        self.audits = audits
        self.refused = 0
        """How many acts the policy has refused."""
        self._clock = clock
        self._lock = threading.Lock()
        self._room, self._room_at, self._untold = float(_REFUSALS), 0.0, 0

    def refusal(self, actor: Actor, capability: Capability, act: str, target: str, note: str = "") -> str:
        """Return why an actor may not do this; a refusal is counted and told to the audit."""
        if actor.origin is Origin.LOGIC:
            return ""
        try:
            reason = self.policy.refusal(actor, capability, target)
            if type(reason) is not str:  # None would let everybody in
                raise TypeError(f"it answers {reason!r}")
        except Exception as error:  # a policy that fails lets nothing in
            log.exception("the policy failed")
            reason = f"the policy failed: {error!r}"
        if reason:
            self._refuse(
                AuditEntry.of(actor, self._clock.now_ns(), act, target, "refused", reason, note=note)
            )
        return reason

    def _refuse(self, entry: AuditEntry) -> None:
        """Count a refusal and tell of it; of a flood only its size: it would push all else out."""
        with self._lock:
            self.refused += 1
            now = self._clock.monotonic()
            self._room = min(_REFUSALS, self._room + (now - self._room_at) * _REFUSALS_A_SECOND)
            self._room_at = now
            if self._room < 1.0:
                self._untold += 1
                return
            self._room -= 1.0
            untold, self._untold = self._untold, 0
        if untold:
            entry = evolve(entry, reason=f"{entry.reason} ({untold} refusals before it are not listed)")
        self.note(entry)

    def check(self, actor: Actor, capability: Capability, act: str, target: str) -> None:
        """Raise NotAllowedError when an actor may not do this."""
        if reason := self.refusal(actor, capability, act, target):
            raise NotAllowedError(f"{actor} may not {act} {target}: {reason}")

    def note(self, entry: AuditEntry) -> None:
        """Tell the log and the audits; one that fails stops nothing, and is reported."""
        log.log(logging.INFO if entry.ended_well else logging.WARNING, "%s", entry)
        for audit in self.audits:
            try:
                audit.note(entry)
            except Exception:
                log.exception("the audit has failed to take: %s", entry)
