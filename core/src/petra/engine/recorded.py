"""What a recording says of one moment, for `why`: its scans are run again up to that one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from petra.engine.evidence import Moment, ScanEvidence, moment_of
from petra.engine.record import RecordError
from petra.engine.replay import Rerun, Segment, read, rerun
from petra.scan.engine_signals import CLOCK, engine_signal_types
from petra.signals import Force
from petra.why.evidence import Change
from petra.why.values import HeldForce

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plugin import Catalog
    from petra.signals import Value
    from petra.why.values import LastCommand, PointState

_UNIX_TIME = list(CLOCK)[-1]
_SECOND = 10**9


class RecordedEvidence(ScanEvidence):
    """A recorded plant after one of its scans. Devices and commands are not in a recording."""

    def __init__(self, moment: Moment, history: History) -> None:
        super().__init__(moment, history.time, [f"recorded, after scan {moment.scan}"])
        self._history = history

    def force(self, name: str, value: Value) -> HeldForce:
        """Return who holds a signal, where its beginning is recorded."""
        return self._history.forces.get(name, HeldForce(value))

    def shown(self, time: int) -> int:  # noqa: ARG002 - a recording has no source times
        """Return no time: a recording has none of values."""
        return 0

    def points(self, signal: str) -> Sequence[PointState] | None:  # noqa: ARG002
        """Return None: a recording has no drivers."""
        return None

    def command(self, signal: str) -> LastCommand | None:  # noqa: ARG002
        """Return None: a recording has values, and not who has written them."""
        return None

    def changed_at(self, names: Sequence[str], time: int) -> Sequence[tuple[str, Value]]:  # noqa: ARG002
        """Return nothing: `--at` shows the scan before."""
        return ()

    def changes(self, names: Iterable[str]) -> Mapping[str, Change]:
        """Return when signals changed, as far as that is recorded."""
        changed = self._history.changed
        return {name: changed[name] for name in names if name in changed}


@define
class History:
    """What is noted of the scans that were run again."""

    time: int = 0
    """Of the last scan."""
    changed: dict[str, Change] = field(factory=dict)
    forces: dict[str, HeldForce] = field(factory=dict)
    last: dict[str, Value] = field(factory=dict)

    def begin(self, run: Rerun, time: int, *, gap: bool) -> None:
        """Take note of what a segment begins with; after a gap nobody knows since when."""
        self.time = time
        for signal, value in zip(run.built.layout.signals, run.store.values, strict=True):
            before = self.last.get(signal.name)
            if signal.name not in self.last or (before != value and value == value):  # noqa: PLR0124 - NaN
                self.changed[signal.name] = Change(time, gap)
            self.last[signal.name] = value

    def note(self, run: Rerun, time: int, entries: Sequence[object]) -> None:
        """Take note of a scan."""
        self.time = time
        for entry in entries:
            if isinstance(entry, Force):
                if entry.value is None:
                    self.forces.pop(entry.signal, None)
                else:
                    self.forces[entry.signal] = HeldForce(entry.value, entry.actor, time)
        (frame,) = run.observed.take()
        signals = run.built.layout.signals
        for index, value in zip(frame.indices, frame.values, strict=True):
            name = signals[index].name
            if self.last[name] != value:
                self.last[name] = value
                self.changed[name] = Change(time)


class RecordedScans:
    """A recording with the times of its scans."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._segments = read(path)
        self._times = list(_times(self._segments))
        if not self._times:
            raise RecordError(f"{path} has no scans")

    @property
    def end(self) -> int:
        """When it ends, in ns."""
        return self._times[-1][1]

    def scan_at(self, time: int) -> int:
        """Return the last scan that is not after a time."""
        before = [number for number, each in self._times if each <= time]
        if not before:
            raise RecordError(f"{self.path} begins later than that")
        return before[-1]

    def evidence(self, catalog: Catalog, scan: int | None = None) -> RecordedEvidence:
        """Return the plant after a scan, or after the last one: all scans before it are run again."""
        clock = dict(self._times)
        wanted = self._times[-1][0] if scan is None else scan
        if wanted not in clock:
            first, last = self._times[0][0], self._times[-1][0]
            raise RecordError(f"{self.path} has no scan {wanted}: it has {first} to {last}")
        history = History()
        for place, segment in enumerate(self._segments):
            if not segment.scans:
                continue
            run = rerun(segment, catalog)
            gap = not segment.continues or place == 0
            history.begin(run, clock[segment.scans[0][0]], gap=gap)
            for number, _, _, entries, _ in run.scans():
                history.note(run, clock[number], entries)
                if number == wanted:
                    return RecordedEvidence(moment_of(number, run.store.image, run.built.tasks), history)
        raise RecordError(f"{self.path} has no scan {wanted}")


def _times(segments: Iterable[Segment]) -> Iterator[tuple[int, int]]:
    """Yield the scans with their times: the clock that the engine writes each second, and what passes then.

    A recording has no other clock. Only the fastest task is counted: others run at the same time.
    """
    second = passed = 0
    for segment in segments:
        if told := _begins_at(segment):
            second, passed = told, passed if told == second else 0
        fastest = min(((dt, task) for _, task, dt, _, _ in segment.scans), default=(0.0, ""))[1]
        for number, task, dt, entries, _ in segment.scans:
            told = max(map(_told, entries), default=0)
            if told and told != second:
                second, passed = told, 0
            elif task == fastest:
                passed = min(passed + int(dt * 1e9), _SECOND - 1)
            yield number, second * _SECOND + passed


def _told(entry: Sequence[Any]) -> int:
    """Return the time that an entry of the inbox tells; 0 for any other."""
    if entry[0] != "write":
        return 0
    _, _, names, values, *_ = entry
    return int(values[names.index(_UNIX_TIME)]) if _UNIX_TIME in names else 0


def _begins_at(segment: Segment) -> int:
    """Return the time that a segment begins with: the last of the signals that no block writes."""
    plant = segment.plant
    written = {signal for block in plant["blocks"] for signal in block["outputs"].values()}
    declared = sum(signal["name"] not in written for signal in plant["signals"])
    engine = len(engine_signal_types(task["name"] for task in plant["tasks"]))
    return int(segment.state["values"][declared + engine - 1])
