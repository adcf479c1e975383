"""Supervision: every long-lived activity is started again when it ends, and watched so that none hangs.

One supervisor, one thread with one asyncio loop. An activity is a coroutine function that serves until it
fails. Whatever it raises is seen, logged and counted; it begins again after a pause that grows with every
failure in a row (full jitter, so that many activities do not come back in step). One that shows no progress
for longer than it promised is cancelled and begins again in the same way.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define, field, frozen

from petra.contained import ENDING, contained, contained_task, owner
from petra.errors import PetraError
from petra.failures import FailureLog, cause_of, error_text

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = [
    "Activities",
    "Activity",
    "ActivityState",
    "Backoff",
    "Health",
    "HungError",
    "Supervisor",
]

log = logging.getLogger("petra.supervise")

T = TypeVar("T")

CANCEL_WITHIN = 2.0
_LOOK_EVERY = 0.5
_LOOP_PAUSE = 0.01
_PREFIX = "petra.activity."
SERVICE_PREFIX = "petra.service."
"""Before the names of plugins' activities and of services: no driver has such a name."""
_NOUNS = {_PREFIX: "activity", SERVICE_PREFIX: "service"}


class ActivityState(Enum):
    """Where an activity is in its life."""

    TRYING = "trying"
    """It has begun and has not yet said that it serves: the circuit is half open."""
    SERVING = "serving"
    """It serves: the circuit is closed."""
    WAITING = "waiting"
    """It failed and waits for its next try: the circuit is open."""
    STOPPED = "stopped"


class HungError(PetraError):
    """An activity has shown no progress for too long."""


@define
class Backoff:
    """How long to wait before the next try: anything up to a bound that doubles, with a limit."""

    first: float = 0.5
    longest: float = 30.0
    least: float = 0.05
    failures: int = 0
    random: Callable[[], float] = field(default=random.random, repr=False)

    def next(self) -> float:
        """Count a failure and return the seconds to wait."""
        self.failures += 1
        return max(self.least, self.bound * self.random())

    @property
    def bound(self) -> float:
        """The longest that the last failure may be waited for."""
        return min(self.longest, self.first * 2.0 ** min(self.failures - 1, 32)) if self.failures else 0.0

    def reset(self) -> None:
        """Forget the failures."""
        self.failures = 0


@frozen
class Health:
    """An activity at one moment."""

    name: str
    state: ActivityState
    since_s: float
    starts: int
    failures: int
    hangs: int
    retry_s: float
    error: str
    failing_s: float = 0.0
    """For how long it has not served; 0 while it serves."""


class Activity:
    """One supervised activity. It belongs to its supervisor's loop; `health` may be called from anywhere."""

    def __init__(
        self,
        name: str,
        run: Callable[[Activity], Awaitable[None]],
        *,
        patience: float,
        stable_after: float,
        backoff: Backoff,
        failed: Callable[[str], None] | None,
    ) -> None:
        self.name = name
        self.run = run
        self.patience = patience
        self.stable_after = stable_after
        self.backoff = backoff
        self.failed = failed
        self.state = ActivityState.TRYING
        self.starts = self.failures = self.hangs = 0
        self.error = ""
        self.retry = 0.0
        self._loop = asyncio.get_running_loop()
        self._since = self._alive = self._loop.time()
        self._serving_since: float | None = None
        self._failing_since: float | None = None
        self._failure_log = FailureLog(name, self._loop.time)
        self._hurried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None

    def serving(self) -> None:
        """Report that it works now; the session calls it."""
        self.progress()
        if self.state is not ActivityState.SERVING:
            self._serving_since = self._alive
            if self._failing_since is not None:
                self._failure_log.serves(self._alive - self._failing_since)
                self._failing_since = None
            self._enter(ActivityState.SERVING)

    def progress(self) -> None:
        """Report progress; without this for `patience` seconds it counts as hung."""
        self._alive = self._loop.time()

    def hurry(self, after: float = 0.0) -> None:
        """Try again now, if it waits for its next try and has waited for so many seconds."""
        if self.state is ActivityState.WAITING and self._loop.time() - self._since >= after:
            self._hurried.set()

    def break_off(self, error: BaseException) -> None:
        """End this run of it with an error that one of its other tasks has raised."""
        if self._task is not None and not self._task.done() and self._broken is None:
            self._broken = error
            self._task.cancel()

    def health(self) -> Health:
        """Return how it is."""
        now = self._loop.time()
        retry = max(0.0, self.retry - now) if self.state is ActivityState.WAITING else 0.0
        return Health(
            self.name,
            self.state,
            now - self._since,
            self.starts,
            self.failures,
            self.hangs,
            retry,
            self.error,
            0.0 if self._failing_since is None else now - self._failing_since,
        )

    async def keep(self) -> None:
        """Run it, again and again; only being cancelled ends this."""
        try:
            while True:
                self._begin()
                reason = await self._once()
                self._fail(reason)
                self._hurried.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self.retry):
                        await self._hurried.wait()
        finally:
            self._enter(ActivityState.STOPPED)

    def _begin(self) -> None:
        self.starts += 1
        self._serving_since = self._broken = None
        self.progress()
        self._enter(ActivityState.TRYING)

    async def _once(self) -> BaseException | None:
        task = self._task = self._loop.create_task(_called(self.run, self), name=self.name)
        try:
            while not task.done():
                left = self._alive + self.patience - self._loop.time()
                if left <= 0:
                    return await self._give_up(task)
                await asyncio.wait({task}, timeout=min(left, _LOOK_EVERY))
        except asyncio.CancelledError:
            await self._cancel(task)
            raise
        finally:
            self._task = None
        ended = asyncio.CancelledError("it cancelled itself") if task.cancelled() else task.exception()
        return cause_of(ended) if self._broken is None else self._broken

    async def _give_up(self, task: asyncio.Task[None]) -> BaseException:
        self.hangs += 1
        await self._cancel(task)
        return HungError(f"no progress for {self.patience:g} s")

    async def _cancel(self, task: asyncio.Task[None]) -> None:
        if not await _cancelled(task):
            log.critical("%s: does not end when it is cancelled; it is left behind", self.name)

    def _fail(self, error: BaseException | None) -> None:
        self.failures += 1
        if self._failing_since is None:
            self._failing_since = self._loop.time()
        served = self._serving_since
        if served is not None and self._loop.time() - served >= self.stable_after:
            self.backoff.reset()
        first_in_a_row = self.backoff.failures == 0
        delay = self.backoff.next()
        self.retry = self._loop.time() + delay
        self.error = error_text(error)
        self._enter(ActivityState.WAITING)
        self._failure_log.failed(error, delay, first_in_a_row=first_in_a_row)
        if self.failed is not None:
            try:
                self.failed(self.error)
            except Exception:  # what reacts to a failure must not become the next one
                log.exception("%s: what follows a failure has failed", self.name)

    def _enter(self, state: ActivityState) -> None:
        self.state = state
        self._since = self._loop.time()


