"""What a driver still has to write: its queue of commands, with the limits of each point."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Container
from typing import TYPE_CHECKING

from attrs import define, field

from petra.drivers.commands.order import Origin, Outcome

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.contract.point import Limits, Point

CAPACITY = 1_000
EXPIRES = 5.0
_DAY = 86_400.0
_LOOK_AFTER = 64

WhyGone = Callable[["Point"], str]
"""Returns why the peer does not have a point; an empty text when it has it."""


def _is_there(_: Point) -> str:
    return ""


@define
class _Written:
    """When a point was written to."""

    last: float = -math.inf
    before: float = -math.inf
    day: deque[float] = field(factory=deque)

    def wait(self, limits: Limits, now: float) -> float:
        """Return how long the next write has to wait."""
        return max(0.0, self.last + limits.interval - now)

    def worn(self, limits: Limits, now: float) -> bool:
        """Return whether a day's writes are used up."""
        while self.day and self.day[0] <= now - _DAY:
            self.day.popleft()
        return bool(limits.per_day) and len(self.day) >= limits.per_day

    def note(self, limits: Limits, now: float) -> None:
        """Count a write."""
        self.before, self.last = self.last, now
        if limits.per_day:
            self.day.append(now)

    def take_back(self) -> None:
        """Count the last write no more: it never went out."""
        self.last = self.before
        if self.day:
            self.day.pop()

    def free_in(self, limits: Limits, now: float) -> float:
        """Return how long until neither limit is in the way."""
        worn = self.day[0] + _DAY - now if self.worn(limits, now) else 0.0
        return max(self.wait(limits, now), worn)


