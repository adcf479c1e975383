"""The ledger of commands: what was asked for, by whom, and how it ended."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING, Protocol

from petra.drivers.commands.command import Command
from petra.drivers.commands.order import WELL, Act, Order, Origin, Outcome

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.drivers.contract.point import Point
    from petra.signals import Value

log = logging.getLogger("petra.commands")

LEDGER_LENGTH = 1_000
FOLLOWED = 10_000
"""Commands that wait for one who follows the ledger."""


class Follower(Protocol):
    """What hears of commands that have ended."""

    def note(self, command: Command) -> None:
        """Take a command that has ended, in any thread."""


class EndedCommands:
    """The commands that have ended, for one who takes them; bounded, and what is lost is counted."""

    def __init__(self) -> None:
        self.lost = 0
        """Commands that ended faster than they were taken."""
        self._waiting: deque[Command] = deque()

    def note(self, command: Command) -> None:
        """Take a command that has ended, in any thread."""
        if len(self._waiting) >= FOLLOWED:
            self.lost += 1
        else:
            self._waiting.append(command)

    def take(self) -> list[Command]:
        """Return what waits, the oldest first."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def give_back(self, commands: list[Command]) -> None:
        """Put back what was taken and could not be used."""
        self._waiting.extendleft(reversed(commands))


class Ledger:
    """The last commands with their outcomes, bounded, and how many there were of each."""

    def __init__(self, clock: Clock, length: int = LEDGER_LENGTH) -> None:
        self.counts: Counter[Outcome] = Counter()
        self._clock = clock
        self._commands: deque[Command] = deque(maxlen=length)
        self._numbers = count(1)
        self._last_of: dict[str, Outcome] = {}
        self._followers: tuple[Follower, ...] = ()
        self._lock = threading.Lock()

    def follow(self) -> EndedCommands:
        """Return what is given every command that ends from now on, but what the program passed over."""
        made = EndedCommands()
        self.tell(made)
        return made

    def tell(self, follower: Follower) -> None:
        """Tell a follower of every command that ends from now on, but what the program passed over."""
        self._followers = (*self._followers, follower)

    def open(
        self,
        signal: str,
        value: Value | None,
        actor: str,
        origin: Origin,
        act: Act = Act.WRITE,
        *,
        point: Point | None = None,
        urgent: bool = False,
        last_word: bool = False,
        door: str = "",
        note: str = "",
    ) -> Command:
        """Enter an order."""
        order = Order(
            next(self._numbers),
            signal,
            value,
            actor,
            origin,
            act,
            self._clock.now_ns(),
            point,
            urgent,
            last_word,
            door,
            note,
        )
        command = Command(order, self._ended)
        self._commands.append(command)
        return command

    def commands(self) -> list[Command]:
        """Return those that are kept, the oldest first."""
        return list(self._commands)

    def _ended(self, command: Command) -> None:
        signal, outcome = command.signal, command.outcome
        with self._lock:
            self.counts[outcome] += 1
            before = self._last_of.get(signal)
            self._last_of[signal] = outcome
        if command.origin is Origin.LOGIC:  # the audit tells of what actors do
            # what the program does at every scan is logged when it ends otherwise than before
            routine = outcome in WELL or outcome is before
            log.log(logging.DEBUG if routine else logging.WARNING, "%s", command)
            if outcome is Outcome.SUPERSEDED:  # nothing was sent: it says nothing of the device
                return
        for follower in self._followers:
            follower.note(command)
