"""Recording what goes into scans: a bounded ring on disk, from which they can be run again to the same bits.

A scan is a function of the values before it, what it takes from the inbox, its dt and the states of blocks. A
segment begins with all of these; each scan in it adds its inbox and its dt, and a digest of what came out.
"""

from __future__ import annotations

import json
import logging
import marshal
import math
import sqlite3
import threading
import zlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from petra.errors import PetraError
from petra.signals import GOOD, Force, Quality, QualityReason, ReasonCode, Write

if TYPE_CHECKING:
    from pathlib import Path

    from petra.config import PlantConfig
    from petra.scan.program import States
    from petra.signals import Bus, Frame, Layout, Observation, Saved, Value

log = logging.getLogger("petra.engine")

FORMAT = 2
_SEGMENT = 1_000
_WAITING = 200_000  # changes that may wait for the disk
_EVERY = 0.2
_CLOSES_WITHIN = 10.0

_TABLES = """
create table meta (key text primary key, value text not null);
create table segments (
    id integer primary key, plant text not null, state text not null, continues integer not null
);
create table scans (
    number integer primary key, segment integer not null, task text not null, dt real not null,
    entries text not null, digest integer not null
);
"""


class RecordError(PetraError):
    """A recording cannot be written, or is not a recording."""


def digest(values: Sequence[Value]) -> int:
    """Return a number that differs for values that differ in any bit; a NaN has no sign, as in JSON."""
    same = [math.nan if each != each else each for each in values]  # noqa: PLR0124 - only a NaN does
    return zlib.crc32(marshal.dumps(same, 2))


def frame_digest(frame: Frame) -> int:
    """Return a number that differs for scans whose blocks changed other outputs, values or qualities."""
    split = frame.layout.split
    begin = bisect_left(frame.indices, split)
    outputs = [i - split for i in frame.indices[begin:]]
    flaws = [int(status.quality) for i, status in sorted(frame.flawed.items()) if i >= split]
    return digest([*outputs, *frame.values[begin:], *flaws])


@frozen
class Snapshot:
    """What a segment begins with: everything that decides what the scans after it compute."""

    scan: int
    """The number of the last scan before it."""
    plant: PlantConfig
    saved: Saved
    states: States
    continues: bool = False
    """Whether it is the state in which the segment before it ended."""


