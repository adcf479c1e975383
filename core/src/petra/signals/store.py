"""The store: the scan's side of all signals.

`values`, `latch`, `publish` and `assume` belong to the one thread that scans. Readers and writers in other
threads work on a `Bus`. The two sides share a few things, each changed by one atomic operation: the inbox
(append), the image and the layout (assignment), and what `Outgoing` appends for readers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import ne
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from petra.signals.image import Image, flaws_changed
from petra.signals.inbox import INBOX_LIMIT, Force, Inbox, Write, entry_size, moved_write
from petra.signals.layout import PART_SHIFT, PART_SIZE, Layout, Signal, WrongTypeError
from petra.signals.outgoing import Outgoing, Scanned
from petra.signals.quality import GOOD, Quality, QualityReason
from petra.signals.rearrange import Arrangement, rearranged
from petra.signals.table import Table

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.signals.types import Value

FORCES_KEPT = 1_000


class Saved(NamedTuple):
    """What a scan begins with, besides what blocks remember."""

    values: list[Value]
    flawed: dict[int, QualityReason]
    forced: Mapping[int, Value]
    withheld: dict[int, tuple[Value, QualityReason]]


class Store:
    """All signals. Inputs, which are written from outside, come first; outputs of blocks follow."""

    def __init__(
        self, signals: Iterable[Signal] | Layout, clock: Clock, *, inbox_limit: int = INBOX_LIMIT
    ) -> None:
        layout = signals if isinstance(signals, Layout) else Layout(signals)
        self.clock = clock

        # the scan's alone
        self.values: list[Value] = layout.initial()
        self.flawed: dict[int, QualityReason] = {}
        self.flaws = 0
        """Counts up whenever a signal's quality may have changed."""
        self._split = layout.split
        self._withheld: dict[int, tuple[Value, QualityReason]] = {}
        """What was written to a signal while it is forced."""
        self._times = [clock.now_ns()] * self._split
        self._changed: set[int] = set()
        self._spans: list[tuple[slice, Sequence[Value], Sequence[Value]]] = []
        """Spans that were written, with the values before and after; without them, all may have changed."""
        self._written: list[Sequence[int]] = []
        self._touched: set[int] = set()
        """The parts of the image that were written."""
        self._safe_shown = False

        # shared with the bus
        self.publishes = 0
        """Scans that have published, also those in which nothing had changed."""
        self.layout = layout
        self.inbox = Inbox(inbox_limit)
        self.enqueue = self.inbox.put
        now = clock.now_ns()
        self.image = Image(
            0, now, layout.parted(self.values), layout.parted([now] * len(layout)), {}, {}, layout
        )
        self.forced: Mapping[int, Value] = {}
        self.force_record: deque[Force] = deque(maxlen=FORCES_KEPT)
        self.outgoing = Outgoing(self)
        self.table = Table(self)
        self._image_lock = Lock()  # held for the two assignments of a reload, and for that of a watchdog
        self._ended = ""
        """Why nothing is published any more: a scan that was left behind replaces no safe value."""

    # what was written

    def latch(self) -> Sequence[Write | Force]:
        """Take, apply and return what waits in the inbox; later writes wait for the next scan."""
        taken = self.inbox.take()
        for entry in taken:
            self.apply(entry)
        return taken

    def apply(self, entry: Write | Force) -> None:
        """Apply one entry of the inbox."""
        if isinstance(entry, Force):
            self._apply_force(entry)
            return
        if entry.layout is not self.layout:  # it was written while a reload took place
            entry = moved_write(entry, self.layout)
        self._touched.update(entry.parts)
        self._written.append(entry.indices)
        if entry.statuses is not None or entry.times is not None:
            self._apply_each(entry)
        elif self.forced or self.flawed or entry.status is not GOOD:
            self._apply(entry)
        else:
            self._apply_good(entry)

    def _apply_good(self, write: Write) -> None:
        """Take good values while nothing is forced or flawed: what nearly every write is."""
        now = write.time if write.time is not None else self.clock.now_ns()
        values, times, span = self.values, self._times, write.span
        if span is not None:
            new = write.values
            # without a reader nothing is kept: a start may latch for long before it publishes
            self._spans.append((span, values[span], new) if self.outgoing.has_readers else (span, (), ()))
            values[span] = new
            times[span] = [now] * len(new)
            return
        for index, value in zip(write.indices, write.values, strict=True):
            if values[index] != value:
                self._changed.add(index)
            values[index] = value  # also a zero of the other sign, which equals the one that is there
            times[index] = now

    def _apply(self, write: Write) -> None:
        now = write.time if write.time is not None else self.clock.now_ns()
        status = write.status
        for index, value in zip(write.indices, write.values, strict=True):
            self._take(index, value, status, now)

    def _apply_each(self, write: Write) -> None:
        """Take values that have a status or a time of their own."""
        count = len(write.indices)
        now = write.time if write.time is not None else self.clock.now_ns()
        statuses = write.statuses if write.statuses is not None else [write.status] * count
        times = write.times if write.times is not None else [now] * count
        for index, value, status, time in zip(write.indices, write.values, statuses, times, strict=True):
            self._take(index, value, status, time)

    def _take(self, index: int, value: Value, status: QualityReason, time: int) -> None:
        if index in self.forced:
            self._withheld[index] = (value, status)
        else:
            self._set(index, value, status)
        self._times[index] = time

    def _set(self, index: int, value: Value, status: QualityReason) -> None:
        if self.values[index] != value:
            self._changed.add(index)
        self.values[index] = value
        if status.quality is not Quality.GOOD:
            if self.flawed.get(index) != status:
                self.flaws += 1
            self.flawed[index] = status
        elif self.flawed.pop(index, None) is not None:
            self.flaws += 1

    def _apply_force(self, force: Force) -> None:
        """Hold a signal or let it go; what was written to an input meanwhile was withheld and returns."""
        index = self.layout.index.get(force.signal)
        if index is None:  # a reload has taken the signal away
            return
        value = force.value
        if value is not None:
            try:
                value = self.layout.converted(index, value)
            except WrongTypeError:  # a reload has made it another signal
                return
        self.force_record.append(force)
        self._note_written((index,))
        self.flaws += 1
        forced = dict(self.forced)
        if value is not None:
            if index not in forced:
                self._withheld[index] = (self.values[index], self.flawed.get(index, GOOD))
            forced[index] = value
            self._set(index, value, GOOD)
        elif index in forced:
            del forced[index]
            withheld, status = self._withheld.pop(index)
            # What a block wrote before the force is out of date: its output moves when it runs again.
            self._set(index, self.values[index] if self.layout.is_computed(index) else withheld, status)
        self._changed.add(index)
        self.forced = forced

    def _note_written(self, indices: Sequence[int]) -> None:
        self._written.append(indices)
        split = self._split
        self._touched.update(index >> PART_SHIFT for index in indices if index < split)

    def _note_all(self) -> None:
        """Take everything as written and changed, as after a restore."""
        self._note_written(range(self._split))
        self._changed.update(range(len(self.layout)))

    # what is published

    def publish(
        self, scan: int, now: int, task: str = "", dt: float = 0.0, taken: Sequence[Write | Force] = ()
    ) -> None:
        """Publish what is there as the next image, and tell readers what changed since the last one.

        `task`, `dt` and what was `taken` from the inbox are for readers that observe every scan.
        """
        self.publishes += 1
        if self._safe_shown:
            self._safe_shown = False
            self._note_all()
        before, split = self.image, self._split
        outputs, output_times = self.values[split:], before.times[-1]
        moved: Sequence[int] = ()
        if outputs != before.parts[-1] and (moved := _moved_outputs(before.parts[-1], outputs)):
            output_times = list(output_times)
            for i in moved:
                output_times[i] = now
            moved = [i + split for i in moved]
        flaws: Sequence[int] = ()
        flawed = before.flawed
        if self.flawed != flawed:
            flaws = list(flaws_changed(flawed, self.flawed))
            flawed = self.flawed.copy()
        if self._ended or not (self._written or moved or flaws or self._changed):
            if self.outgoing.idle_sinks:
                self.outgoing.note_idle(Scanned(scan, now, self.layout, task, dt, taken))
            return
        parts, times = self._new_parts(before, outputs, output_times)
        image = Image(scan, now, parts, times, flawed, self.forced, self.layout, number=before.number + 1)
        self.image = image
        if self._ended:  # since the last look
            self.image = image.safe(self._ended)  # type: ignore[unreachable]  # another thread ends it
        written, self._written = [*self._written, moved, flaws], []
        self.table.age(written)
        spans, self._spans = self._spans, []
        changed, self._changed = self._changed, set()
        if self.outgoing.has_readers:
            for span, old, new in spans:
                written_span = range(span.start, span.stop)
                changed.update(compress(written_span, map(ne, new, old)) if new else written_span)
            changed.update(moved, flaws)
            scanned = Scanned(scan, now, self.layout, task, dt, taken)
            self.outgoing.tell(
                image.number, scanned, changed, self.values, (self._times, output_times), image.flawed
            )

    def _new_parts(
        self, before: Image, outputs: Sequence[Value], output_times: Sequence[int]
    ) -> tuple[tuple[Sequence[Value], ...], tuple[Sequence[int], ...]]:
        """Return the parts of the next image: those that were written are copied, the others are shared."""
        if not self._touched:
            return (*before.parts[:-1], outputs), (*before.times[:-1], output_times)
        parts, times = list(before.parts), list(before.times)
        parts[-1], times[-1] = outputs, output_times
        for number in self._touched:
            begin = number << PART_SHIFT
            end = min(begin + PART_SIZE, self._split)
            parts[number], times[number] = self.values[begin:end], self._times[begin:end]
        self._touched = set()
        return tuple(parts), tuple(times)

    # the life of a plant

    def save(self) -> Saved:
        """Return the scan's side as it is now."""
        return Saved(self.values.copy(), self.flawed.copy(), dict(self.forced), self._withheld.copy())

    def restore(self, saved: Saved) -> None:
        """Take over what was saved of a store of the same layout."""
        self.values[:] = saved.values
        self.flawed.clear()
        self.flawed.update(saved.flawed)
        self.forced, self._withheld = saved.forced, dict(saved.withheld)
        self.flaws += 1
        self._note_all()

    def doubt(self, indices: Iterable[int], status: QualityReason) -> None:
        """Give signals a status that is not good, as if they had been written with it."""
        self.flawed.update(dict.fromkeys(indices, status))
        self.flaws += 1

    def arrangement(self) -> Arrangement:
        """Return what this store holds now, to go back to it."""
        saved = Saved(self.values, self.flawed, self.forced, self._withheld)
        return Arrangement(self.layout, saved, self.image)

    def arrange(
        self, layout: Layout, fresh: QualityReason = GOOD, moves: Iterable[tuple[int, int]] = ()
    ) -> Arrangement:
        """Return what this store would hold with another layout. It changes nothing that a reader sees.

        What waits in the inbox is applied and published before. `moves` are outputs that go on under another
        signal: where they were, and where they will be.
        """
        waiting = self.inbox.waiting  # what others write meanwhile is moved when it is applied
        while waiting > 0 and (taken := self.latch()):
            waiting -= sum(map(entry_size, taken))
        self.publish(self.image.scan, self.clock.now_ns())
        return rearranged(self.image, self.save(), layout, fresh, self.clock.now_ns(), moves)

    def assume(self, arrangement: Arrangement) -> None:
        """Take over another layout with what was arranged for it: assignments, and nothing that can fail."""
        layout, saved, image = arrangement
        if self._ended:  # a reload that was under way when everything ended
            image = image.safe(self._ended)
        self.values, self.flawed, self.forced, self._withheld = saved
        self._split = layout.split
        self._times = [time for part in image.times[:-1] for time in part]
        self._changed, self._spans, self._written, self._touched = set(), [], [], set()
        self.flaws += 1
        with self._image_lock:
            self.layout = layout
            self.image = image

    def announce(self) -> None:
        """Tell readers that every signal may have changed: groups and readers look theirs up again."""
        self.table.age([range(len(self.layout))])
        self.outgoing.tell_all(self.image)

    def rearrange(self, layout: Layout, fresh: QualityReason = GOOD) -> None:
        """Change to another layout; signals of the same name and type keep value, quality, time and force."""
        self.assume(self.arrange(layout, fresh))
        self.announce()

    def end(self, reason: str) -> None:
        """Show safe values for good: what a scan that was left behind still publishes is not shown."""
        self._ended = reason
        self.show_safe(reason)

    def show_safe(self, reason: str) -> None:
        """Show that the scan has stopped: signals at their safe values, outputs of blocks bad.

        It publishes an image and touches nothing else, so that a watchdog may call it from its own thread;
        the next scan that is published replaces it.
        """
        image = self.image.safe(reason)
        with self._image_lock:  # a reload may have come in between
            self.image = image = image if image.layout is self.layout else self.image.safe(reason)
        self._safe_shown = True
        self.announce()


def _moved_outputs(before: Sequence[Value], now: Sequence[Value]) -> list[int]:
    """Return which outputs differ; what is still not a number has not changed, though NaN equals nothing."""
    differ = compress(range(len(now)), map(ne, now, before))
    return [i for i in differ if now[i] == now[i] or before[i] == before[i]]
