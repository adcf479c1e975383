"""What the scan hands to its readers, without running anything of theirs.

Of each scan, one entry goes into a ring of what changed, and one frame to each observation. A reader is woken
by a flag of its event loop: one wake-up is under way at a time, however many scans pass until it is taken.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import compress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    import asyncio

    from petra.signals.image import Image
    from petra.signals.inbox import Force, Write
    from petra.signals.layout import Layout
    from petra.signals.quality import QualityReason
    from petra.signals.store import Store
    from petra.signals.types import Value

log = logging.getLogger("petra.signals")

RING = 64
"""Publications that a reader may be behind; a slower one compares two images instead."""


class Frame(NamedTuple):
    """What changed in one scan, as columns; all of them follow `indices`, which are sorted."""

    scan: int
    time: int
    layout: Layout
    indices: Sequence[int]
    values: Sequence[Value]
    times: Sequence[int]
    flawed: Mapping[int, QualityReason]
    """The status of every one of these signals that is not good, by index."""
    task: str
    """Which task scanned; an empty text when something else was published: a reload, safe values."""
    dt: float
    taken: Sequence[Write | Force]
    """What the scan took from the inbox."""
    missed: int = 0
    """Changes that were left out just before this frame, because the reader was too slow."""

    def only(self, wanted: frozenset[int]) -> Frame:
        """Return the columns of these signals."""
        mask = list(map(wanted.__contains__, self.indices))
        if all(mask):
            return self
        return self._replace(
            indices=list(compress(self.indices, mask)),
            values=list(compress(self.values, mask)),
            times=list(compress(self.times, mask)),
            flawed={i: status for i, status in self.flawed.items() if i in wanted},
        )


class Scanned(NamedTuple):
    """Which scan published."""

    scan: int
    time: int
    layout: Layout
    task: str = ""
    dt: float = 0.0
    taken: Sequence[Write | Force] = ()


class Wakeable(Protocol):
    """What is woken in its own event loop."""

    def woken(self) -> None:
        """Take note that there may be something to take."""


class Sink(Protocol):
    """What takes a frame of each scan, in the thread that scans."""

    idle: bool

    def append(self, frame: Frame) -> None:
        """Take a frame, or count it as lost."""


class Outgoing:
    """The scan's outgoing side. `tell` belongs to the thread that publishes; the rest to any."""

    def __init__(self, store: Store) -> None:
        self.has_readers = False
        self.idle_sinks: tuple[Sink, ...] = ()
        """Those of the sinks that want a frame of each scan, also when nothing changed."""
        self._ring: list[tuple[int, Layout, set[int]]] = [(0, store.layout, set())] * RING
        self._sinks: tuple[Sink, ...] = ()
        self._wakers: tuple[LoopWaker, ...] = ()
        self._readers: WeakSet[object] = WeakSet()
        self._telling = Lock()  # a watchdog publishes as well
        self._lock = Lock()  # held while a reader comes or goes; by the scan only to drop a loop

    # for readers

    def add_reader(self, reader: object) -> None:
        """From now on, note what changes: somebody reads it."""
        with self._lock:
            self._readers.add(reader)
            self._decide()

    def add_sink(self, sink: Sink) -> None:
        """From now on, append a frame of each scan."""
        with self._lock:
            self._sinks = (*self._sinks, sink)
            self._decide()

    def remove(self, reader: object) -> None:
        """End what was added; ending it twice does no harm."""
        with self._lock:
            self._readers.discard(reader)
            self._sinks = tuple(sink for sink in self._sinks if sink is not reader)
            for waker in self._wakers:
                waker.remove(reader)
            self._wakers = tuple(waker for waker in self._wakers if waker.readers)
            self._decide()

    def wake_in(self, loop: asyncio.AbstractEventLoop, reader: Wakeable) -> None:
        """Wake a reader in this loop after a publication in which something changed."""
        with self._lock:
            waker = next((each for each in self._wakers if each.loop is loop), None)
            if waker is None:
                waker = LoopWaker(loop)
                self._wakers = (*self._wakers, waker)
            waker.readers = (*waker.readers, reader)

    def between(self, before: Image, now: Image) -> set[int] | None:
        """Return what changed from one image to a later one; None when that is not known, or not yet."""
        if not 0 < now.number - before.number <= RING:
            return None
        layout = now.layout
        found: set[int] = set()
        for number in range(before.number + 1, now.number + 1):
            entry = self._ring[number % RING]
            if entry[0] != number or entry[1] is not layout:  # overwritten meanwhile, or a reload
                return None
            found |= entry[2]
        return found

    def _decide(self) -> None:
        self.idle_sinks = tuple(sink for sink in self._sinks if sink.idle)
        self.has_readers = bool(self._readers or self._sinks)

    # for the thread that publishes

    def tell(
        self,
        number: int,
        scanned: Scanned,
        changed: set[int],
        values: Sequence[Value],
        times: tuple[Sequence[int], Sequence[int]],
        flawed: Mapping[int, QualityReason],
    ) -> None:
        """Note what changed, hand a frame to each observation, and wake who waits.

        `values` are those of all signals, `times` those of inputs and of outputs.
        """
        if self._sinks:
            columns = _columns(sorted(changed), scanned.layout.split, values, times)
            self._append(_frame(scanned, columns, flawed), self._sinks)
        with self._telling:
            self._ring[number % RING] = (number, scanned.layout, changed)
            for waker in self._wakers:
                if not waker.pending and not waker.wake():
                    self._drop(waker)

    def tell_all(self, image: Image) -> None:
        """Tell that every signal may have changed, in no scan: by a reload, or because scans have stopped."""
        if self.has_readers:
            layout = image.layout
            times = [time for part in image.times[:-1] for time in part], image.times[-1]
            everything = set(range(len(layout)))
            scanned = Scanned(image.scan, image.time, layout)
            self.tell(image.number, scanned, everything, image.values(), times, image.flawed)

    def note_idle(self, scanned: Scanned) -> None:
        """Hand over a frame without changes."""
        if scanned.task:
            self._append(_frame(scanned, ((), (), ()), {}), self.idle_sinks)

    def _append(self, frame: Frame, sinks: Sequence[Sink]) -> None:
        with self._telling:
            for sink in sinks:
                sink.append(frame)

    def _drop(self, waker: LoopWaker) -> None:
        """Forget a loop that takes nothing."""
        with self._lock:  # a reader of another loop may be coming
            self._wakers = tuple(each for each in self._wakers if each is not waker)


