"""What waits for the scan: writes that become visible together, and forces."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from petra.errors import PetraError
from petra.signals.layout import WrongTypeError
from petra.signals.quality import QualityReason
from petra.signals.types import INT_MAX

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.types import Value

INBOX_LIMIT = 200_000
"""Values that may wait for the scan."""
TAKEN_AT_ONCE = 50_000
"""How much of the inbox one scan takes: an entry counts for itself as much as for eight values."""


class InboxFullError(PetraError):
    """The scan does not take what is written; the write was refused and counted."""


class Write(NamedTuple):
    """Values for signals, to become visible together; checked before it is put into the inbox."""

    indices: Sequence[int]
    values: Sequence[Value]
    status: QualityReason
    time: int | None
    span: slice | None
    """The indices once more, where they follow each other: a slice is written much faster."""
    layout: Layout
    """The layout that the indices are of."""
    parts: Sequence[int]
    """The parts of the image that the indices are in."""
    statuses: Sequence[QualityReason] | None = None
    """A status for each value, in place of `status`."""
    times: Sequence[int] | None = None
    """A source time for each value, in place of `time`."""


@frozen
class Force:
    """Who set which signal to what, and when; no value means that the signal was let go."""

    time: int
    actor: str
    signal: str
    value: Value | None


class Inbox:
    """A bounded queue: any thread puts, the scan takes. A full one refuses and counts."""

    def __init__(self, limit: int = INBOX_LIMIT) -> None:
        self.waiting = 0
        """How many values wait for the next scan."""
        self.refused = 0
        self._limit = limit
        self._entries: deque[Write | Force] = deque()
        self._lock = Lock()  # held for an append, or while a scan takes what waits

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, entry: Write | Force) -> None:
        """Append a checked entry, or raise InboxFullError when the scan does not keep up."""
        size = entry_size(entry)
        if entry.__class__ is Write and entry.status.__class__ is not QualityReason:
            raise WrongTypeError(f"a status is a QualityReason(quality, reason), not {entry.status!r}")
        time = entry.time
        if time is not None and (time.__class__ is not int or not 0 <= time <= INT_MAX):
            name = f"{entry.layout.signals[entry.indices[0]].name!r}: " if isinstance(entry, Write) else ""
            raise WrongTypeError(f"{name}{wrong_time(time)}")
        with self._lock:
            if self.waiting + size > self._limit and self._entries:
                self.refused += 1
                raise InboxFullError(f"{self.waiting} values are waiting for the scan")
            self._entries.append(entry)
            self.waiting += size

    def take(self) -> Sequence[Write | Force]:
        """Return what waits, the oldest first; what is too much for one scan stays for the next."""
        if not self._entries:
            return ()
        taken: list[Write | Force] = []
        with self._lock:
            left = TAKEN_AT_ONCE
            while self._entries and left > 0:
                entry = self._entries.popleft()
                taken.append(entry)
                size = entry_size(entry)
                self.waiting -= size
                left -= size + 8
        return taken


def wrong_time(time: object) -> str:
    """Return why something is not the time of a value."""
    shown = (
        f"a number of {time.bit_length()} bits" if isinstance(time, int) and time > INT_MAX else repr(time)
    )
    return f"a time is an int within 0 and 2^63, nanoseconds since 1970, not {shown}"


def entry_size(entry: Write | Force) -> int:
    """Return how many values an entry of the inbox has; an empty one takes its place as well."""
    return (len(entry.values) or 1) if isinstance(entry, Write) else 1


def moved_write(write: Write, layout: Layout) -> Write:
    """Return a write for another layout, without the signals that are gone or no longer take such a value."""
    kept: list[int] = []
    indices: list[int] = []
    for position, old in enumerate(write.indices):
        index = layout.index.get(write.layout.signals[old].name)
        if index is None or layout.is_computed(index) or layout.types[index] is not write.layout.types[old]:
            continue
        kept.append(position)
        indices.append(index)
    return write._replace(
        indices=indices,
        values=[write.values[position] for position in kept],
        span=None,
        layout=layout,
        parts=layout.parts_of(indices),
        statuses=write.statuses and [write.statuses[position] for position in kept],
        times=write.times and [write.times[position] for position in kept],
    )