class ReplayRecorder:
    """Keeps the last scans in a file, on a thread of its own: it observes the bus as any reader does.

    What waits to be written is bounded: when the disk does not keep up, whole scans are left out, counted in
    `lost`, and a new segment begins after them.
    """

    def __init__(self, path: Path, scans: int = 10_000) -> None:
        self.path = path
        self.lost = 0
        self._limit = max(scans, 1)
        self._segment_size = min(_SEGMENT, max(1, self._limit // 4))
        self._snapshots: deque[Snapshot] = deque()
        self._observed: Observation | None = None
        self._ask: Callable[[], object] = _nothing
        self._asked = False
        self._last_scan: int | None = None
        self._is_open = False
        self._failed = False
        self._closing = threading.Event()
        if path.exists() and not _may_be_replaced(path):
            raise RecordError(f"{path} exists and is not a recording; it is not overwritten")
        try:
            path.unlink(missing_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("pragma synchronous = normal")
            self._database.executescript(_TABLES)
            self._database.execute("insert into meta values ('format', ?)", (str(FORMAT),))
        except (OSError, sqlite3.Error) as error:
            raise RecordError(f"{path} cannot be written: {error}") from error
        self._segment = 0
        self._kept: deque[tuple[int, int]] = deque()
        self._thread = threading.Thread(target=self._work, name="petra-record", daemon=True)

    def begin(self, bus: Bus, snapshot: Snapshot, ask: Callable[[], object]) -> None:
        """Begin to record. `ask` has the scan thread hand over a snapshot of what there is by then."""
        self.add(snapshot)
        self._ask = ask
        self._observed = bus.observe(limit=_WAITING, idle=True)

    def start(self) -> None:
        """Write what is observed, from now until it is closed."""
        self._thread.start()

    def add(self, snapshot: Snapshot) -> None:
        """Begin a segment after the last scan of a snapshot; the thread that scans calls it."""
        self._snapshots.append(snapshot)

    def write(self) -> None:
        """Write what has been observed since the last time."""
        scanned = [frame for frame in self._observed.take() if frame.task] if self._observed else []
        if not scanned:
            return
        self._database.execute("begin")
        try:
            for frame in scanned:
                self._write_frame(frame)
            self._forget()
        finally:
            self._database.execute("commit")
        self._ask_in_time()

    def close(self) -> None:
        """Write what waits and close the file; a disk that hangs delays nothing else."""
        self._closing.set()
        if self._thread.ident is None:
            self._end()
            return
        self._thread.join(_CLOSES_WITHIN)
        if self._thread.is_alive():
            log.critical("the recording %s was not finished within %g s", self.path, _CLOSES_WITHIN)

    def _work(self) -> None:
        while not self._closing.wait(_EVERY):
            self._write_or_report()
        self._end()

    def _end(self) -> None:
        self._write_or_report()
        if self._observed is not None:
            self._observed.close()
        self._database.close()

    def _write_or_report(self) -> None:
        try:
            self.write()
        except sqlite3.Error as error:
            if not self._failed:
                log.error("recording: %s cannot be written: %s", self.path, error)  # noqa: TRY400
            self._failed, self._is_open = True, False

    def _write_frame(self, frame: Frame) -> None:
        last, self._last_scan = self._last_scan, frame.scan
        if last is not None and frame.scan != last + 1:
            self.lost += frame.scan - last - 1
            self._is_open = False
        snapshot = None
        while self._snapshots and self._snapshots[0].scan < frame.scan:
            snapshot = self._snapshots.popleft()
        if snapshot is not None:
            if snapshot.scan == frame.scan - 1:
                self._write_segment(snapshot, continues=snapshot.continues and self._is_open)
            else:  # scans were lost between the two
                self._is_open = False
            self._asked = self._asked and not snapshot.continues
        if not self._is_open:
            self.lost += 1
            return
        row = (
            frame.scan,
            self._segment,
            frame.task,
            frame.dt,
            json.dumps([entry_data(e) for e in frame.taken]),
            frame_digest(frame),
        )
        self._database.execute("insert into scans values (?, ?, ?, ?, ?, ?)", row)
        segment, count = self._kept[-1]
        self._kept[-1] = (segment, count + 1)

    def _write_segment(self, snapshot: Snapshot, *, continues: bool) -> None:
        self._segment += 1
        self._is_open = True
        state = state_text(snapshot.saved, snapshot.states)
        text = json.dumps(asdict(snapshot.plant, value_serializer=_plain))
        self._database.execute(
            "insert into segments values (?, ?, ?, ?)", (self._segment, text, state, continues)
        )
        self._kept.append((self._segment, 0))

    def _ask_in_time(self) -> None:
        """Ask for the next snapshot when a segment is long enough, or has ended because scans were lost."""
        if self._asked or self._closing.is_set():
            return
        if not self._is_open or self._kept[-1][1] >= self._segment_size:
            self._asked = True
            self._ask()

    def _forget(self) -> None:
        """Drop the oldest segments as long as those after them hold enough scans."""
        while len(self._kept) > 1 and sum(count for _, count in self._kept) - self._kept[0][1] >= self._limit:
            segment, _ = self._kept.popleft()
            self._database.execute("delete from scans where segment = ?", (segment,))
            self._database.execute("delete from segments where id = ?", (segment,))


def _nothing() -> None:
    pass


def state_text(saved: Saved, states: States) -> str:
    """Return what a segment begins with, as JSON; every bit of a float survives it."""
    return json.dumps(
        {
            "values": saved.values,
            "flawed": [[i, *reason_data(s)] for i, s in saved.flawed.items()],
            "forced": list(saved.forced.items()),
            "withheld": [[i, v, *reason_data(s)] for i, (v, s) in saved.withheld.items()],
            "states": states,
        }
    )


def _may_be_replaced(path: Path) -> bool:
    """Return whether a file may be overwritten: a regular one that is empty, or a recording."""
    return path.is_file() and not path.is_symlink() and (not path.stat().st_size or bool(_format(path)))


def is_recording(path: Path) -> bool:
    """Return whether a file is a recording that this version can read."""
    return _format(path) == str(FORMAT)


def _format(path: Path) -> str:
    """Return the format of a recording, of whichever version; an empty text for any other file."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = database.execute("select value from meta where key = 'format'").fetchone()
        finally:
            database.close()
    except sqlite3.Error:
        return ""
    return str(found[0]) if found else ""


def reason_data(status: QualityReason) -> list[Any]:
    """Return a quality with its reason as data."""
    return [int(status.quality), status.reason, status.code.value]


def reason_of(quality: int, reason: str, code: str = ReasonCode.OTHER.value) -> QualityReason:
    """Return a quality with its reason from data."""
    return QualityReason(Quality(quality), reason, ReasonCode(code)) if quality else GOOD


def entry_data(entry: Write | Force) -> list[Any]:
    """Return what was taken from the inbox as data; with a status for each value where they differ."""
    if isinstance(entry, Force):
        return ["force", entry.actor, entry.signal, entry.value]
    names = [entry.layout.signals[i].name for i in entry.indices]
    status = reason_data(entry.status)
    if entry.statuses is None:
        return ["write", status, names, list(entry.values)]
    each = [reason_data(s) for s in entry.statuses]
    return ["write", status, names, list(entry.values), each]


def entry_of(data: list[Any], layout: Layout) -> Write | Force:
    """Return what was taken from the inbox, for a layout of the same signals."""
    if data[0] == "force":
        return Force(0, data[1], data[2], data[3])
    if isinstance(data[1], int):  # as recordings of format 1 and incidents made of them have it
        data = ["write", data[1:3], *data[3:]]
    _, status, names, values, *each = data
    indices = [layout.index[name] for name in names]
    statuses = [reason_of(*each) for each in each[0]] if each else None
    return Write(indices, values, reason_of(*status), 0, None, layout, layout.parts_of(indices), statuses)


def _plain(_: object, __: object, value: Any) -> Any:
    return getattr(value, "value", value)  # an enumeration as its value
