"""The last commands of drivers: how long they are waited for, and what is tried until then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from petra.drivers.commands.command import Command, Origin
from petra.drivers.commands.output import SURE

if TYPE_CHECKING:
    from petra.drivers.commands.ledger import Ledger
    from petra.drivers.commands.outputs import Outputs
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point
    from petra.drivers.contract.sessions import DriverSessions
    from petra.supervise import Activity

MOST = 30.0
"""Seconds after which the last commands are given up, whatever succeeds."""
_LEAST = 2.0
_MARGIN = 1.0
_TRY_EVERY = 0.1
_LOOK = 0.01


class Running:
    """A driver with what belongs to it."""

    def __init__(self, driver: Driver, sessions: DriverSessions, outputs: Outputs) -> None:
        self.driver = driver
        self.sessions = sessions
        self.outputs = outputs
        self.activity: Activity | None = None

    @property
    def has_to_write(self) -> bool:
        """Whether something is under way to its device that is to arrive there before the end."""
        return self.sessions.busy or self.outputs.lacks_session or self.outputs.tries_on

    @property
    def patience(self) -> float:
        """Seconds that it is waited for after the last thing that it achieved.

        A device that answers does so within its timeout; another request may be under way before the command.
        """
        answers = 2 if self.sessions.serves else 1
        return max(_LEAST, answers * self.driver.timeout + _MARGIN)


class Farewell:
    """Waits for last commands, for as long as drivers get on with them. It belongs to the drivers' loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tried: set[int] = set()
        self._moved: set[int] = set()
        ledger.last_word_ended = self._heard

    async def flushed(self, running: Sequence[Running]) -> None:
        """Wait until drivers have written all that they have to write."""

        def waits(each: Running) -> bool:
            each.outputs.tick()
            return each.has_to_write

        await self._wait(running, waits, lambda: False)

    async def given_up(
        self, gone: Sequence[tuple[Running, Point]], over: Callable[[], bool]
    ) -> list[Command]:
        """Write the safe values of points for the last time; return the commands that did not succeed.

        Once `over` says so, nothing is waited for any more: what waits stays with its driver.
        """
        made = [(each, each.outputs.give_up(point)) for each, point in gone]
        commands = [(each, command) for each, command in made if command is not None]

        def waits(running: Running) -> bool:
            for place, (each, command) in enumerate(commands):
                if each is running and command.passing:
                    commands[place] = each, self._once_more(each, command)
            return any(each is running and not command.outcome.final for each, command in commands)

        await self._wait(list(dict.fromkeys(each for each, _ in commands)), waits, over)
        return [command for _, command in commands if command.outcome not in SURE]

    def _once_more(self, each: Running, command: Command) -> Command:
        """Try again what failed for a reason that passes."""
        again = self._ledger.open(command.signal, command.value, command.actor, Origin.LOGIC, safe=True)
        again.point, again.urgent, again.last_word = command.point, True, True
        each.sessions.queue.put(again, each.sessions.now())
        return again

    async def _wait(
        self, running: Iterable[Running], waits: Callable[[Running], bool], over: Callable[[], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        self._tried.clear()
        await asyncio.sleep(2 * _LOOK)  # what the last image changed has been heard of by then
        end = loop.time() + MOST
        until = {each: loop.time() + each.patience for each in running}
        sessions = {each: each.sessions.statistics.sessions for each in running}
        while not over() and loop.time() < end:
            moved, self._moved = self._moved, set()
            busy = [each for each in until if waits(each)]
            for each in busy:
                renewed = each in sessions and each.sessions.statistics.sessions != sessions[each]
                if renewed or any(id(point) in moved for point in each.driver.points):
                    until[each] = loop.time() + each.patience
                if renewed:  # one that drops every session gets no further by beginning another
                    del sessions[each]
            busy = [each for each in busy if loop.time() < until[each]]
            if not busy:
                return
            for each in busy:
                if not each.sessions.serves and each.activity is not None:
                    each.activity.hurry(_TRY_EVERY)
            await asyncio.sleep(_LOOK)

    def _heard(self, command: Command) -> None:
        """Hear that a last command has ended: what succeeds is progress, and so is each first try."""
        point = id(command.point)
        if command.outcome in SURE or point not in self._tried:
            self._moved.add(point)
        self._tried.add(point)
