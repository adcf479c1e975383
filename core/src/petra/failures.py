"""Failures of activities: why they were, in one line, and what the log says of them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from petra.errors import PetraError

log = logging.getLogger("petra.supervise")

_AGAIN_AFTER = 60.0
"""Seconds after which a reason that comes back again and again is logged once more, with its count."""
_TRACED = 32
"""Defects that are known to have been logged with their traceback."""


class FailureLog:
    """What the log says of one activity: what is new at once, and what comes back now and then, counted."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self._name = name
        self._now = now
        self._reason = ""
        self._logged_at: float | None = None
        self._down = False
        """Whether the log says that it does not serve now."""
        self._count = 0
        """Failures of this reason since it was last logged."""
        self._traced: set[str] = set()
        """What was raised, and where: the text of a defect may hold a number that changes each time."""

    def failed(self, error: BaseException | None, delay: float, *, first_in_a_row: bool) -> None:
        """Log a failure, if it is new or was not logged for long; the next try is within so many seconds."""
        before, self._reason = self._reason, error_text(error)
        self._count = self._count + 1 if self._reason == before else 1
        if not (first_in_a_row or self._reason != before or self._is_due()):
            log.debug("%s: %s; next try within %.1f s", self._name, self._reason, delay)
            return
        count = f", {self._count} times since this was last logged" if self._count > 1 else ""
        message = "%s: %s%s; next try within %.1f s"
        log.warning(message, self._name, self._reason, count, delay, exc_info=self._trace(error))
        self._down, self._logged_at, self._count = True, self._now(), 0

    def serves(self, after: float) -> None:
        """Log that it serves again after so many seconds, if the log says that it does not."""
        level = logging.INFO if self._down else logging.DEBUG
        log.log(level, "%s: serves again, after %.1f s", self._name, after)
        self._down = False

    def _is_due(self) -> bool:
        long_ago = self._logged_at is None or self._now() - self._logged_at >= _AGAIN_AFTER
        return long_ago and not self._down

    def _trace(self, error: BaseException | None) -> BaseException | None:
        """Return an error whose traceback the log does not have yet, unless it needs none."""
        place = _place(error)
        if _is_expected(error) or place in self._traced:
            return None
        if len(self._traced) >= _TRACED:
            self._traced.clear()
        self._traced.add(place)
        return error


def cause_of(error: BaseException | None) -> BaseException | None:
    """Return what a group of one error holds, also one within another, and any other error as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _place(error: BaseException | None) -> str:
    """Return the type of an error and the line that has raised it; of several errors, each of them."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(_place, error.exceptions))
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{type(error).__name__} {where}"


def _is_expected(error: BaseException | None) -> bool:
    """Return whether an error is one of a device or a network, and no defect: it needs no traceback."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_expected, error.exceptions))
    return error is None or isinstance(error, PetraError | OSError)


def error_text(error: BaseException | None) -> str:
    """Return in one line why something ended; of several errors, each text once."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(error_text, error.exceptions)))
    if error is None:
        return "it ended by itself"
    if isinstance(error, TimeoutError) and not str(error):
        return "timed out"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, PetraError | OSError) else f"{type(error).__name__}: {text}"