class LoopWaker:
    """Wakes the readers of one event loop: one call into the loop, until it was taken."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.pending = False
        self.readers: tuple[Wakeable, ...] = ()

    def remove(self, reader: object) -> None:
        """Stop waking a reader."""
        self.readers = tuple(each for each in self.readers if each is not reader)

    def wake(self) -> bool:
        """Ask the loop to wake its readers; the scan calls it. Return False when the loop takes nothing."""
        self.pending = True
        try:
            self.loop.call_soon_threadsafe(self._run)
        except RuntimeError:  # it is closed, and so are its readers
            return False
        except Exception:  # a loop of another library: it must not end the scan
            log.exception("an event loop cannot be woken: its readers of changes are removed")
            return False
        return True

    def _run(self) -> None:
        # before readers look: what is published from here on asks for another wake-up
        self.pending = False
        for reader in self.readers:
            try:
                reader.woken()
            except (Exception, SystemExit):  # neither ends the loop, nor the readers beside it
                log.exception("a reader of changes has failed and was removed")
                self.remove(reader)


Columns = tuple[Sequence[int], Sequence["Value"], Sequence[int]]


def _columns(
    indices: list[int], split: int, values: Sequence[Value], times: tuple[Sequence[int], Sequence[int]]
) -> Columns:
    """Return these signals as columns; picked out by C functions, since the scan waits for it."""
    border = bisect_left(indices, split)
    input_times, output_times = times
    picked = list(map(input_times.__getitem__, indices[:border]))
    picked += [output_times[i - split] for i in indices[border:]]
    return indices, list(map(values.__getitem__, indices)), picked


def _frame(scanned: Scanned, columns: Columns, flawed: Mapping[int, QualityReason]) -> Frame:
    scan, time, layout, task, dt, taken = scanned
    indices, values, times = columns
    flaws = {i: flawed[i] for i in indices if i in flawed} if flawed else {}
    return Frame(scan, time, layout, indices, values, times, flaws, task, dt, taken)
