"""Reads a plant for a view: what is on the screen, four times a second at most, in threads of its own.

A plant that hangs, stops or is started again does not hold up the view: it shows what was known, and since
when nothing more is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from petra.cli.console.output import shown
from petra.cli.screen.latest import LatestValues
from petra.cli.screen.page import clock
from petra.cli.screen.scene import Request, Scene, SignalList, Told, Wanted
from petra.errors import PetraError
from petra.failures import error_text
from petra.plant import PlantAct
from petra.signals import UnknownSignalError

if TYPE_CHECKING:
    from petra.plant import ActResult, BlockingPlant, Event, ForceInfo, PlantStatus, SignalValue

EVERY = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_KEPT = 1_000
_NOTICE = 10.0


class Feed:
    """Keeps a scene of a plant up to date. Its threads write, and whoever draws calls `scene`.

    `opens` returns the plant, now and after its connection was lost; `wanted` is what the view needs;
    `changed` is called when there is something new, in any thread.
    """

    def __init__(
        self, opens: Callable[[], BlockingPlant], wanted: Callable[[], Wanted], changed: Callable[[], None]
    ) -> None:
        self._opens = opens
        self._wanted = wanted
        self._changed = changed
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._plant: BlockingPlant | None = None
        self._status: PlantStatus | None = None
        self._signals = SignalList()
        self._values: Mapping[str, SignalValue] = {}
        self._latest: LatestValues | None = None
        self._forces: Mapping[str, ForceInfo] = {}
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._hears: BlockingPlant | None = None
        self._problem = ""
        self._answered = 0.0
        self._notice = ("", 0.0)
        self._told: Told | None = None
        self._pause = _FIRST_PAUSE
        self._thread = threading.Thread(target=self._run, name="petra-view-feed", daemon=True)

    def open(self) -> None:
        """Connect for the first time; what is wrong is raised."""
        self._plant = self._opens()

    def start(self) -> None:
        """Read from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Read nothing more, and leave the plant."""
        self._over.set()
        plant, self._plant = self._plant, None
        if plant is not None:
            plant.close()

    def scene(self) -> Scene:
        """Return what is known."""
        now = time.time()
        with self._lock:
            events = tuple(self._events)
        notice, until = self._notice
        return Scene(
            now=now,
            status=self._status,
            signals=self._signals,
            values=self._values,
            latest=self._latest.values if self._latest else None,
            forces=self._forces,
            events=events,
            problem=self._problem,
            answered=self._answered,
            notice=notice if now < until else "",
            told=self._told,
        )

    def do(self, request: Request) -> None:
        """Do what the reader has confirmed; the scene tells what became of it."""
        self._told = Told(f"{_said(request)}: waiting for the outcome", None)
        threading.Thread(target=self._do, args=(request,), name="petra-view-act", daemon=True).start()

    def poll(self) -> None:
        """Read once what the view wants."""
        if self._plant is None:
            self._plant = self._opens()
        plant, wanted = self._plant, self._wanted()
        status = plant.status()
        if not self._signals.infos or _run_of(status) != _run_of(self._status):
            self._take_signals(plant, status)
        self._status = status
        self._follow_all(plant, wanted)
        self._values = self._read(plant, wanted)
        if wanted.forces and status.forced:
            self._forces = {force.signal: force for force in plant.forces()}
        self._answered, self._problem, self._pause = time.time(), "", _FIRST_PAUSE
        self._hear(plant)

    def _run(self) -> None:
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                self.poll()
                pause = EVERY
            except Exception as error:  # noqa: BLE001 - shown, and tried again
                pause = self._lose(error)
            self._changed()
            self._over.wait(max(0.0, begun + pause - time.monotonic()))

    def _lose(self, error: Exception) -> float:
        """Leave a plant that does not answer, and return for how long."""
        if self._over.is_set():
            return 0.0
        self._problem = error_text(error)
        self._leave_all()
        plant, self._plant = self._plant, None
        if plant is not None:
            with suppress(Exception):
                plant.close()
        self._pause, pause = min(_LONGEST_PAUSE, self._pause * 2), self._pause
        return pause

    def _take_signals(self, plant: BlockingPlant, status: PlantStatus) -> None:
        """Fetch the list of signals: of another run, or after a reload, it is another one."""
        before = self._status
        self._signals = SignalList(plant.signals())
        self._leave_all()
        if before is not None:
            what = "reloaded" if before.pid == status.pid else "started again"
            self._notice = f"{what} {clock(time.time())}", time.time() + _NOTICE

    def _read(self, plant: BlockingPlant, wanted: Wanted) -> Mapping[str, SignalValue]:
        known = self._signals.by_name
        names = [name for name in wanted.names if name in known]
        if not names:
            return {}
        try:
            return dict(plant.read(names))
        except UnknownSignalError:  # it was reloaded this moment
            self._signals = SignalList()
            return {}

    def _follow_all(self, plant: BlockingPlant, wanted: Wanted) -> None:
        if not wanted.everything:
            self._leave_all()
        elif self._latest is None or self._latest.ended:
            self._latest = LatestValues(plant)

    def _leave_all(self) -> None:
        if self._latest is not None:
            self._latest.leave()
            self._latest = None

    def _hear(self, plant: BlockingPlant) -> None:
        """Follow the events of a plant, in a thread of their own."""
        if self._hears is not plant:
            self._hears = plant
            threading.Thread(target=self._listen, args=(plant,), name="petra-view-log", daemon=True).start()

    def _listen(self, plant: BlockingPlant) -> None:
        with self._lock:
            known = {(event.time, event.number) for event in self._events}
        with suppress(Exception):  # the poll finds out why, and says so
            for event in plant.events(last=_KEPT):
                if self._hears is not plant or self._over.is_set():
                    return
                if (event.time, event.number) not in known:
                    with self._lock:
                        self._events.append(event)
        if self._hears is plant:
            self._hears = None  # they have ended, or failed alone: heard again with the next poll

    def _do(self, request: Request) -> None:
        plant = self._plant
        if plant is None:
            self._told = Told(f"{_said(request)}: not connected", good=False)
        else:
            try:
                self._told = _told(request, _done(plant, request))
            except Exception as error:  # noqa: BLE001 - shown
                text = f"{_said(request)}: it is not known what became of it: {error_text(error)}"
                self._told = Told(text, good=False)
        self._changed()


def _done(plant: BlockingPlant, request: Request) -> ActResult:
    if request.act is PlantAct.UNFORCE:
        return plant.unforce(request.signal)
    if request.value is None:
        raise PetraError("there is no value")
    if request.act is PlantAct.FORCE:
        return plant.force(request.signal, request.value)
    return plant.command(request.signal, request.value)


def _said(request: Request) -> str:
    value = "" if request.value is None else f" = {shown(request.value)}"
    return f"{request.act.value} {request.signal}{value}"


def _told(request: Request, result: ActResult) -> Told:
    outcome = "refused" if result.refused else result.outcome.value
    because = f": {result.reason}" if result.reason else ""
    return Told(f"{_said(request)} {outcome}{because}", result.ok)


def _run_of(status: PlantStatus | None) -> tuple[int, int] | None:
    """Return what is another after a reload and after a start."""
    return (status.pid, status.reloads) if status else None