async def _called(run: Callable[[Activity], Awaitable[None]], activity: Activity) -> None:
    owner.set(weakref.WeakMethod(activity.break_off))
    try:
        await run(activity)
    except ENDING as error:  # also in a loop that contains nothing
        raise contained(error) from error


async def _cancelled(task: asyncio.Task[Any]) -> bool:
    """Cancel a task and return whether it ended in time."""
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=CANCEL_WITHIN)
    if done and not task.cancelled():
        task.exception()  # it is seen: asyncio need not complain of it
    return bool(done)


class Supervisor:
    """Owns the loop and every activity in it. `add`, `remove` and `stop` are for other threads."""

    def __init__(self, name: str = "petra-io") -> None:
        self._tasks: dict[str, tuple[Activity, asyncio.Task[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that everything here runs in; it is there from `start` on."""
        if self._loop is None:
            raise PetraError("the supervisor was not started")
        return self._loop

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_task_factory(contained_task)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], within: float = 10.0) -> T:
        """Run a coroutine in the loop and return what it returns; one that takes longer is cancelled."""
        future = self.post(coroutine)
        try:
            return future.result(within)
        except TimeoutError:
            future.cancel()
            raise

    def post(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Have a coroutine run in the loop, and return the future of what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def add(self, name: str, run: Callable[[Activity], Awaitable[None]], **options: Any) -> Activity:
        """Run an activity from now on; `begin_here` says what its options are."""
        return self.call(self.begin(name, run, **options))

    async def begin(self, name: str, run: Callable[[Activity], Awaitable[None]], **options: Any) -> Activity:
        """Run an activity from now on; `begin_here` says what its options are."""
        return self.begin_here(name, run, **options)

    def begin_here(
        self,
        name: str,
        run: Callable[[Activity], Awaitable[None]],
        *,
        patience: float = 30.0,
        stable_after: float = 10.0,
        backoff: Backoff | None = None,
        failed: Callable[[str], None] | None = None,
    ) -> Activity:
        """Run an activity from now on; called in the loop, as is `failed` with the reason of each failure."""
        if name in self._tasks:
            raise PetraError(f"there is an activity {name!r} already")
        activity = Activity(
            name,
            run,
            patience=patience,
            stable_after=stable_after,
            backoff=backoff or Backoff(),
            failed=failed,
        )
        self._tasks[name] = activity, self.loop.create_task(activity.keep(), name=f"keep {name}")
        return activity

    def remove(self, names: list[str], within: float = 5.0) -> list[str]:
        """End activities; return the names of those that did not end in time."""
        return self.call(self.end(names, within), within + 5.0) if self._thread.is_alive() else []

    def health(self) -> list[Health]:
        """Return how every activity is."""
        return [activity.health() for activity, _ in list(self._tasks.values())]

    def stop(self, within: float = 5.0) -> list[str]:
        """End all activities, the last one added first, then the loop; return who did not end in time."""
        if not self._thread.is_alive():
            return []
        left = self.remove(list(reversed(self._tasks)), within)
        self.leave()
        self._thread.join(within)
        return left

    def leave(self) -> None:
        """End the loop as soon as it moves, and wait for nothing."""
        self._ending = True
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def end(self, names: list[str], within: float) -> list[str]:
        """End activities; return the names of those that did not end in time."""
        tasks = {name: self._tasks.pop(name)[1] for name in names if name in self._tasks}
        for task in tasks.values():
            task.cancel()
        if tasks:
            await asyncio.wait(tasks.values(), timeout=within)
        late = [name for name, task in tasks.items() if not task.done()]
        for name in late:
            log.critical("%s: does not end within %g s; it is left behind", name, within)
        return late

    @property
    def runs(self) -> bool:
        """Whether its thread lives and is not about to end."""
        return self._thread.is_alive() and not self._ending

    def at_work(self) -> str:
        """Return what runs in the loop at this moment, for people; empty when nothing or a callback does."""
        task = asyncio.current_task(self.loop)
        if task is None:
            return ""
        name = task.get_name()
        for prefix, noun in _NOUNS.items():
            if name.startswith(prefix):
                return f"the {noun} {name.removeprefix(prefix)!r}"
        if name in self._tasks:
            return f"the driver {name!r}"
        return f"the task {getattr(task.get_coro(), '__qualname__', name)!r}"

    def in_loop(self) -> bool:
        """Return whether the caller is in its thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        try:
            self._keep_running(loop)
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            if pending:
                loop.run_until_complete(asyncio.wait(pending, timeout=CANCEL_WITHIN))
            loop.run_until_complete(loop.shutdown_asyncgens())
            with suppress(TimeoutError):  # a name that is being looked up may take longer than this
                loop.run_until_complete(asyncio.wait_for(loop.shutdown_default_executor(), CANCEL_WITHIN))
            loop.close()

    def _keep_running(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the loop until `stop`: whatever else ends it, what waits in it is not lost and goes on."""
        while not self._ending:
            try:
                loop.run_forever()
            except BaseException:  # a callback, which is not a task, may raise anything
                log.critical("the loop of the drivers was ended from within; it goes on", exc_info=True)
                time.sleep(_LOOP_PAUSE)
            else:
                if not self._ending:
                    log.critical("the loop of the drivers was stopped from within; it goes on")


class Activities:
    """The activities of plugins: each runs until the plant has stopped, and is begun again when it ends.

        @hookimpl
        def petra_engine_started(engine):
            engine.activities.add("publisher", publish)

        async def publish(activity):
            client = await connect()
            activity.serving()
            while True:
                await client.send(...)
                activity.progress()

    They share the loop of the drivers: an activity awaits and never blocks.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._names: list[str] = []
        self._ended = False
        self._lock = threading.Lock()

    def add(
        self,
        name: str,
        run: Callable[[Activity], Awaitable[None]],
        *,
        patience: float = 30.0,
        backoff: Backoff | None = None,
    ) -> None:
        """Run an activity from now on, in any thread; PetraError when there is one of that name already.

        It calls `activity.serving()` when it works, and `activity.progress()` once in `patience` seconds.
        """
        with self._lock:
            if self._ended or not self._supervisor.runs:
                raise PetraError(f"the activity {name!r} cannot begin: the engine does not run")
            if name in self._names:
                raise PetraError(f"there is an activity {name!r} already")
            self._names.append(name)
        options: dict[str, Any] = {"patience": patience, "backoff": backoff}
        begin = self._supervisor.begin_here if self._supervisor.in_loop() else self._supervisor.add
        begin(_PREFIX + name, run, **options)

    async def end(self, name: str, within: float = 5.0) -> bool:
        """End an activity, in the loop; return whether it has ended in time."""
        with self._lock:
            self._names = [each for each in self._names if each != name]
        return not await self._supervisor.end([_PREFIX + name], within)

    def health(self) -> dict[str, Health]:
        """Return how each of them is."""
        known = {_PREFIX + name: name for name in self._names}
        found = {each.name: each for each in self._supervisor.health()}
        return {name: found[key] for key, name in known.items() if key in found}

    def stop(self, within: float) -> list[str]:
        """End all of them, the last one added first, and take no more; return those that are late."""
        with self._lock:
            self._ended = True
            names = list(reversed(self._names))
        late = self._supervisor.remove([_PREFIX + name for name in names], within)
        return [name.removeprefix(_PREFIX) for name in late]
