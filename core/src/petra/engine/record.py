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
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import asdict

from petra.errors import PetraError
from petra.signals import Force, Quality, Status, Write

if TYPE_CHECKING:
    from pathlib import Path

    from petra.config import PlantConfig
    from petra.engine.build import Built
    from petra.scan import Task
    from petra.scan.program import States
    from petra.signals import Bus, Saved, Value

log = logging.getLogger("petra.engine")

FORMAT = 1
_SEGMENT = 1_000
_WAITING = 20_000
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
    """A recording cannot be written, or is none."""


def digest(outputs: Sequence[Value]) -> int:
    """Return a number that differs for outputs that differ in any bit; a NaN has no sign, as in JSON."""
    same = [math.nan if each != each else each for each in outputs]  # noqa: PLR0124 - only a NaN does
    return zlib.crc32(marshal.dumps(same, 2))


class Recorder:
    """Keeps the last scans in a file. The scan thread notes, a thread of its own writes.

    What waits to be written is bounded: when the disk does not keep up, whole scans are left out, counted in
    `lost`, and a new segment begins after them.
    """

    def __init__(self, path: Path, scans: int = 10_000) -> None:
        self.path = path
        self.lost = 0
        self._limit = max(scans, 1)
        self._segment_size = min(_SEGMENT, max(1, self._limit // 4))
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._left = 0
        self._bus: Bus | None = None
        self._built: Built | None = None
        self._closing = threading.Event()
        if path.exists() and not _may_go(path):
            raise RecordError(f"{path} exists and is no recording; it is not overwritten")
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
        self._thread.start()

    # the scan side

    def begin(self, built: Built, bus: Bus, *, continues: bool = False) -> None:
        """Begin a segment with what there is now; a new configuration begins one.

        One that continues has the state in which the last one ended.
        """
        self._built, self._bus = built, bus
        self._left = self._segment_size
        states: States = {}
        for task in built.tasks:
            states.update(task.program.snapshot())
        self._waiting.append((None, built.plant, bus.save(), states, continues))

    def observe(self, task: Task, dt: float, scan: int, entries: Sequence[Write | Force]) -> None:
        """Note a scan that has just ended."""
        bus, built = self._bus, self._built
        if bus is None or built is None:
            return
        if len(self._waiting) >= _WAITING:
            self.lost += 1
            self._left = 0
        if self._left <= 0:
            if len(self._waiting) < _WAITING // 2:
                self.begin(built, bus)
            return
        self._left -= 1
        self._waiting.append((scan, task.name, dt, entries, bus.values[bus.layout.split :]))
        if not self._left:
            self.begin(built, bus, continues=True)

    # beside the scan

    def close(self) -> None:
        """Write what waits and close the file; a disk that hangs holds up nobody else."""
        self._closing.set()
        self._thread.join(_CLOSES_WITHIN)
        if self._thread.is_alive():
            log.critical("the recording %s was not finished within %g s", self.path, _CLOSES_WITHIN)

    def _work(self) -> None:
        failed = False
        while True:
            last = self._closing.wait(_EVERY)
            try:
                self._write()
            except sqlite3.Error as error:
                if not failed:
                    log.error("recording: %s cannot be written: %s", self.path, error)  # noqa: TRY400
                failed = True
            if last:
                self._database.close()
                return

    def _write(self) -> None:
        if not self._waiting:
            return
        database = self._database
        database.execute("begin")
        try:
            while self._waiting:
                item = self._waiting.popleft()
                if item[0] is None:
                    self._write_segment(*item[1:])
                else:
                    scan, task, dt, entries, outputs = item
                    row = (
                        scan,
                        self._segment,
                        task,
                        dt,
                        json.dumps([entry_data(e) for e in entries]),
                        digest(outputs),
                    )
                    database.execute("insert into scans values (?, ?, ?, ?, ?, ?)", row)
                    if self._kept:
                        segment, count = self._kept[-1]
                        self._kept[-1] = (segment, count + 1)
            self._forget()
        finally:
            database.execute("commit")

    def _write_segment(self, plant: PlantConfig, saved: Saved, states: States, continues: int) -> None:
        self._segment += 1
        state = state_text(saved, states)
        text = json.dumps(asdict(plant, value_serializer=_plain))
        self._database.execute(
            "insert into segments values (?, ?, ?, ?)", (self._segment, text, state, continues)
        )
        self._kept.append((self._segment, 0))

    def _forget(self) -> None:
        """Drop the oldest segments as long as those after them hold enough scans."""
        while len(self._kept) > 1 and sum(count for _, count in self._kept) - self._kept[0][1] >= self._limit:
            segment, _ = self._kept.popleft()
            self._database.execute("delete from scans where segment = ?", (segment,))
            self._database.execute("delete from segments where id = ?", (segment,))


def state_text(saved: Saved, states: States) -> str:
    """Return what a segment begins with, as JSON; every bit of a float survives it."""
    return json.dumps(
        {
            "values": saved.values,
            "flawed": [[i, int(s.quality), s.reason] for i, s in saved.flawed.items()],
            "forced": list(saved.forced.items()),
            "beneath": [[i, v, int(s.quality), s.reason] for i, (v, s) in saved.beneath.items()],
            "states": states,
        }
    )


def _may_go(path: Path) -> bool:
    """Say whether a file may be written anew: a regular one that is empty, or a recording."""
    return path.is_file() and not path.is_symlink() and (not path.stat().st_size or is_recording(path))


def is_recording(path: Path) -> bool:
    """Say whether a file is a recording."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            found = database.execute("select value from meta where key = 'format'").fetchone()
        finally:
            database.close()
    except sqlite3.Error:
        return False
    return bool(found and found[0] == str(FORMAT))


def entry_data(entry: Write | Force) -> list[Any]:
    """Return what was taken from the inbox as data."""
    if isinstance(entry, Force):
        return ["force", entry.actor, entry.signal, entry.value]
    status = entry.status
    names = [entry.layout.signals[i].name for i in entry.indices]
    return ["write", int(status.quality), status.reason, names, list(entry.values)]


def entry_of(data: list[Any], bus: Bus) -> Write | Force:
    """Return what was taken from the inbox, for a bus of the same signals."""
    if data[0] == "force":
        return Force(0, data[1], data[2], data[3])
    _, quality, reason, names, values = data
    indices = [bus.layout.index[name] for name in names]
    return Write(indices, values, Status(Quality(quality), reason), 0, None, bus.layout)


def _plain(_: object, __: object, value: Any) -> Any:
    return getattr(value, "value", value)  # an enumeration as what it stands for
