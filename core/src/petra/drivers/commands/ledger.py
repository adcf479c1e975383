"""The ledger of commands: who may write, what was asked for, and how it ended."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from petra.drivers.commands.command import WELL, Act, Command, Ended, Origin, Outcome

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.signals import Value

log = logging.getLogger("petra.commands")

LEDGER_LENGTH = 1_000

Policy = Callable[[Command], str]
"""Says why a command may not be; an empty text means that it may."""


def local_only(command: Command) -> str:
    """Let the program and actors on this machine write, and nobody else: what holds without a policy."""
    if command.origin is Origin.NETWORK:
        return "without a policy, nobody writes over the network"
    return ""


class Ledger:
    """The last commands with their outcomes, bounded, and how many there were of each."""

    def __init__(self, clock: Clock, policy: Policy = local_only, length: int = LEDGER_LENGTH) -> None:
        self.policy = policy
        self.counts: Counter[Outcome] = Counter()
        self.refused = 0
        """Commands that the policy did not let in."""
        self.told: Ended | None = None
        """Called with every command that has ended, by whichever thread ends it."""
        self.last_word_ended: Ended | None = None
        """Called with those that nothing follows."""
        self._clock = clock
        self._commands: deque[Command] = deque(maxlen=length)
        self._numbers = count(1)
        self._last_of: dict[str, Outcome] = {}
        self._lock = threading.Lock()

    def open(
        self,
        signal: str,
        value: Value | None,
        actor: str,
        origin: Origin,
        act: Act = Act.WRITE,
        *,
        safe: bool = False,
    ) -> Command:
        """Enter a command. One that the policy does not let in has ended already; a safe value always may."""
        now = self._clock.now_ns()
        command = Command(next(self._numbers), signal, value, actor, origin, now, self._ended, act)
        self._commands.append(command)
        try:
            reason = "" if safe else self.policy(command)
        except Exception as error:  # a policy that fails lets nobody in
            log.exception("the policy for commands failed")
            reason = f"the policy failed: {error!r}"
        if reason:
            with self._lock:
                self.refused += 1
            command.end(Outcome.REJECTED, now, reason)
        return command

    def commands(self) -> list[Command]:
        """Return those that are kept, the oldest first."""
        return list(self._commands)

    def _ended(self, command: Command) -> None:
        with self._lock:
            self.counts[command.outcome] += 1
            before = self._last_of.get(command.signal)
            self._last_of[command.signal] = command.outcome
        # what the program does at every scan is said when it turns out otherwise than before
        routine = command.origin is Origin.LOGIC and (command.outcome in WELL or command.outcome is before)
        level = logging.INFO if command.outcome in WELL else logging.WARNING
        log.log(logging.DEBUG if routine else level, "%s", command)
        if command.last_word and self.last_word_ended is not None:
            self.last_word_ended(command)
        passed_over = command.origin is Origin.LOGIC and command.outcome is Outcome.SUPERSEDED
        if self.told is not None and not passed_over:  # nothing was sent: it says nothing about the device
            self.told(command)
