"""Polling: the session that every request-response protocol shares.

A protocol says how to connect, how to read a request, and how to write a point. What is asked when, what
happens to a point that is refused, to a station that is silent, and to commands, is the same for all:

- A command goes out before any further reading, and what it wrote is read back at once.
- A request that is refused as a whole is split until the points at fault are alone; those are bad, and tried
  again every half minute.
- A station that does not answer is out of order alone, and so is a request that is ignored. When no station
  answers the session ends.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from petra.drivers.contract.driver import Driver
from petra.drivers.contract.errors import BusyError, NoAnswerError, PointError, SessionError
from petra.drivers.polling.agenda import REFUSED_AGAIN, Agenda, Slot
from petra.drivers.polling.connection import SessionLimits
from petra.drivers.polling.refusals import Refusals
from petra.drivers.polling.writing import Writing
from petra.signals.quality import ReasonCode

if TYPE_CHECKING:
    from petra.drivers.contract.context import SessionContext
    from petra.drivers.contract.feed import Feed
    from petra.drivers.contract.point import Point
    from petra.drivers.polling.connection import Answer, Connection
    from petra.drivers.polling.planner import Request
    from petra.signals import Value


STALE_PERIODS = 3
"""After so many periods without an answer, and a second, a value is stale."""


class PolledDriver(Driver):
    """A driver that asks again and again."""

    limits = SessionLimits()
    """What a plan counts on where there is no connection yet."""

    @abstractmethod
    async def connect(self) -> Connection:
        """Connect, within `timeout`, or raise SessionError."""

    @abstractmethod
    def plan(self, points: Sequence[Point], limits: SessionLimits | None = None) -> list[Request]:
        """Return the requests that read these points, within the limits of a connection."""

    async def session(self, context: SessionContext) -> None:
        """Connect and poll until something fails."""
        connection = await self.connect()
        try:
            polling = Polling(self, context, connection)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(connection.ended())
                    for _ in range(connection.limits.in_flight):
                        group.create_task(polling.work())
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
            finally:
                polling.give_up()
        finally:
            connection.close()


class Polling:
    """One session's work; as many workers share it as requests may be under way."""

    def __init__(self, driver: PolledDriver, context: SessionContext, connection: Connection) -> None:
        self._driver = driver
        self._context = context
        self._connection = connection
        self._statistics = context.statistics
        points = [point for point in driver.points if point.direction.reads]
        self._limits = connection.limits
        self._refusals = Refusals(self._plan, points)
        self._agenda = Agenda(
            self._refusals.plan(), context.now(), shared=self._limits.in_flight == 1, patience=driver.timeout
        )
        self._writing = Writing(driver, context, connection, self._agenda, self._read_alone, self._unanswered)
        self._feeds: dict[Request, Feed] = {}
        self._changed = self._writing.changed
        self._busy = 0
        self._serving = False
        if not points:
            self._serve()

    async def work(self) -> None:
        """Do what comes next, until something fails."""
        while True:
            action = self._choose()
            if action is None:
                await self._wait()
                continue
            self._busy += 1
            try:
                await action
            finally:
                self._busy -= 1
            if self._limits.pause:
                await asyncio.sleep(self._limits.pause)

    def give_up(self) -> None:
        """End what is under way: whether it was carried out is not known."""
        self._writing.give_up()

    def _choose(self) -> Coroutine[Any, Any, None] | None:
        """Return what comes next: commands first, then what they wrote, then readings."""
        now = self._context.now()
        if (write := self._writing.next(now)) is not None:
            return write
        if (slot := self._agenda.take(now)) is not None:
            return self._poll(slot, now)
        return None

    async def _wait(self) -> None:
        """Wait until something falls due or a command comes in."""
        now = self._context.now()
        self._changed.clear()
        when = min(self._agenda.when(), self._writing.when(now), now + self._driver.patience / 3)
        if not self._busy:  # nothing is under way that could hang: being connected is progress enough
            self._context.progress()
        timer = asyncio.get_running_loop().call_later(max(0.0, when - now), self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

    async def _poll(self, slot: Slot, began: float) -> None:
        request = slot.request
        try:
            answers = await self._ask(request, began)
        except NoAnswerError as error:
            self._silent(slot, str(error))
            return
        except BusyError:
            now = self._context.now()
            self._statistics.busy += 1
            self._answered(slot, now)
            self._agenda.done(slot, now)
            return
        except PointError as error:
            answers = [error] * len(request.parts)
        now = self._context.now()
        self._answered(slot, now)
        slot.backoff.reset()
        if slot.gone:  # the plan has changed meanwhile: others ask for this now
            return
        if any(isinstance(answer, PointError) for answer in answers):
            self._statistics.refused += 1
            self._refuse(slot, answers, now)
            return
        leave = self._writing.disturbed(request, began)
        self._feed(request).update(_joined(answers), self._context.now_ns(), now, leave)
        self._agenda.done(slot, now)
        self._statistics.missed = self._agenda.missed
        if self._refusals.accepted(request, now):  # others may be there again as well
            self._agenda.hasten(self._refusals.alone, now)
        self._join(now)

    async def _ask(self, request: Request, began: float) -> Sequence[Answer]:
        self._statistics.requests += 1
        answers = await self._connection.read(request)
        self._statistics.response_s.append(self._context.now() - began)
        return answers

    async def _read_alone(self, point: Point) -> Value | PointError:
        """Read one point, after it was written."""
        (request,) = self._plan([point])
        try:
            (answer,) = await self._ask(request, self._context.now())
        except (PointError, BusyError, NoAnswerError) as error:
            return PointError(str(error))
        self._context.progress()
        return answer if isinstance(answer, PointError) else answer[0]

    def _plan(self, points: Sequence[Point]) -> list[Request]:
        return self._driver.plan(points, self._limits)

    def _answered(self, slot: Slot, now: float) -> None:
        self._context.progress()
        self._serve()
        station = slot.request.station
        if self._agenda.answered(station, now):
            self._context.station_serves(station)

    def _serve(self) -> None:
        """Report once that this session serves: with the first answer, not with the connection."""
        if not self._serving:
            self._serving = True
            self._context.connected(self._connection.detail)

    def _silent(self, slot: Slot, reason: str) -> None:
        """Ask a station less often that has not answered twice; without any other the session ends."""
        self._statistics.unanswered += 1
        station, gone = slot.request.station, slot.gone
        alone = self._agenda.ignored(slot, self._context.now())
        if not gone and (alone or self._agenda.is_down(station)):
            self._feed(slot.request).fail(_of(station, reason), ReasonCode.NO_ANSWER)
        self._unanswered(station, reason)

    def _unanswered(self, station: str, reason: str) -> None:
        """Count a silence; a station that goes out of order by it takes all of its points along."""
        message = _of(station, reason)
        if self._agenda.unanswered(station, self._context.now()):
            for request in self._agenda.requests():
                if request.station == station:
                    self._feed(request).fail(message, ReasonCode.NO_ANSWER)
        if self._agenda.all_down:
            raise SessionError(reason)

    def _refuse(self, slot: Slot, answers: Sequence[Answer], now: float) -> None:
        """Ask for less at once from now on; a point that is refused alone is bad."""
        request = slot.request
        pieces = self._refusals.refused(request, answers)
        if pieces:
            self._agenda.remove(slot)
            if (feed := self._feeds.pop(request, None)) is not None:
                self._context.release(feed)
        else:
            self._feed(request).update([_error(answers[0])], self._context.now_ns(), now)
            self._agenda.done(slot, now, after=max(REFUSED_AGAIN, request.period))
        for piece in pieces:
            self._agenda.add(piece, now)
            self._feed(piece)
        self._join(now)

    def _join(self, now: float) -> None:
        """Plan again once it is known what is refused: all else can be read together."""
        if not self._refusals.settled(now):
            return
        for feed in self._feeds.values():
            self._context.release(feed)
        self._feeds.clear()
        self._agenda.replace(self._refusals.plan(), now)
        for request in self._refusals.alone:
            self._agenda.add(request, now + REFUSED_AGAIN)
        for request in self._agenda.requests():
            self._feed(request)

    def _feed(self, request: Request) -> Feed:
        feed = self._feeds.get(request)
        if feed is None:
            feed = self._feeds[request] = self._context.feed(
                request.points, max_age=STALE_PERIODS * request.period + 1.0
            )
        return feed


def _joined(answers: Sequence[Answer]) -> Sequence[Value | PointError]:
    """Return the values of all parts, of which none was refused."""
    if len(answers) == 1:
        return answers[0]  # type: ignore[return-value]  # the caller has looked
    return [value for answer in answers for value in answer]  # type: ignore[union-attr]  # as above


def _of(station: str, reason: str) -> str:
    return f"{station}: {reason}" if station else reason


def _error(answer: Answer) -> PointError:
    return answer if isinstance(answer, PointError) else PointError("refused")
