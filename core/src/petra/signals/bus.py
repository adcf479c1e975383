"""The bus: every signal, one writer each, any number of readers.

Two sides meet here. The *scan side* (`values`, `latch`, `publish`) belongs to the one thread that scans.
Everybody else is on the *open side*: `read`, `write`, `group`, `subscribe` and `force` may be called from any
thread. The two share three things only, each changed by one atomic operation: the inbox (append), the image
(assignment) and the subscriptions' queues (append).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import ne
from threading import Lock
from typing import TYPE_CHECKING

from attrs import frozen

from petra.closest import closest
from petra.errors import PetraError
from petra.signals.group import Group
from petra.signals.image import Image
from petra.signals.inbox import Force, Write
from petra.signals.quality import GOOD, Quality, Status
from petra.signals.subscription import Subscription
from petra.signals.table import Table
from petra.signals.types import INT_MAX, INT_MIN, SignalType, Value

if TYPE_CHECKING:
    from petra.clock import Clock

INBOX_LIMIT = 1_000_000
FORCES_KEPT = 1_000
GROUPS_KEPT = 64


class UnknownSignalError(PetraError, KeyError):
    """No signal has this name."""

    def __str__(self) -> str:
        return str(self.args[0])


class WrongTypeError(PetraError, TypeError):
    """The value is not of the signal's type."""


class NotWritableError(PetraError):
    """A block writes this signal; nobody else may, but it can be forced."""


class InboxFullError(PetraError):
    """The scan does not take what is written; the write was refused and counted."""


@frozen
class Signal:
    """A signal of the bus.

    `written_by` names the block whose output it is; everything else is written from outside.
    """

    name: str
    type: SignalType
    initial: Value | None = None
    written_by: str = ""
    unit: str = ""


