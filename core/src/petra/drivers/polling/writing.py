"""Writing within a polling session: a command is sent once, then looked for until it is seen."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from attrs import define

from petra.drivers.contract.errors import BusyError, NoAnswerError, PointError
from petra.signals import Value

if TYPE_CHECKING:
    import asyncio

    from petra.drivers.commands.requests import WriteRequest
    from petra.drivers.contract.context import SessionContext
    from petra.drivers.contract.driver import Driver
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

    request: WriteRequest
    wanted: Value
    due: float
    until: float


class Writing:
    """The commands of one session."""

    def __init__(
        self,
        driver: Driver,
        context: SessionContext,
        connection: Connection,
        agenda: Agenda,
        read_alone: ReadAlone,
        unanswered: Callable[[str, str], None],
    ) -> None:
        self._driver = driver
        self._context = context
        self._requests = context.commands()
        self._connection = connection
        self._agenda = agenda
        self._read_alone = read_alone
        self._unanswered = unanswered
        self._sent: list[_Sent] = []
        self._held: set[str] = set()
        """Signals that are being written or looked for: commands to one signal go one by one."""
        self._written: dict[str, float] = {}
        self._last_written = -math.inf

    @property
    def changed(self) -> asyncio.Event:
        """Set when a command has come in, or one has ended; cleared by the session that waits for it."""
        return self._requests.changed

    def next(self, now: float) -> Coroutine[Any, Any, None] | None:
        """Return the next command to send, or the next one to look for."""
        if (request := self._requests.take(now, self._held, self._is_silent)) is not None:
            self._held.add(request.point.signal)
            return self._alone(request.point.signal, self._write(request))
        for each in self._sent:
            signal = each.request.point.signal
            if each.due <= now and signal not in self._held:
                self._held.add(signal)
                return self._alone(signal, self._look(each))
        return None

    def when(self, now: float) -> float:
        """Return when there is something to do."""
        sent = (each.due for each in self._sent if each.request.point.signal not in self._held)
        return min(self._requests.next_at(now, self._held), *sent, math.inf)

    def disturbed(self, request: Request, began: float) -> frozenset[int]:
        """Return which points were written since: what was read of them may be older than that."""
        if self._last_written <= began:
            return frozenset()
        times = (self._written.get(point.signal, -math.inf) for point in request.points)
        return frozenset(place for place, written in enumerate(times) if written > began)

    def give_up(self) -> None:
        """End what waits to be read back: the device has taken it, and no session will look."""
        for each in self._sent:
            each.request.overtaken("the session ended before it could be read back")
        self._sent.clear()

    def _is_silent(self, station: str) -> bool:
        return not self._agenda.may_write(station, self._context.now())

    async def _alone(self, signal: str, action: Coroutine[Any, Any, None]) -> None:
        try:
            await action
        finally:
            self._held.discard(signal)
            self._requests.released(signal)

    async def _write(self, request: WriteRequest) -> None:
        point = request.point
        if self._is_silent(point.station) and not request.last_word:
            message = f"{point.station or self._driver.name} does not answer"
            # where nothing is read, only another write finds out that the station answers again
            request.not_sent(message, temporary=not self._agenda.asks(point.station))
            return
        try:
            wanted = self._driver.as_written(point, request.value)
        except PointError as error:
            request.not_sent(str(error))
            return
        except Exception as error:  # a defect of the driver ends this command, and not all that follow
            log.exception("%s cannot say what its device will hold of %s", self._driver.name, request.command)
            request.not_sent(f"its driver has failed: {error!r}")
            return
        request.sent()
        if not await self._carried_out(request):
            return
        self._context.progress()
        now = self._note(point)
        self._overtake(point)
        if not point.verify:
            request.unverified(value=wanted)
            return
        sent = _Sent(request, wanted, now + point.settle, now + point.settle + CONFIRM_WITHIN)
        self._sent.append(sent)
        if not point.settle:
            await self._look(sent)

    def _overtake(self, point: Point) -> None:
        """End what waits to be read back of a point: it was written once more, and holds something else."""
        for each in [each for each in self._sent if each.request.point is point]:
            self._sent.remove(each)
            each.request.overtaken("another value was written before it could be read back")

    async def _carried_out(self, request: WriteRequest) -> bool:
        """Send a command, and return whether the device has taken it."""
        station = request.point.station
        try:
            await self._connection.write(request.point, request.value)
        except BusyError as error:
            request.rejected(str(error), temporary=True)
        except PointError as error:
            request.rejected(str(error))
        except NoAnswerError as error:
            self._context.statistics.unanswered += 1
            request.timed_out(f"{error}; it may have been carried out", temporary=True)
            self._unanswered(station, str(error))
        except BaseException:
            request.timed_out("the session ended; it may have been carried out")
            raise
        else:
            if self._agenda.answered(station, self._context.now()):
                self._context.station_serves(station)
            return True
        return False

    async def _look(self, sent: _Sent) -> None:
        """Read back what was written."""
        point = sent.request.point
        seen = await self._read_alone(point)
        now = self._note(point)
        if same(seen, sent.wanted):
            self._sent.remove(sent)
            sent.request.confirmed(sent.wanted)
        elif now >= sent.until:
            self._sent.remove(sent)
            failed = isinstance(seen, PointError)
            sent.request.timed_out(
                f"it cannot be read back: {seen}" if failed else f"the device holds {seen!r}"
            )
        else:
            sent.due = now + _CONFIRM_EVERY

    def _note(self, point: Point) -> float:
        self._last_written = self._written[point.signal] = self._context.now()
        return self._last_written


def same(seen: Value | PointError, wanted: Value) -> bool:
    """Return whether a device holds what was written, exactly but for the last bits of a scaled number."""
    if isinstance(seen, float) and isinstance(wanted, int | float):
        return math.isclose(seen, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return type(seen) is type(wanted) and seen == wanted
