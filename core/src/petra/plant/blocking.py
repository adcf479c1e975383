"""A plant for scripts, notebooks and threads: the same acts, each of which waits for its answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from petra.durations import seconds_of
from petra.errors import PetraError
from petra.plant.tables import table_of, trend_of
from petra.signals.observation import OBSERVED
from petra.why.values import DEPTH

if TYPE_CHECKING:
    from petra.plant.actors import Actor
    from petra.plant.interface import Names, Plant
    from petra.plant.recent import Recent
    from petra.plant.status import PlantStatus
    from petra.plant.values import ActResult, Event, ForceInfo, SignalInfo, Snapshot
    from petra.signals import Value
    from petra.signals.changes import Deadband
    from petra.signals.outgoing import Frame
    from petra.why.values import Why

T = TypeVar("T")

ANSWER_WITHIN = 30.0
_END_WITHIN = 2.0


class NoPlantAnswerError(PetraError):
    """The plant does not answer."""


class BlockingPlant:
    """A plant whose methods wait. Any thread may use it; `close` ends it, as does `with`.

        with petra.connect("plant.yaml") as plant:
            plant.read("pump1.run")["pump1.run"].value

    Its own thread runs the loop in which the asynchronous plant lives.
    """

    def __init__(
        self, plant: Plant, loop: ClientLoop, closed: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        self._plant = plant
        self._loop = loop
        self._on_close = closed

    @property
    def actor(self) -> Actor:
        """Who acts by this handle."""
        return self._plant.actor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and all streams with it."""
        if self._on_close is not None:
            with suppress(PetraError):
                self._loop.call(self._on_close(), _END_WITHIN)
        self._loop.stop()

    def signals(self, names: Names = "*") -> Sequence[SignalInfo]:
        """Return what signals there are; a name that is no pattern must exist."""
        return self._loop.call(self._plant.signals(names))

    def read(self, names: Names = "*") -> Snapshot:
        """Return values, qualities and times of one moment."""
        return self._loop.call(self._plant.read(names))

    def watch(
        self, names: Names = "*", *, deadband: Deadband = 0.0, every: float = 0.0
    ) -> Iterator[Snapshot]:
        """Yield the newest state of signals: all of them first, then what has changed."""
        return self._stream(lambda: self._plant.watch(names, deadband=deadband, every=every))

    def follow(self, names: Names = "*", *, limit: int = OBSERVED) -> Iterator[Frame]:
        """Yield every change of every scan."""
        return self._stream(lambda: self._plant.follow(names, limit=limit))

    def command(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Write a signal, and wait for the outcome."""
        return self._loop.call(self._plant.command(signal, value, note=note))

    def force(self, signal: str, value: Value, *, note: str = "") -> ActResult:
        """Hold a signal at a value, whatever writes it."""
        return self._loop.call(self._plant.force(signal, value, note=note))

    def unforce(self, signal: str, *, note: str = "") -> ActResult:
        """Release a signal that is held."""
        return self._loop.call(self._plant.unforce(signal, note=note))

    def recent(self, names: Names = "*", *, seconds: float = 600.0) -> Recent:
        """Return how signals went in the last while, as far as that is kept in memory."""
        return self._loop.call(self._plant.recent(names, seconds=seconds))

    def frame(self, names: Names = "*", *, last: str = "") -> Any:
        """Return a DataFrame of pandas or polars: the signals now, or how they went in the `last` "10m".

        The trend has a column for each signal and a row for each second in which one changed; where a signal
        was bad, its value is missing.
        """
        if not last:
            return table_of(self.read(names))
        return trend_of(self.recent(names, seconds=seconds_of(last)))

    def why(self, signal: str, *, depth: int = DEPTH) -> Why:
        """Return what decides a signal now, as a sentence and a tree of causes."""
        return self._loop.call(self._plant.why(signal, depth=depth))

    def forces(self) -> Sequence[ForceInfo]:
        """Return the signals that are held."""
        return self._loop.call(self._plant.forces())

    def tune(self, block: str, parameter: str, value: Value, *, note: str = "") -> ActResult:
        """Change a parameter of a block, until the next reload."""
        return self._loop.call(self._plant.tune(block, parameter, value, note=note))

    def reload(self, *, note: str = "") -> ActResult:
        """Read the document again and change to it."""
        return self._loop.call(self._plant.reload(note=note))

    def stop(self, *, note: str = "") -> ActResult:
        """Stop the plant."""
        return self._loop.call(self._plant.stop(note=note))

    def status(self) -> PlantStatus:
        """Return how tasks, drivers and services are."""
        return self._loop.call(self._plant.status())

    def events(self, *, last: int = 0) -> Iterator[Event]:
        """Yield log lines and acts; `last` events of before come first."""
        return self._stream(lambda: self._plant.events(last=last))

    def _stream(self, begin: Callable[[], Any]) -> Iterator[Any]:
        async def begun() -> Any:
            return begin()

        stream = self._loop.call(begun())
        try:
            while True:
                try:
                    yield self._loop.call(_following(stream), None)
                except StopAsyncIteration:
                    return
        finally:
            with suppress(PetraError):  # the connection may be gone already
                self._loop.call(stream.aclose(), _END_WITHIN)


async def _following(stream: AsyncIterator[T]) -> T:
    return await anext(stream)


class ClientLoop:
    """A loop in a thread of its own."""

    def __init__(self, name: str = "petra-client") -> None:
        self._loop = asyncio.new_event_loop()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], within: float | None = ANSWER_WITHIN) -> T:
        """Run a coroutine and return what it returns; StopAsyncIteration comes through as it is."""
        if self._ending or not self._thread.is_alive():
            coroutine.close()
            raise NoPlantAnswerError("the connection is closed")
        future = asyncio.run_coroutine_threadsafe(_ended(coroutine), self._loop)
        try:
            ended = future.result(within)
        except TimeoutError:
            future.cancel()
            raise NoPlantAnswerError(f"the plant does not answer within {within:g} s") from None
        except BaseException:
            future.cancel()  # Ctrl-C: what waits for the plant ends as well
            raise
        if isinstance(ended, _Over):
            raise StopAsyncIteration
        return ended

    def stop(self) -> None:
        """End what runs, and the thread."""
        self._ending = True
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_END_WITHIN)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(asyncio.sleep(0))  # what was handed in last becomes a task
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            if pending:
                self._loop.run_until_complete(asyncio.wait(pending, timeout=_END_WITHIN))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class _Over:
    """Stands for StopAsyncIteration, which a future does not carry."""


async def _ended(coroutine: Coroutine[Any, Any, T]) -> T | _Over:
    try:
        return await coroutine
    except StopAsyncIteration:
        return _Over()
