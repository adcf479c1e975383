"""Running recorded scans again, and finding where they differ from what was recorded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.clock import SystemClock
from petra.config import BlockConfig, PlantConfig, SignalConfig, TaskConfig
from petra.engine.built import build
from petra.engine.record import RecordError, entry_of, frame_digest, is_recording, reason_of
from petra.signals import LocalBus, OnBad, QualityReason, Saved, SignalType, Store, Value

if TYPE_CHECKING:
    from pathlib import Path

    from petra.engine.built import Built
    from petra.plugin import Catalog
    from petra.scan import Program
    from petra.scan.program import States
    from petra.signals import Force, Observation, Write


@frozen
class Segment:
    """Scans that follow each other, from a known state."""

    plant: Mapping[str, Any]
    state: Mapping[str, Any]
    scans: list[tuple[int, str, float, list[Any], int]]
    """Of each scan: its number, its task, its dt, its inbox, and the digest of its outputs."""
    continues: bool = False
    """Whether it begins as the one before it ended."""


@frozen
class Replayed:
    """One scan, run again."""

    number: int
    task: str
    dt: float
    same: bool
    """Whether it gave the bits that were recorded."""
    values: Mapping[str, Value]
    statuses: Mapping[str, QualityReason]
    faults: Mapping[str, str]


def read(path: Path) -> list[Segment]:
    """Return the segments of a recording, oldest first."""
    if not path.exists():
        raise RecordError(f"there is no file {path}")
    if not is_recording(path):
        raise RecordError(f"{path} is not a recording of this version")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        segments = database.execute("select id, plant, state, continues from segments order by id").fetchall()
        return [
            Segment(
                json.loads(plant),
                json.loads(state),
                [
                    (number, task, dt, json.loads(entries), mark)
                    for number, task, dt, entries, mark in database.execute(
                        "select number, task, dt, entries, digest from scans where segment = ? "
                        "order by number",
                        (segment,),
                    )
                ],
                bool(continues),
            )
            for segment, plant, state, continues in segments
        ]


@frozen
class Rerun:
    """A segment that is run again: the plant as it is after each of its scans."""

    segment: Segment
    built: Built
    store: Store
    programs: Mapping[str, Program]
    observed: Observation

    def scans(self) -> Iterator[tuple[int, str, float, Sequence[Write | Force], int]]:
        """Run one scan after the other, and yield what was recorded of each once it has run."""
        for number, task, dt, data, recorded in self.segment.scans:
            entries = [entry_of(entry, self.built.layout) for entry in data]
            for entry in entries:
                self.store.apply(entry)
            self.programs[task].scan(self.store, dt)
            self.store.publish(number, number, task, dt)
            yield number, task, dt, entries, recorded


def rerun(segment: Segment, catalog: Catalog) -> Rerun:
    """Return a segment as it is before its first scan."""
    built = build(plant_of(segment.plant), catalog)
    store = Store(built.layout, SystemClock())
    saved, states = state_of(segment.state)
    store.restore(saved)
    store.publish(0, 0)  # everything counts as changed once: not in the first scan
    observed = LocalBus(store).observe(idle=True)
    programs = {}
    for task in built.tasks:
        task.program.restore(states)
        programs[task.name] = task.program
    return Rerun(segment, built, store, programs, observed)


def replay_segment(segment: Segment, catalog: Catalog) -> Iterator[Replayed]:
    """Run the scans of a segment again."""
    run = rerun(segment, catalog)
    names = [signal.name for signal in run.built.layout.signals]
    for number, task_name, dt, _, recorded in run.scans():
        (frame,) = run.observed.take()
        faults = {n: s.reason for each in run.programs.values() for n, s in each.faults.items()}
        same = frame_digest(frame) == recorded
        statuses = {names[i]: status for i, status in run.store.flawed.items()}
        values = dict(zip(names, run.store.values, strict=True))
        yield Replayed(number, task_name, dt, same, values, statuses, faults)


def plant_of(data: Mapping[str, Any]) -> PlantConfig:
    """Return the plant of a recording."""
    return PlantConfig(
        signals=tuple(_signal_of(signal) for signal in data["signals"]),
        blocks=tuple(BlockConfig(**block) for block in data["blocks"]),
        tasks=tuple(TaskConfig(**task) for task in data["tasks"]),
        scan_time_ms=data["scan_time_ms"],
    )


def _signal_of(data: Mapping[str, Any]) -> SignalConfig:
    on_bad = data.get("on_bad")
    found = {"type": SignalType(data["type"]), "on_bad": on_bad and OnBad(on_bad)}
    return SignalConfig(**{**data, **found})


def state_of(state: Mapping[str, Any]) -> tuple[Saved, States]:
    """Return what a segment begins with: the bus, and what blocks remember."""
    withheld = state["withheld"] if "withheld" in state else state["beneath"]  # as earlier incidents have it
    saved = Saved(
        list(state["values"]),
        {i: reason_of(*status) for i, *status in state["flawed"]},
        dict(state["forced"]),
        {i: (v, reason_of(*status)) for i, v, *status in withheld},
    )
    states = {block: {n: _value(v) for n, v in kept.items()} for block, kept in state["states"].items()}
    return saved, states


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
