"""What a driver still has to write: its queue of commands, with the limits of each point."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Container, Iterable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from petra.drivers.commands.order import Origin, Outcome
from petra.drivers.commands.wear import Written

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.contract.point import Point

CAPACITY = 1_000
EXPIRES = 5.0
_LOOK_AFTER = 64
_LOOK_EVERY = 0.25
"""Seconds after which a point that the peer did not have is looked at again, whatever else is sent."""

WhyGone = Callable[["Point"], str]
"""Returns why the peer does not have a point; an empty text when it has it."""


def _is_there(_: Point) -> str:
    return ""


class _Entry(NamedTuple):
    """A command that waits; no two have the same place, and a lower one comes first."""

    place: int
    since: float
    command: Command


class CommandQueue:
    """The commands that wait for one driver; it belongs to the drivers' loop.

    It takes a thousand and refuses more. What the program wants is always taken and kept once per point, the
    newest: an older one that was not sent yet is superseded, and it waits for as long as limits of the point
    say. Whatever else waits for too long is given up, and never sent later.

    A command that may not be sent yet is set aside with what it waits for, and not looked at until that has
    happened: taking one costs the same however many wait. One that has ended meanwhile is passed over.
    """

    def __init__(self, now_ns: Callable[[], int], expires: float = EXPIRES) -> None:
        self.changed = asyncio.Event()
        """Set when something came in; cleared by the session that waits for it."""
        self.looked_at = 0
        """How often it was asked of a command whether it may be sent."""
        self._now_ns = now_ns
        self._expires = expires
        self._closed = ""
        self._written: dict[Point, Written] = {}
        self._taken_out: dict[int, Command] = {}
        self._look_after = _LOOK_AFTER
        self._places = 0
        self._waiting: dict[int, _Entry] = {}
        """Everything that waits, by its place and in that order."""
        self._of_point: dict[Point, dict[int, _Entry]] = {}
        self._aging: deque[_Entry] = deque()
        """Those that are given up some day, the oldest first."""
        self._ready: list[_Entry] = []
        self._held: dict[str, list[_Entry]] = {}
        """Those to signals that were held, until these are released."""
        self._later: list[tuple[float, _Entry]] = []
        """Those that limits hold back, by the time until which they do."""
        self._gone: list[_Entry] = []
        """Those to points that the peer did not have."""
        self._looked_for_gone = -math.inf
        self._late: dict[str, list[_Entry]] = {}
        """Last words to stations that were silent, by station."""
        self._passed_over = 0
        """How many were set aside and wait no more."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """How many commands a session has taken and not ended."""
        self._forget_ended()
        return len(self._taken_out)

    def of_program(self) -> set[Point]:
        """Return the points to which something of the program waits or is under way."""
        commands = [entry.command for entry in self._waiting.values()] + [*self._taken_out.values()]
        return {c.target for c in commands if c.origin is Origin.LOGIC and not c.outcome.final}

    def abandon(self) -> int:
        """End what was taken by a session that is over; return how many of it had been sent."""
        taken = [each for each in self._taken_out.values() if not each.outcome.final]
        self._taken_out = {}
        for command in taken:
            self._end(command, Outcome.TIMED_OUT, "the session ended; it may have been carried out")
        self._look_at_all()  # the next session holds nothing
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
            self._supersede(point)
        elif self._written_to(command).wait(point.limits, now) > self._expires:
            reason = f"it is written at most every {point.limits.interval:g} s"
            self._end(command, Outcome.REJECTED, reason)
            return
        elif len(self._waiting) >= CAPACITY:
            self._end(command, Outcome.REJECTED, f"{CAPACITY} commands are waiting for this driver")
            return
        self._places += 1
        entry = self._waiting[self._places] = _Entry(self._places, now, command)
        self._of_point.setdefault(point, {})[entry.place] = entry
        heappush(self._ready, entry)
        if self._passed_over > len(self._waiting) + _LOOK_AFTER:
            self._look_at_all()
        if command.origin is not Origin.LOGIC:
            self._aging.append(entry)
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
        A signal is held until `released` says otherwise, or `ended` does of a command to it.
        """
        if not self._waiting:
            return None
        self.expire(now)
        found = self._first(now, held, why_gone, silent) or self._first_late(now, held, why_gone, silent)
        if found is None:
            return None
        heap, entry = found
        heappop(heap)
        self._forget(entry)
        self._written_to(entry.command).note(entry.command.target.limits, now)
        self._taken_out[entry.command.order.id] = entry.command
        if len(self._taken_out) > self._look_after:
            self._forget_ended()
            self._look_after = 2 * len(self._taken_out) + _LOOK_AFTER
        return entry.command

    def unsent(self, command: Command) -> None:
        """Take note that a command that was taken never went out: it counts for no limit."""
        self._written_to(command).take_back()
        again = self._of_point.get(command.target, {}).values()
        self._passed_over += len(again)  # they are set aside still
        self._rejoin(again)

    def released(self, signal: str) -> None:
        """Take note that a signal is held no more."""
        if aside := self._held.pop(signal, None):
            self._rejoin(aside)
            self.changed.set()

    def next_at(self, now: float, held: Container[str] = (), why_gone: WhyGone = _is_there) -> float:
        """Return when to look again; what is held is asked for when it is held no more."""
        if self._first(now, held, why_gone) or self._first_late(now, held, why_gone):
            return now
        while self._later and self._later[0][1].place not in self._waiting:
            heappop(self._later)
        return self._later[0][0] if self._later else math.inf

    def expire(self, now: float) -> None:
        """Give up what has waited for too long."""
        while self._aging:
            entry = self._aging[0]
            if entry.place in self._waiting:
                if now - entry.since <= self._expires:
                    return
                self._drop(entry, Outcome.TIMED_OUT, f"not sent within {self._expires:g} s")
            self._aging.popleft()

    def close(self, reason: str) -> None:
        """Give up everything that waits, and take nothing more."""
        self._closed = reason
        for entry in list(self._waiting.values()):
            self._drop(entry, Outcome.TIMED_OUT, reason)

    def drop_logic(self) -> None:
        """Give up what the program wanted: when a session begins, it is asked for again.

        A last word stays: it will not be asked for again.
        """
        for entry in list(self._waiting.values()):
            if entry.command.origin is Origin.LOGIC and not entry.command.order.last_word:
                self._drop(entry, Outcome.SUPERSEDED, "a new session begins")
        self._look_at_all()  # the next session holds nothing

    def take_over(self, before: CommandQueue) -> None:
        """Count on from what was written before: a reload wears no memory out."""
        self._written = dict(before._written)

    # what comes next

    def _first(
        self,
        now: float,
        held: Container[str],
        why_gone: WhyGone,
        silent: Callable[[str], bool] = lambda _: False,
    ) -> tuple[list[_Entry], _Entry] | None:
        """Return the first that may be sent now, and where it is."""
        while self._later and self._later[0][0] <= now:
            self._rejoin((heappop(self._later)[1],))
        if now >= self._looked_for_gone + _LOOK_EVERY:
            self._look_for_gone(now, why_gone)
        entry = self._settled(self._ready, now, held, why_gone, silent)
        if entry is None and self._gone:
            self._look_for_gone(now, why_gone)
            entry = self._settled(self._ready, now, held, why_gone, silent)
        return None if entry is None else (self._ready, entry)

    def _first_late(
        self,
        now: float,
        held: Container[str],
        why_gone: WhyGone,
        silent: Callable[[str], bool] = lambda _: False,
    ) -> tuple[list[_Entry], _Entry] | None:
        """Return the first of the last words to silent stations that may be sent now, and where it is."""
        firsts = []
        for station, heap in list(self._late.items()):
            entry = self._settled(heap, now, held, why_gone)
            if entry is None:
                del self._late[station]
            else:
                firsts.append((silent(station), entry.place, heap, entry))
        return min(firsts, key=lambda each: each[:2])[2:] if firsts else None

    def _settled(
        self,
        heap: list[_Entry],
        now: float,
        held: Container[str],
        why_gone: WhyGone,
        silent: Callable[[str], bool] = lambda _: False,
    ) -> _Entry | None:
        """Set aside what may not be sent yet, until the first one may; return that."""
        while heap:
            entry = heap[0]
            if entry.place in self._waiting:
                self.looked_at += 1
                if not self._sets_aside(entry, now, held, why_gone, silent):
                    return entry
            heappop(heap)
        return None

    def _sets_aside(
        self,
        entry: _Entry,
        now: float,
        held: Container[str],
        why_gone: WhyGone,
        silent: Callable[[str], bool],
    ) -> bool:
        """Return whether a command may not be sent yet, which is noted then, or not any more."""
        command, limits = entry.command, entry.command.target.limits
        written, urgent = self._written_to(command), command.order.urgent
        if gone := why_gone(command.target):
            if command.origin is Origin.LOGIC:
                self._gone.append(entry)
            else:
                self._drop(entry, Outcome.REJECTED, gone)
        elif command.signal in held:
            self._held.setdefault(command.signal, []).append(entry)
        elif not urgent and written.wait(limits, now) > 0:
            heappush(self._later, (written.last + limits.interval, entry))
        elif not urgent and written.worn(limits, now):
            if command.origin is Origin.LOGIC:
                heappush(self._later, (written.worn_until, entry))
            else:
                self._drop(entry, Outcome.REJECTED, f"it is written at most {limits.per_day} times a day")
        elif command.order.last_word and silent(command.target.station):
            heappush(self._late.setdefault(command.target.station, []), entry)
        else:
            return False
        return True

    def _look_for_gone(self, now: float, why_gone: WhyGone) -> None:
        self._looked_for_gone = now
        gone, self._gone = self._gone, []
        for entry in gone:
            if why_gone(entry.command.target):
                self._gone.append(entry)
            else:
                self._rejoin((entry,))

    def _rejoin(self, entries: Iterable[_Entry]) -> None:
        for entry in entries:
            if entry.place in self._waiting:
                heappush(self._ready, entry)

    def _look_at_all(self) -> None:
        """Look at everything again that waits: nothing is set aside."""
        self._ready[:] = self._waiting.values()
        for aside in (self._held, self._later, self._gone, self._late):
            aside.clear()
        self._passed_over = 0

    # what waits no more

    def ended(self, command: Command) -> None:
        """Take note that a session has ended a command: another one to the same signal may wait for this."""
        self._taken_out.pop(command.order.id, None)
        self.released(command.signal)
        self.changed.set()

    def _clear(self, point: Point) -> None:
        """End all that waits for a point: a safe value is the last thing that is written to it."""
        for entry in list(self._of_point.get(point, {}).values()):
            self._drop(entry, Outcome.SUPERSEDED, "a safe value is written")

    def _supersede(self, point: Point) -> None:
        for entry in self._of_point.get(point, {}).values():
            if entry.command.origin is Origin.LOGIC:
                self._drop(entry, Outcome.SUPERSEDED)
                return

    def _drop(self, entry: _Entry, outcome: Outcome, reason: str = "") -> None:
        self._forget(entry)
        self._passed_over += 1
        self._end(entry.command, outcome, reason)

    def _forget(self, entry: _Entry) -> None:
        point = entry.command.target
        del self._waiting[entry.place]
        mine = self._of_point[point]
        del mine[entry.place]
        if not mine:
            del self._of_point[point]

    def _forget_ended(self) -> None:
        self._taken_out = {key: each for key, each in self._taken_out.items() if not each.outcome.final}

    def _written_to(self, command: Command) -> Written:
        return self._written.setdefault(command.target, Written())

    def _end(self, command: Command, outcome: Outcome, reason: str = "") -> None:
        command.end(outcome, self._now_ns(), reason)