class CommandQueue:
    """The commands that wait for one driver; it belongs to the drivers' loop.

    It takes a thousand and refuses more. What the program wants is always taken and kept once per point, the
    newest: an older one that was not sent yet is superseded, and it waits for as long as limits of the point
    say. Whatever else waits for too long is given up, and never sent later.
    """

    def __init__(self, now_ns: Callable[[], int], expires: float = EXPIRES) -> None:
        self.changed = asyncio.Event()
        """Set when something came in; cleared by the session that waits for it."""
        self._now_ns = now_ns
        self._expires = expires
        self._waiting: deque[tuple[float, Command]] = deque()
        self._closed = ""
        self._written: dict[Point, _Written] = {}
        self._taken_out: list[Command] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """How many commands a session has taken and not ended."""
        self._taken_out = [each for each in self._taken_out if not each.outcome.final]
        return len(self._taken_out)

    def of_program(self) -> set[Point]:
        """Return the points to which something of the program waits or is under way."""
        commands = [command for _, command in self._waiting] + self._taken_out
        return {c.target for c in commands if c.origin is Origin.LOGIC and not c.outcome.final}

    def abandon(self) -> int:
        """End what was taken by a session that is over; return how many of it had been sent."""
        taken, self._taken_out = [each for each in self._taken_out if not each.outcome.final], []
        for command in taken:
            self._end(command, Outcome.TIMED_OUT, "the session ended; it may have been carried out")
        return sum(command.sent_at is not None for command in taken)

    def put(self, command: Command, now: float) -> None:
        """Take a command, or end it with the reason why not."""
        point = command.target
        if reason := self._closed or point.limits.refusal(command.value):
            self._end(command, Outcome.REJECTED, reason)
            return
        if command.order.urgent:
            self._clear(point)
        elif command.origin is Origin.LOGIC:
            self._supersede(command)
        elif self._written_to(command).wait(point.limits, now) > self._expires:
            reason = f"it is written at most every {point.limits.interval:g} s"
            self._end(command, Outcome.REJECTED, reason)
            return
        elif len(self._waiting) >= CAPACITY:
            self._end(command, Outcome.REJECTED, f"{CAPACITY} commands are waiting for this driver")
            return
        self._waiting.append((now, command))
        self.changed.set()

    def take(
        self,
        now: float,
        held: Container[str] = (),
        silent: Callable[[str], bool] = lambda _: False,
        why_gone: WhyGone = _is_there,
    ) -> Command | None:
        """Return the next command that may be sent now, and is not to one of the signals that are held.

        The last word to a station that is silent comes after that to all others: it may take its time.
        What the program wants of a point that the peer does not have waits for it; others are refused.
        """
        if not self._waiting:
            return None
        self.expire(now)
        late: tuple[float, Command] | None = None
        for entry in list(self._waiting):
            command = entry[1]
            limits = command.target.limits
            written = self._written_to(command)
            if gone := why_gone(command.target):
                if command.origin is not Origin.LOGIC:
                    self._waiting.remove(entry)
                    self._end(command, Outcome.REJECTED, gone)
                continue
            if command.signal in held or (written.wait(limits, now) > 0 and not command.order.urgent):
                continue
            if written.worn(limits, now) and not command.order.urgent:
                if command.origin is not Origin.LOGIC:
                    self._waiting.remove(entry)
                    reason = f"it is written at most {limits.per_day} times a day"
                    self._end(command, Outcome.REJECTED, reason)
                continue
            if command.order.last_word and silent(command.target.station):
                late = late or entry
                continue
            return self._taken(entry, now)
        return self._taken(late, now) if late is not None else None

    def _taken(self, entry: tuple[float, Command], now: float) -> Command:
        command = entry[1]
        self._waiting.remove(entry)
        self._written_to(command).note(command.target.limits, now)
        self._taken_out.append(command)
        if len(self._taken_out) > _LOOK_AFTER:
            self._taken_out = [each for each in self._taken_out if not each.outcome.final]
        return command

    def unsent(self, command: Command) -> None:
        """Take note that a command that was taken never went out: it counts for no limit."""
        self._written_to(command).take_back()

    def next_at(self, now: float, held: Container[str] = (), why_gone: WhyGone = _is_there) -> float:
        """Return when to look again; what is held is asked for when it is held no more."""
        waits = [
            now
            + (0.0 if command.order.urgent else self._written_to(command).free_in(command.target.limits, now))
            for _, command in self._waiting
            if command.signal not in held and not why_gone(command.target)
        ]
        return min(waits, default=math.inf)

    def expire(self, now: float) -> None:
        """Give up what has waited for too long."""
        kept = []
        for since, command in self._waiting:
            if command.origin is Origin.LOGIC or now - since <= self._expires:
                kept.append((since, command))
            else:
                reason = f"not sent within {self._expires:g} s"
                self._end(command, Outcome.TIMED_OUT, reason)
        if len(kept) != len(self._waiting):
            self._waiting = deque(kept)

    def close(self, reason: str) -> None:
        """Give up everything that waits, and take nothing more."""
        self._closed = reason
        waiting, self._waiting = self._waiting, deque()
        for _, command in waiting:
            self._end(command, Outcome.TIMED_OUT, reason)

    def drop_logic(self) -> None:
        """Give up what the program wanted: when a session begins, it is asked for again.

        A last word stays: it will not be asked for again.
        """
        for since, command in list(self._waiting):
            if command.origin is Origin.LOGIC and not command.order.last_word:
                self._waiting.remove((since, command))
                self._end(command, Outcome.SUPERSEDED, "a new session begins")

    def take_over(self, before: CommandQueue) -> None:
        """Count on from what was written before: a reload wears no memory out."""
        self._written = dict(before._written)

    def _clear(self, point: Point) -> None:
        """End all that waits for a point: a safe value is the last thing that is written to it."""
        for since, older in list(self._waiting):
            if older.target == point:
                self._waiting.remove((since, older))
                self._end(older, Outcome.SUPERSEDED, "a safe value is written")

    def _supersede(self, command: Command) -> None:
        for since, older in self._waiting:
            if older.origin is Origin.LOGIC and older.target == command.target:
                self._waiting.remove((since, older))
                self._end(older, Outcome.SUPERSEDED)
                return

    def _written_to(self, command: Command) -> _Written:
        return self._written.setdefault(command.target, _Written())

    def _end(self, command: Command, outcome: Outcome, reason: str = "") -> None:
        command.end(outcome, self._now_ns(), reason)
