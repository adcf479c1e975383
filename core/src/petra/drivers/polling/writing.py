"""Writing within a polling session: a command is sent once, then looked for until it is seen."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from attrs import define

from petra.drivers.commands.command import Command, Outcome
from petra.drivers.contract.errors import BusyError, NoAnswerError, PointError
from petra.signals import Value

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver, Link
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.agenda import Agenda
    from petra.drivers.polling.connection import Connection
    from petra.drivers.polling.planner import Request

log = logging.getLogger("petra.drivers")

CONFIRM_WITHIN = 2.0
_CONFIRM_EVERY = 0.05

ReadAlone = Callable[["Point"], Awaitable[Value | PointError]]


@define(eq=False)
class _Sent:
    """A command that was sent and not yet seen."""

    command: Command
    point: Point
    wanted: Value
    due: float
    until: float


class Writing:
    """The commands of one session."""

    def __init__(
        self,
        driver: Driver,
        link: Link,
        connection: Connection,
        agenda: Agenda,
        read_alone: ReadAlone,
        silent: Callable[[str, str], None],
    ) -> None:
        self._driver = driver
        self._link = link
        self._connection = connection
        self._agenda = agenda
        self._read_alone = read_alone
        self._silent = silent
        self._sent: list[_Sent] = []
        self._held: set[str] = set()
        """Signals that are being written or looked for: commands to one signal go one by one."""
        self._written: dict[str, float] = {}
        self._last_written = -math.inf

    def next(self, now: float) -> Coroutine[Any, Any, None] | None:
        """Return the next command to send, or the next one to look for."""
        if (command := self._link.queue.take(now, self._held, self._is_silent)) is not None:
            self._held.add(command.signal)
            return self._alone(command.signal, self._write(command))
        for each in self._sent:
            if each.due <= now and each.command.signal not in self._held:
                self._held.add(each.command.signal)
                return self._alone(each.command.signal, self._look(each))
        return None

    def when(self, now: float) -> float:
        """Return when there is something to do."""
        sent = (each.due for each in self._sent if each.command.signal not in self._held)
        return min(self._link.queue.next_at(now, self._held), *sent, math.inf)

    def disturbed(self, request: Request, began: float) -> frozenset[int]:
        """Return which points were written since: what was read of them may be older than that."""
        if self._last_written <= began:
            return frozenset()
        times = (self._written.get(point.signal, -math.inf) for point in request.points)
        return frozenset(place for place, written in enumerate(times) if written > began)

    def give_up(self) -> None:
        """End what waits to be read back: the device has taken it, and nobody will look."""
        for each in self._sent:
            said = "the session ended before it could be read back"
            self._end(each.command, Outcome.UNVERIFIED, said)
        self._sent.clear()

    def _is_silent(self, station: str) -> bool:
        return not self._agenda.may_write(station, self._link.now())

    async def _alone(self, signal: str, action: Coroutine[Any, Any, None]) -> None:
        try:
            await action
        finally:
            self._held.discard(signal)

    async def _write(self, command: Command) -> None:
        point = command.point
        assert point is not None  # noqa: S101 - the queue takes no other
        now_ns = self._link.now_ns
        if self._is_silent(point.station) and not command.last_word:
            self._link.queue.unsent(command)
            said = f"{point.station or self._driver.name} does not answer"
            passing = not self._agenda.asks(
                point.station
            )  # nobody but a write finds out that it answers again
            command.end(Outcome.REJECTED, now_ns(), said, passing=passing)
            return
        try:
            wanted = self._driver.as_written(point, command.value)
        except Exception as error:  # a defect of the driver ends this command, and not all that follow
            self._link.queue.unsent(command)
            refused = isinstance(error, PointError)
            if not refused:
                log.exception("%s cannot say what its device will hold of %s", self._driver.name, command)
            said = str(error) if refused else f"its driver has failed: {error!r}"
            command.end(Outcome.REJECTED, now_ns(), said)
            return
        self._link.under_way += 1
        command.sent(now_ns())
        if not await self._carried_out(command, point):
            return
        self._link.progress()
        now = self._note(point)
        self._overtake(point)
        if not point.verify:
            try:
                self._link.written(point, wanted, command.origin)
            finally:
                self._end(command, Outcome.UNVERIFIED)
            return
        sent = _Sent(command, point, wanted, now + point.settle, now + point.settle + CONFIRM_WITHIN)
        self._sent.append(sent)
        if not point.settle:
            await self._look(sent)

    def _overtake(self, point: Point) -> None:
        """End what waits to be read back of a point: it is written anew, and holds something else."""
        for each in [each for each in self._sent if each.point is point]:
            self._sent.remove(each)
            said = "it was written anew before it could be read back"
            self._end(each.command, Outcome.UNVERIFIED, said)

    async def _carried_out(self, command: Command, point: Point) -> bool:
        """Send a command and say whether the device has taken it."""
        self._link.statistics.writes += 1
        try:
            await self._connection.write(point, command.value)
        except BusyError as error:
            self._link.queue.unsent(command)  # the device has not taken it
            self._end(command, Outcome.REJECTED, str(error), passing=True)
        except PointError as error:
            self._end(command, Outcome.REJECTED, str(error))
        except NoAnswerError as error:
            self._link.statistics.unanswered += 1
            self._end(command, Outcome.TIMED_OUT, f"{error}; it may have been carried out", passing=True)
            self._silent(point.station, str(error))
        except BaseException:
            self._end(command, Outcome.TIMED_OUT, "the session ended; it may have been carried out")
            raise
        else:
            if self._agenda.answered(point.station, self._link.now()):
                self._link.resume(point.station)
            return True
        return False

    async def _look(self, sent: _Sent) -> None:
        """Read back what was written."""
        seen = await self._read_alone(sent.point)
        now = self._note(sent.point)
        if same(seen, sent.wanted):
            self._link.written(sent.point, sent.wanted, sent.command.origin)
            self._sent.remove(sent)
            self._end(sent.command, Outcome.CONFIRMED)
        elif now >= sent.until:
            self._sent.remove(sent)
            failed = isinstance(seen, PointError)
            reason = f"it cannot be read back: {seen}" if failed else f"the device holds {seen!r}"
            self._end(sent.command, Outcome.TIMED_OUT, reason)
        else:
            sent.due = now + _CONFIRM_EVERY

    def _note(self, point: Point) -> float:
        self._last_written = self._written[point.signal] = self._link.now()
        return self._last_written

    def _end(self, command: Command, outcome: Outcome, reason: str = "", *, passing: bool = False) -> None:
        self._link.under_way -= 1
        command.end(outcome, self._link.now_ns(), reason, passing=passing)


def same(seen: Value | PointError, wanted: Value) -> bool:
    """Say whether a device holds what was written, exactly but for the last bits of a scaled number."""
    if isinstance(seen, float) and isinstance(wanted, int | float):
        return math.isclose(seen, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return type(seen) is type(wanted) and seen == wanted
