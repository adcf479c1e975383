"""The last commands of drivers: how long they are waited for, and what is tried until then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from petra.drivers.commands.order import SURE

if TYPE_CHECKING:
    from petra.drivers.commands.command import Command
    from petra.drivers.commands.wakeup import Wakeup
    from petra.drivers.contract.point import Point
    from petra.engine.hosted import HostedDriver

MOST = 30.0
"""Seconds after which the last commands are given up, whatever succeeds."""
_TRY_EVERY = 0.1


@define
class _Progress:
    """How far one driver has come with its last commands."""

    until: float
    """When it is waited for no more, if nothing succeeds until then."""
    sessions: int
    renewed: bool = False
    """Whether it has begun another session: one that drops every session gets no further by that."""
    tried: set[int] = field(factory=set)


class Farewell:
    """Waits for last commands, for as long as drivers get on with them. It belongs to the drivers' loop."""

    def __init__(self, wakeup: Wakeup) -> None:
        self._wakeup = wakeup

    async def flushed(self, running: Sequence[HostedDriver]) -> None:
        """Wait until drivers have written all that they have to write."""
        await self._wait(running, lambda each: each.has_to_write, lambda: False)

    async def given_up(
        self, gone: Sequence[tuple[HostedDriver, Point]], over: Callable[[], bool]
    ) -> list[Command]:
        """Write the safe values of points for the last time; return the commands that did not succeed.

        Once `over` says so, nothing is waited for any more: what waits stays with its driver.
        """
        for each, point in gone:
            each.deliveries.give_up(point)
        drivers = list(dict.fromkeys(each for each, _ in gone))
        await self._wait(drivers, lambda each: each.deliveries.parting, over)
        return [command for each in drivers for command in each.deliveries.parted()]

    async def _wait(
        self,
        running: Iterable[HostedDriver],
        waits: Callable[[HostedDriver], bool],
        over: Callable[[], bool],
    ) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + MOST
        all_of_them = {
            each: _Progress(loop.time() + each.patience, each.sessions.statistics.sessions)
            for each in running
        }
        while not over() and loop.time() < end:
            seen = self._wakeup.count
            busy = []
            for each, progress in all_of_them.items():
                each.look()
                if waits(each) and self._goes_on(each, progress, loop.time()):
                    busy.append(each)
            if not busy:
                return
            for each in busy:
                if not each.sessions.serves and each.activity is not None:
                    each.activity.hurry(_TRY_EVERY)
            await self._wakeup.after(seen, loop.time() + _TRY_EVERY)

    def _goes_on(self, each: HostedDriver, progress: _Progress, now: float) -> bool:
        """Return whether a driver is still waited for: it is for as long as it gets on."""
        renewed = not progress.renewed and each.sessions.statistics.sessions != progress.sessions
        if self._moved(each, progress) or renewed:
            progress.until = now + each.patience
        progress.renewed |= renewed
        return now < progress.until

    def _moved(self, each: HostedDriver, progress: _Progress) -> bool:
        """Return whether last commands have ended: what succeeds is progress, and so is each first try."""
        moved = False
        for command in each.deliveries.ended_last_words():
            point = id(command.order.point)
            moved |= command.outcome in SURE or point not in progress.tried
            progress.tried.add(point)
        return moved
