"""One driver with what its host keeps of it, and how it is at a moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from petra.drivers.contract.statistics import DriverStatus

if TYPE_CHECKING:
    from petra.drivers.commands.deliveries import Deliveries
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.sessions import DriverSessions
    from petra.supervise import Activity

log = logging.getLogger("petra.drivers")

_LEAST = 2.0
_MARGIN = 1.0


class HostedDriver:
    """A driver that runs: its sessions, its deliveries, and the activity that begins them again."""

    def __init__(self, driver: Driver, sessions: DriverSessions, deliveries: Deliveries) -> None:
        self.driver = driver
        self.sessions = sessions
        self.deliveries = deliveries
        self.activity: Activity | None = None

    @property
    def has_to_write(self) -> bool:
        """Whether something is under way to its device that is to arrive there before the end."""
        return self.sessions.busy or self.deliveries.lacks_session or self.deliveries.tries_on

    @property
    def patience(self) -> float:
        """Seconds that it is waited for after the last thing that it achieved.

        A device that answers does so within its timeout; another request may be under way before the command.
        """
        answers = 2 if self.sessions.serves else 1
        return max(_LEAST, answers * self.driver.timeout + _MARGIN)

    def step(self) -> None:
        """Act on what has happened to its signals and commands; a defect stops no other driver."""
        self._guarded(self.deliveries.step)

    def tick(self) -> None:
        """Act on what has not happened for too long."""
        self._guarded(self.sessions.tick)
        self._guarded(self.deliveries.tick)

    def look(self) -> None:
        """Act on all that can be seen now."""
        self._guarded(self.deliveries.look)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            log.exception("%s: what follows from its signals and commands has failed", self.driver.name)

    def failed(self, reason: str) -> None:
        """Show that its session has failed; the supervisor calls it."""
        self.sessions.fail(reason)

    def close(self, reason: str) -> None:
        """End what belongs to it, after its session has ended."""
        self.deliveries.close()
        self.sessions.queue.close(reason)
        try:
            self.sessions.end()
            self.sessions.fail(reason)
        except Exception:  # the other drivers are to be closed as well
            log.exception("%s: its signals cannot be marked", self.driver.name)

    def status(self) -> DriverStatus:
        """Return how it is."""
        assert self.activity is not None  # noqa: S101 - the caller has looked
        s = self.sessions.statistics
        times = sorted(s.response_s.copy())
        p50, p99 = (times[int(len(times) * q)] * 1e3 if times else 0.0 for q in (0.5, 0.99))
        return DriverStatus(
            health=self.activity.health(),
            detail=self.sessions.detail,
            points=len(self.driver.points),
            sessions=s.sessions,
            requests=s.requests,
            refused=s.refused,
            unanswered=s.unanswered,
            missed=s.missed,
            writes=s.writes,
            waiting=len(self.sessions.queue),
            response_p50_ms=p50,
            response_p99_ms=p99,
            received=s.received,
        )
