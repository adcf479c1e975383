"""The bus: every signal, one writer each, any number of readers.

Two sides meet here. The *scan side* (`values`, `latch`, `publish`, `rearrange`) belongs to the one thread
that scans. Everybody else is on the *open side*: `read`, `write`, `group`, `subscribe` and `force` may be
called from any thread. The two share a few things only, each changed by one atomic operation: the inbox
(append), the image and the layout (assignment) and the subscriptions' queues (append).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from operator import ne
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from petra.errors import PetraError
from petra.signals.group import Group
from petra.signals.image import Image
from petra.signals.inbox import Force, Write
from petra.signals.layout import Layout, Signal, WrongTypeError
from petra.signals.quality import GOOD, Quality, Status
from petra.signals.subscription import Subscription
from petra.signals.table import Table

if TYPE_CHECKING:
    from petra.clock import Clock
    from petra.signals.types import Value

log = logging.getLogger("petra.signals")

INBOX_LIMIT = 200_000
"""Values that may wait for the scan."""
TAKEN_AT_ONCE = 50_000
"""How much of the inbox one scan takes: an entry counts for itself as much as for eight values."""
FORCES_KEPT = 1_000
GROUPS_KEPT = 64


class Saved(NamedTuple):
    """What a scan begins with, besides what blocks remember."""

    values: list[Value]
    flawed: dict[int, Status]
    forced: Mapping[int, Value]
    beneath: dict[int, tuple[Value, Status]]


class InboxFullError(PetraError):
    """The scan does not take what is written; the write was refused and counted."""


class Bus:
    """All signals. Inputs, which are written from outside, come first; outputs of blocks follow."""

    def __init__(
        self, signals: Iterable[Signal] | Layout, clock: Clock, *, inbox_limit: int = INBOX_LIMIT
    ) -> None:
        layout = signals if isinstance(signals, Layout) else Layout(signals)
        self._clock = clock

        # the scan side
        self.values: list[Value] = layout.initial()
        self.flawed: dict[int, Status] = {}
        self.publishes = 0
        """Scans that have published, also those in which nothing had changed."""
        self.flaws = 0
        """Counts up whenever a signal's quality may have changed."""
        self._split = layout.split
        self._beneath: dict[int, tuple[Value, Status]] = {}
        self._changed: set[int] = set()
        self._written: list[Sequence[int]] = []
        self._safe_shown = False

        # shared with the open side
        self.layout = layout
        now = clock.now_ns()
        self._input_times = [now] * self._split
        self.image = Image(
            scan=0,
            time=now,
            inputs=self.values[: self._split],
            outputs=self.values[self._split :],
            input_times=self._input_times.copy(),
            output_times=[now] * (len(layout) - self._split),
            flawed={},
            forced={},
            layout=layout,
        )
        self._inbox: deque[Write | Force] = deque()
        self._inbox_limit = inbox_limit
        self._inbox_lock = Lock()  # held for an append, or while a scan takes what waits
        self._waiting = 0
        self._image_lock = Lock()  # held for the two assignments of a reload, and for that of a watchdog
        self.refused = 0
        self.gate: Callable[[Force], None] | None = None
        """Takes every force in place of the inbox, and raises for who may not."""
        self.forced: Mapping[int, Value] = {}
        self.force_record: deque[Force] = deque(maxlen=FORCES_KEPT)
        self._ended = ""
        """Why nothing is published any more: a scan that was left behind replaces no safe value."""
        self._subscriptions: list[Subscription] = []
        self._groups: dict[tuple[str, ...], Group] = {}
        self._table = Table(self)
        self.read = self._table.read  # the method itself: a call in between would cost as much as the look-up
        self._lock = Lock()  # held while a subscription comes or goes, never in a scan

    # the open side

    def status(self, name: str) -> Status:
        """Return a signal's quality with its reason."""
        image = self.image
        return image.status(image.layout.place(name))

    def write(self, name: str, value: Value, status: Status = GOOD, time: int | None = None) -> None:
        """Write one signal; it is visible after the next scan."""
        layout = self.layout
        index = layout.place(name)
        layout.check_writable(index)
        value = layout.converted(index, value)
        layout.check_limits(index, value)
        self.enqueue(Write((index,), (value,), status, time, None, layout))

    def serve(self, name: str, value: Value, status: Status = GOOD, time: int | None = None) -> None:
        """Write one signal as its device holds it: for the driver that serves it."""
        layout = self.layout
        index = layout.place(name)
        layout.check_served(index)
        self.enqueue(Write((index,), (layout.converted(index, value),), status, time, None, layout))

    def write_many(self, values: Mapping[str, Value], status: Status = GOOD, time: int | None = None) -> None:
        """Write several signals: all become visible in the same scan, or the whole call is refused."""
        names = tuple(values)
        group = self._groups.get(names)
        if group is None:  # whoever writes many signals writes the same ones again
            group = self.group(names)
            if len(self._groups) >= GROUPS_KEPT:
                self._groups.clear()
            self._groups[names] = group
        group.write(list(values.values()), status, time)

    def group(self, names: Iterable[str]) -> Group:
        """Resolve names and types once, for reading and writing the same signals again and again."""
        return Group(self, names)

    def served(self, names: Iterable[str]) -> Group:
        """Return a group for the driver that serves these signals: it may write what goes to a device."""
        return Group(self, names, Layout.check_served)

    def subscribe(
        self, names: Iterable[str] | None = None, *, deadband: float | Mapping[str, float] = 0.0
    ) -> Subscription:
        """Return a subscription to what changes among these signals, or among all."""
        with self._lock:
            subscription = Subscription(self, None if names is None else tuple(names), deadband)
            self._subscriptions = [*self._subscriptions, subscription]
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; ending it twice does no harm."""
        with self._lock:
            self._subscriptions = [other for other in self._subscriptions if other is not subscription]

    def force(self, name: str, value: Value, actor: str) -> None:
        """Hold a signal at a value, whatever writes it, until `unforce`; recorded with who asked."""
        layout = self.layout
        index = layout.place(name)
        value = layout.converted(index, value)
        layout.check_limits(index, value)
        self._force(Force(self._clock.now_ns(), actor, name, value))

    def unforce(self, name: str, actor: str) -> None:
        """Let a signal go: it takes the value written last, or the next one that its block computes."""
        self.layout.place(name)
        self._force(Force(self._clock.now_ns(), actor, name, None))

    def _force(self, force: Force) -> None:
        if self.gate is None:
            self.enqueue(force)
        else:
            self.gate(force)

    @property
    def signals(self) -> Sequence[Signal]:
        """All signals, in the order in which they are kept."""
        return self.layout.signals

    @property
    def waiting(self) -> int:
        """How many values wait for the next scan."""
        return self._waiting

    def enqueue(self, entry: Write | Force) -> None:
        """Put a checked entry into the inbox, or refuse it when the scan does not keep up."""
        size = _size(entry)
        if entry.__class__ is Write and entry.status.__class__ is not Status:
            raise WrongTypeError(f"a status is a Status(quality, reason), not {entry.status!r}")
        with self._inbox_lock:
            if self._waiting + size > self._inbox_limit and self._inbox:
                self.refused += 1
                raise InboxFullError(f"{self._waiting} values are waiting for the scan")
            self._inbox.append(entry)
            self._waiting += size

    # the scan side

    def latch(self) -> Sequence[Write | Force]:
        """Take and return what waits in the inbox, the oldest first.

        What is written meanwhile waits for the next scan, and so does what is too much for one.
        """
        if not self._inbox:
            return ()
        taken: list[Write | Force] = []
        with self._inbox_lock:
            left = TAKEN_AT_ONCE
            while self._inbox and left > 0:
                entry = self._inbox.popleft()
                taken.append(entry)
                size = _size(entry)
                self._waiting -= size
                left -= size + 8
        for entry in taken:
            self.apply(entry)
        return taken

    def apply(self, entry: Write | Force) -> None:
        """Apply one entry of the inbox."""
        if isinstance(entry, Force):
            self._apply_force(entry)
            return
        if entry.layout is not self.layout:  # it was written while a reload took place
            entry = _moved(entry, self.layout)
        if self.forced or self.flawed or entry.status is not GOOD:
            self._apply(entry)
        else:
            self._apply_good(entry)

    def publish(self, scan: int, now: int) -> Sequence[int]:
        """Publish what is there as the next image; return the indices of what changed since the last one."""
        self.publishes += 1
        if self._safe_shown:
            self._safe_shown = False
            self._written.append(range(self._split))
            self._changed.update(range(len(self.layout)))
        before = self.image
        inputs, input_times = before.inputs, before.input_times
        outputs, output_times = self.values[self._split :], before.output_times
        flawed = before.flawed
        changed, written = self._changed, self._written
        if written:
            inputs, input_times = self.values[: self._split], self._input_times.copy()
        if outputs != before.outputs:
            moved = _moved_outputs(before.outputs, outputs)
            if moved:
                output_times = list(output_times)
                for i in moved:
                    output_times[i] = now
                changed.update(i + self._split for i in moved)
        if self.flawed != flawed:
            changed.update(i for i in self.flawed.keys() | flawed if self.flawed.get(i) != flawed.get(i))
            flawed = self.flawed.copy()
        if self._ended or not (changed or written):
            return ()
        self._changed, self._written = set(), []
        self.image = Image(
            scan, now, inputs, outputs, input_times, output_times, flawed, self.forced, self.layout
        )
        if self._ended:  # since the last look
            self.image = self.image.safe(self._ended)  # type: ignore[unreachable]  # another thread ends it
        listed = sorted(changed)
        self._tell(written, listed)
        return listed

    def save(self) -> Saved:
        """Return the scan's side as it is now."""
        return Saved(self.values.copy(), self.flawed.copy(), dict(self.forced), self._beneath.copy())

    def restore(self, saved: Saved) -> None:
        """Take over what was saved of a bus of the same layout."""
        self.values[:] = saved.values
        self.flawed.clear()
        self.flawed.update(saved.flawed)
        self.forced, self._beneath = saved.forced, saved.beneath
        self.flaws += 1
        self._written.append(range(self._split))
        self._changed.update(range(len(self.layout)))

    def rearrange(self, layout: Layout, fresh: Status = GOOD) -> None:
        """Change to another layout; signals of the same name and type keep value, quality, time and force.

        Groups and subscriptions find their signals anew. What waits in the inbox is applied before. A signal
        that no block writes any more takes its safe value: what stands there is nobody's wish. One that no
        block has written before is `fresh`.
        """
        waiting = self._waiting  # and not what others write meanwhile: that is moved when it is applied
        while waiting > 0 and (taken := self.latch()):
            waiting -= sum(map(_size, taken))
        self.publish(self.image.scan, self._clock.now_ns())
        old = self.image
        kept = layout.kept_from(old.layout)
        values, times = layout.initial(), [self._clock.now_ns()] * len(layout)
        for new, before in kept.items():
            values[new], times[new] = self.values[before], old.when(before)
            safe = layout.signals[new].safe
            safe = old.layout.signals[before].safe if safe is None else safe
            if safe is None or new >= layout.split or before < self._split:
                continue
            value = layout.converted(new, safe)
            if before in self.forced:
                self._beneath[before] = (value, GOOD)
            else:
                values[new] = value
        self.flawed = {
            new: self.flawed[before]
            for new, before in kept.items()
            if before in self.flawed and (new < layout.split) == (before < self._split)
        }  # what a block said of its output is over when it is no output any more
        if fresh is not GOOD:
            outputs_before = {new for new, before in kept.items() if before >= self._split}
            came = {new for new in range(layout.split, len(layout)) if new not in outputs_before}
            held = {new for new in came if kept.get(new) in self.forced}
            self.flawed.update(dict.fromkeys(came - held, fresh))
            for new in held:
                before = kept[new]
                self._beneath[before] = (self.forced[before], fresh)
        self.forced = {new: self.forced[before] for new, before in kept.items() if before in self.forced}
        self._beneath = {
            new: self._beneath[before] for new, before in kept.items() if before in self._beneath
        }
        self.flaws += 1
        self.values, self._split = values, layout.split
        self._input_times = times[: layout.split]
        self._groups.clear()
        inputs, outputs, output_times = values[: layout.split], values[layout.split :], times[layout.split :]
        with self._image_lock:
            self.layout = layout
            self.image = Image(
                old.scan, old.time, inputs, outputs, times[: layout.split], output_times,
                self.flawed.copy(), self.forced, layout,
            )  # fmt: skip
        self._tell([], range(len(layout)))

    def end(self, reason: str) -> None:
        """Show safe values for good: whatever a scan that was left behind still publishes is not shown."""
        self._ended = reason
        self.show_safe(reason)

    def show_safe(self, reason: str) -> None:
        """Show that the scan has stopped: signals at their safe values, outputs of blocks bad.

        It publishes an image and touches nothing else, so that a watchdog may call it from its own thread;
        the next scan that is published replaces it.
        """
        image = self.image.safe(reason)
        with self._image_lock:  # a reload may have come in between
            self.image = image if image.layout is self.layout else self.image.safe(reason)
        self._safe_shown = True
        self._tell([], range(len(self.layout)))

    def _tell(self, written: Sequence[Sequence[int]], changed: Sequence[int]) -> None:
        self._table.age(written, changed)
        for subscription in self._subscriptions:
            try:
                subscription.offer(changed)
            except BaseException:  # a consumer's `wake`: nothing foreign ends a scan
                log.exception("a consumer of changes has failed; it hears of no more")
                self.unsubscribe(subscription)

    def _apply_good(self, write: Write) -> None:
        """Take good values while nothing is forced or flawed: what nearly every write is."""
        now = write.time if write.time is not None else self._clock.now_ns()
        indices, new, values, times = write.indices, write.values, self.values, self._input_times
        self._written.append(indices)
        if write.span is not None:
            self._changed.update(compress(indices, map(ne, new, values[write.span])))
            values[write.span] = new
            times[write.span] = [now] * len(new)
            return
        for index, value in zip(indices, new, strict=True):
            if values[index] != value:
                self._changed.add(index)
            values[index] = value  # also a zero of the other sign, which equals the one that is there
            times[index] = now

    def _apply(self, write: Write) -> None:
        now = write.time if write.time is not None else self._clock.now_ns()
        self._written.append(write.indices)
        for index, value in zip(write.indices, write.values, strict=True):
            if index in self.forced:
                self._beneath[index] = (value, write.status)
            else:
                self._set(index, value, write.status)
            self._input_times[index] = now

    def _set(self, index: int, value: Value, status: Status) -> None:
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
        """Hold a signal or let it go; what was written to an input meanwhile waits beneath and returns."""
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
        self._written.append((index,))
        self.flaws += 1
        forced = dict(self.forced)
        if value is not None:
            if index not in forced:
                self._beneath[index] = (self.values[index], self.flawed.get(index, GOOD))
            forced[index] = value
            self._set(index, value, GOOD)
        elif index in forced:
            del forced[index]
            beneath, status = self._beneath.pop(index)
            # What a block said before the force is out of date: its output moves when it runs again.
            self._set(index, beneath if index < self._split else self.values[index], status)
        self._changed.add(index)
        self.forced = forced


def _size(entry: Write | Force) -> int:
    """Return how many values an entry of the inbox has; an empty one takes its place as well."""
    return (len(entry.values) or 1) if isinstance(entry, Write) else 1


def _moved_outputs(before: Sequence[Value], now: Sequence[Value]) -> list[int]:
    """Return which outputs differ; what is still not a number has not changed, though NaN equals nothing."""
    differ = compress(range(len(now)), map(ne, now, before))
    return [i for i in differ if now[i] == now[i] or before[i] == before[i]]


def _moved(write: Write, layout: Layout) -> Write:
    """Return a write for another layout, without the signals that are gone or no longer take such a value."""
    indices: list[int] = []
    values: list[Value] = []
    for old, value in zip(write.indices, write.values, strict=True):
        index = layout.index.get(write.layout.signals[old].name)
        if index is not None and index < layout.split and layout.types[index] is write.layout.types[old]:
            indices.append(index)
            values.append(value)
    return Write(indices, values, write.status, write.time, None, layout)