class Bus:
    """All signals. Inputs, which are written from outside, come first; outputs of blocks follow."""

    def __init__(self, signals: Iterable[Signal], clock: Clock, *, inbox_limit: int = INBOX_LIMIT) -> None:
        ordered = sorted(signals, key=lambda signal: bool(signal.written_by))
        self.signals = tuple(ordered)
        self.index = {signal.name: i for i, signal in enumerate(ordered)}
        if len(self.index) != len(ordered):
            raise ValueError("two signals of the same name")
        self.split = sum(not signal.written_by for signal in ordered)
        self._types = tuple(signal.type.python for signal in ordered)
        self._clock = clock

        # the scan side
        self.values: list[Value] = [_initial(signal) for signal in ordered]
        self.flawed: dict[int, Status] = {}
        self._beneath: dict[int, tuple[Value, Status]] = {}
        self._changed: set[int] = set()
        self._written: list[Sequence[int]] = []

        # shared with the open side
        now = clock.now_ns()
        self._input_times = [now] * self.split
        self.image = Image(
            scan=0,
            time=now,
            inputs=self.values[: self.split],
            outputs=self.values[self.split :],
            input_times=self._input_times.copy(),
            output_times=[now] * (len(ordered) - self.split),
            flawed={},
            forced={},
        )
        self._inbox: deque[Write | Force] = deque()
        self._inbox_limit = inbox_limit
        self.refused = 0
        self.forced: Mapping[int, Value] = {}
        self.force_record: deque[Force] = deque(maxlen=FORCES_KEPT)
        self._subscriptions: list[Subscription] = []
        self._groups: dict[tuple[str, ...], Group] = {}
        self._table = Table(self)
        self.read = self._table.read  # the method itself: a call in between would cost as much as the look-up
        self._lock = Lock()  # held while a subscription comes or goes, never in a scan

    # the open side

    def status(self, name: str) -> Status:
        """Return a signal's quality with its reason."""
        return self.image.status(self._index_of(name))

    def write(self, name: str, value: Value, status: Status = GOOD, time: int | None = None) -> None:
        """Write one signal; it is visible after the next scan."""
        index = self._writable(name)
        self.enqueue(Write((index,), (self.converted(index, value),), status, time))

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
        return Group(self, [self._index_of(name) for name in names])

    def subscribe(
        self, names: Iterable[str] | None = None, *, deadband: float | Mapping[str, float] = 0.0
    ) -> Subscription:
        """Return a subscription to what changes among these signals, or among all."""
        indices = range(len(self.signals)) if names is None else [self._index_of(name) for name in names]
        bands = deadband if isinstance(deadband, Mapping) else {}
        every = 0.0 if isinstance(deadband, Mapping) else deadband
        wide = {i: bands.get(self.signals[i].name, every) for i in indices if self._types[i] in (int, float)}
        subscription = Subscription(
            self, frozenset(indices), {i: band for i, band in wide.items() if band > 0}
        )
        with self._lock:
            self._subscriptions = [*self._subscriptions, subscription]
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; ending it twice does no harm."""
        with self._lock:
            self._subscriptions = [other for other in self._subscriptions if other is not subscription]

    def force(self, name: str, value: Value, actor: str) -> None:
        """Hold a signal at a value, whatever writes it, until `unforce`; recorded with who asked."""
        index = self._index_of(name)
        self.enqueue(Force(self._clock.now_ns(), actor, name, self.converted(index, value)))

    def unforce(self, name: str, actor: str) -> None:
        """Let a signal go: it takes the value written last, or the next one that its block computes."""
        self._index_of(name)
        self.enqueue(Force(self._clock.now_ns(), actor, name, None))

    @property
    def waiting(self) -> int:
        """How many writes wait for the next scan."""
        return len(self._inbox)

    # the scan side

    def latch(self) -> None:
        """Take what waits in the inbox now; what is written meanwhile waits for the next scan."""
        for _ in range(len(self._inbox)):
            entry = self._inbox.popleft()
            if isinstance(entry, Force):
                self._apply_force(entry)
            elif self.forced or self.flawed or entry.status is not GOOD:
                self._apply(entry)
            else:
                self._apply_good(entry)

    def publish(self, scan: int, now: int) -> Sequence[int]:
        """Publish what is there as the next image; return the indices of what changed since the last one."""
        before = self.image
        inputs, input_times = before.inputs, before.input_times
        outputs, output_times = self.values[self.split :], before.output_times
        flawed = before.flawed
        changed, written = self._changed, self._written
        if written:
            inputs, input_times = self.values[: self.split], self._input_times.copy()
        if outputs != before.outputs:
            moved = list(compress(range(len(outputs)), map(ne, outputs, before.outputs)))
            output_times = list(output_times)
            for i in moved:
                output_times[i] = now
            changed.update(i + self.split for i in moved)
        if self.flawed != flawed:
            changed.update(i for i in self.flawed.keys() | flawed if self.flawed.get(i) != flawed.get(i))
            flawed = self.flawed.copy()
        if not changed and not written:
            return ()
        self._changed, self._written = set(), []
        self.image = Image(scan, now, inputs, outputs, input_times, output_times, flawed, self.forced)
        listed = sorted(changed)
        self._table.age(written, listed)
        for subscription in self._subscriptions:
            subscription.offer(listed)
        return listed

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
                values[index] = value
                self._changed.add(index)
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
            self.values[index] = value
            self._changed.add(index)
        if status.quality is Quality.GOOD:
            self.flawed.pop(index, None)
        else:
            self.flawed[index] = status

    def _apply_force(self, force: Force) -> None:
        """Hold a signal or let it go; what was written meanwhile waits beneath and returns."""
        index = self.index[force.signal]
        self.force_record.append(force)
        self._written.append((index,))
        forced = dict(self.forced)
        if force.value is not None:
            if index not in forced:
                self._beneath[index] = (self.values[index], self.flawed.get(index, GOOD))
            forced[index] = force.value
            self._set(index, force.value, GOOD)
        elif index in forced:
            del forced[index]
            self._set(index, *self._beneath.pop(index))
        self._changed.add(index)
        self.forced = forced

    # both sides

    def _index_of(self, name: str) -> int:
        index = self.index.get(name)
        if index is None:
            raise self.unknown(name)
        return index

    def unknown(self, name: str) -> UnknownSignalError:
        """Return the error for a name that no signal has, with the closest that one has."""
        guess = closest(name, self.index)
        return UnknownSignalError(
            f"there is no signal {name!r}" + (f"; did you mean {guess!r}?" if guess else "")
        )

    def _writable(self, name: str) -> int:
        index = self._index_of(name)
        self.check_writable(index)
        return index

    def check_writable(self, index: int) -> None:
        """Refuse a signal that a block writes."""
        if index >= self.split:
            signal = self.signals[index]
            raise NotWritableError(f"{signal.name!r} is written by the block {signal.written_by!r}")

    def converted(self, index: int, value: Value) -> Value:
        """Return a value as its signal holds it: an int as a float where need be, ints within 64 bits."""
        wanted = self._types[index]
        actual = value.__class__
        if wanted is int and actual is int:
            return min(max(value, INT_MIN), INT_MAX)
        if actual is wanted:
            return value
        if wanted is float and actual is int:
            return float(min(max(value, INT_MIN), INT_MAX))
        signal = self.signals[index]
        raise WrongTypeError(f"{signal.name!r} holds {signal.type.value}, not {value!r}")

    def enqueue(self, entry: Write | Force) -> None:
        """Put a checked entry into the inbox, or refuse it when the scan does not keep up."""
        if len(self._inbox) >= self._inbox_limit:
            self.refused += 1
            raise InboxFullError(f"{self._inbox_limit} writes are waiting for the scan")
        self._inbox.append(entry)


def _initial(signal: Signal) -> Value:
    value = signal.type.zero if signal.initial is None else signal.initial
    if not isinstance(value, signal.type.python) and not (
        signal.type is SignalType.FLOAT and type(value) is int
    ):
        raise WrongTypeError(f"{signal.name!r} holds {signal.type.value}, not {value!r}")
    return signal.type.python(value)
