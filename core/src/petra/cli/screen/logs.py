"""The page of the log: what happened in the plant, with a filter by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from petra.cli.console.output import plural
from petra.cli.screen.keys import Key
from petra.cli.screen.page import event_lines
from petra.cli.screen.scene import Wanted
from petra.cli.screen.text import DIM, fit, styled

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene
    from petra.plant import Event

_LEVELS = {"all levels": 0, "warnings and errors": 1, "errors": 2}
_RANKS = {"debug": 0, "info": 0, "warning": 1, "error": 2, "critical": 2}


class LogPage:
    """The events, the newest below. Scrolled up it stands still; at its end it follows."""

    title = "log"

    def __init__(self) -> None:
        self._level = 0
        self._last: tuple[int, int] | None = None
        """Time and number of the event at the bottom; None: the newest."""
        self._events: Sequence[Event] = ()
        self._room = 1
        self._own = (
            Key("l", "level", "only warnings and errors, only errors, or all levels", self._filter),
            Key("up", "", "scroll; also page up, page down, home and end", lambda: self._move(-1)),
            Key("down", "", "", lambda: self._move(1)),
            Key("page up", "", "", lambda: self._move(-self._room)),
            Key("page down", "", "", lambda: self._move(self._room)),
            Key("home", "", "", lambda: self._move(-(2**40))),
            Key("end,escape", "", "", lambda: self._move(2**40)),
        )

    @property
    def keys(self) -> Sequence[Key]:
        """Its keys."""
        return self._own

    @property
    def wanted(self) -> Wanted:
        """Nothing but the events, which come by themselves."""
        return Wanted()

    def where(self, _: Scene) -> str:
        """Return which part of the log is seen."""
        level = list(_LEVELS)[self._level]
        place = self._place()
        seen = "the newest" if place == len(self._events) else f"up to {place}"
        return f"{seen} of {plural(len(self._events), 'event')}, {level}"

    def lines(self, scene: Scene, columns: int, room: int) -> list[str]:
        """Return as many events as there is room for."""
        least = list(_LEVELS.values())[self._level]
        self._events = [event for event in scene.events if _RANKS.get(event.level, 0) >= least]
        self._room = max(1, room)
        place = self._place()
        found: list[str] = []
        while place > 0 and len(found) < room:
            place -= 1
            event = self._events[place]
            found = [*self._left_out(place, columns), *event_lines(event, columns), *found]
        found = found[max(0, len(found) - room) :]
        return found or [fit("no events", columns)]

    def _left_out(self, place: int, columns: int) -> list[str]:
        """Return a line where events are missing: the plant had more than the view could take."""
        if self._level or not place:
            return []
        missed = self._events[place].number - self._events[place - 1].number - 1
        return [styled(fit(f"{plural(missed, 'event')} left out", columns), DIM)] if missed > 0 else []

    def _place(self) -> int:
        """Return how many events are at the bottom or above it."""
        if self._last is None:
            return len(self._events)
        return sum((event.time, event.number) <= self._last for event in self._events)

    def _move(self, by: int) -> None:
        place = max(1, self._place() + by)
        if place >= len(self._events):
            self._last = None
        else:
            bottom = self._events[place - 1]
            self._last = bottom.time, bottom.number

    def _filter(self) -> None:
        self._level = (self._level + 1) % len(_LEVELS)
        self._last = None
