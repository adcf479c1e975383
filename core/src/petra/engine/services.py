"""The host of all services of a running plant: each runs in the I/O loop, or in a companion process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.drivers.commands.order import Origin
from petra.engine.companion import Companion
from petra.errors import PetraError
from petra.plant.actors import Actor
from petra.plant.status import ServiceStatus
from petra.services.context import LOGGER, ServiceContext
from petra.supervise import SERVICE_PREFIX, Activity, Backoff

if TYPE_CHECKING:
    from petra.engine.companion import CompanionDoor
    from petra.engine.service_plan import ServicePlan
    from petra.plant import Plant
    from petra.supervise import Supervisor

log = logging.getLogger(LOGGER)

DOOR = "service"
_BEGUN_WITHIN = 1.0
_CHANGED_WITHIN = 15.0
_TRIED_WITHIN = 30.0
_ENDED_WITHIN = 5.0


class ServiceHost:
    """Owns all services, in the loop of a supervisor. Its methods are called from other threads."""

    def __init__(
        self,
        supervisor: Supervisor,
        plant: Callable[[Actor], Plant],
        data_dir: str,
        *,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.door: CompanionDoor | None = None
        """Lets companions in; there is none in a plant that has no channel."""
        self._supervisor = supervisor
        self._plant = plant
        self._data_dir = data_dir
        self._backoff = backoff
        self._running: dict[str, HostedService] = {}
        self._started = False
        self._turn = asyncio.Lock()
        """Held in the loop while services are begun or ended: one change after the other."""

    def start(self, plans: Sequence[ServicePlan]) -> None:
        """Begin the services; nothing here waits for one of them, nor for a loop that a driver blocks."""
        self._started = True
        future = self._supervisor.post(self._change({plan.name: plan for plan in plans}))
        with suppress(TimeoutError):
            future.result(_BEGUN_WITHIN)

    def rehearse(self, plans: Sequence[ServicePlan]) -> None:
        """Build all that `change` will begin, as a trial; PetraError says what cannot be built."""
        for plan in plans if self._started else ():
            each = self._running.get(plan.name)
            if each is not None and each.plan == plan:
                continue
            if plan.process:
                trial = Companion(plan, None, self._data_dir).rehearse()
                self._wait(trial, _TRIED_WITHIN, f"the service {plan.name!r} cannot be built in time")
            else:
                plan.build()

    def change(self, plans: Sequence[ServicePlan]) -> None:
        """End what is not among these services, or not the same any more, and begin the others."""
        wanted = {plan.name: plan for plan in plans}
        # a reload that changes no service does not wait for the loop, which a driver may block
        if self._started and wanted != {name: each.plan for name, each in list(self._running.items())}:
            self._wait(
                self._change(wanted), _CHANGED_WITHIN, f"the services do not change in {_CHANGED_WITHIN:g} s"
            )

    def stop(self, within: float) -> None:
        """End all services, and begin no more."""
        if not self._started:
            return
        self._started = False

        async def stop() -> None:
            async with self._turn:
                await self._end(list(reversed(self._running)), within)

        try:
            self._wait(stop(), 2 * within, "the services do not end in time")
        except PetraError as error:  # the stop goes on without them
            log.critical("%s", error)

    def status(self) -> dict[str, ServiceStatus]:
        """Return how each service is."""
        return {name: each.status() for name, each in list(self._running.items())}

    async def _change(self, wanted: Mapping[str, ServicePlan]) -> None:
        async with self._turn:
            gone = [name for name, each in self._running.items() if wanted.get(name) != each.plan]
            await self._end(list(reversed(gone)), _ENDED_WITHIN)
            for name, plan in wanted.items() if self._started else ():
                if name not in self._running:
                    self._begin(plan)

    def _begin(self, plan: ServicePlan) -> None:
        each = HostedService(plan, self._plant(self._actor(plan)), self._data_dir, self.door)
        each.activity = self._supervisor.begin_here(
            SERVICE_PREFIX + plan.name, each.run, backoff=self._backoff()
        )
        self._running[plan.name] = each

    async def _end(self, names: Sequence[str], within: float) -> None:
        await self._supervisor.end([SERVICE_PREFIX + name for name in names], within)
        for name in names:
            del self._running[name]

    def _wait(self, coroutine: Coroutine[Any, Any, None], within: float, late: str) -> None:
        future = self._supervisor.post(coroutine)
        try:
            future.result(within)
        except TimeoutError:
            future.cancel()
            raise PetraError(late) from None

    @staticmethod
    def _actor(plan: ServicePlan) -> Actor:
        return Actor(plan.name, Origin.LOCAL, DOOR)


class HostedService:
    """A service that runs, in the loop: its plan, and the activity that begins it again."""

    def __init__(self, plan: ServicePlan, plant: Plant, data_dir: str, door: CompanionDoor | None) -> None:
        self.plan = plan
        self.activity: Activity | None = None
        self._plant = plant
        self._data_dir = data_dir
        self._companion = Companion(plan, door, data_dir) if plan.process else None
        self._detail = ""

    async def run(self, activity: Activity) -> None:
        """Run it once; the supervisor calls this again and again."""
        self._detail = ""
        if self._companion is not None:
            await self._companion.run(activity)
            return
        # an import may take seconds
        service = await asyncio.to_thread(self.plan.build)
        activity.patience = service.patience
        activity.progress()
        watcher = _InLoop(activity, self._say)
        await service.run(ServiceContext(self.plan.name, self._plant, self._data_dir, watcher))

    def status(self) -> ServiceStatus:
        """Return how it is."""
        assert self.activity is not None  # noqa: S101 - the host has begun it
        health = evolve(self.activity.health(), name=self.plan.name)
        status = ServiceStatus(self.plan.kind, self.plan.process, health, detail=self._detail)
        return status if self._companion is None else self._companion.shown(status)

    def _say(self, text: str) -> None:
        self._detail = text


class _InLoop:
    """Watches a service that runs in the loop of its activity."""

    def __init__(self, activity: Activity, say: Callable[[str], None]) -> None:
        self.serving = activity.serving
        self.progress = activity.progress
        self.detail = say
