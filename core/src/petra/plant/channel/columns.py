"""Signals over the channel: a layout once, then columns of what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from petra.plant.values import Snapshot
from petra.signals.layout import Layout, Signal
from petra.signals.outgoing import Frame
from petra.signals.quality import Quality, QualityReason, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 4
"""Layouts that a client keeps: those before the newest one are of messages that wait."""

Flawed = Mapping[int, QualityReason]


def snapshot_as_data(snapshot: Snapshot, layout: int) -> list[Any]:
    """Return a snapshot for a message."""
    s = snapshot
    forced = sorted(s.forced)
    return [layout, s.scan, s.time, list(s.indices), s.data, s.times, _flaws_as_data(s.flawed), forced]


def snapshot_from(data: Sequence[Any], layouts: Layouts) -> Snapshot:
    """Return the snapshot of a message."""
    layout, scan, time, indices, values, times, flawed, forced = data
    return Snapshot(
        scan, time, layouts[layout], indices, values, times, _flaws_from(flawed), frozenset(forced)
    )


def frame_as_data(frame: Frame, layout: int) -> list[Any]:
    """Return a frame for a message; what the scan took from its inbox stays at home."""
    f = frame
    flawed = _flaws_as_data(f.flawed)
    return [layout, f.scan, f.time, f.indices, f.values, f.times, flawed, f.task, f.dt, f.missed]


def frame_from(data: Sequence[Any], layouts: Layouts) -> Frame:
    """Return the frame of a message."""
    layout, scan, time, indices, values, times, flawed, task, dt, missed = data
    return Frame(
        scan, time, layouts[layout], indices, values, times, _flaws_from(flawed), task, dt, (), missed
    )


class Numbers:
    """The numbers of a plant's layouts; each is sent to a client before what refers to it."""

    def __init__(self) -> None:
        self._layouts: list[tuple[int, Layout, bytes]] = []
        self._next = 0

    def number(self, layout: Layout, pack: Callable[[Any], bytes]) -> tuple[int, bytes]:
        """Return the number of a layout, and the layout for a message."""
        for number, known, data in self._layouts:
            if known is layout:
                return number, data
        self._next += 1
        made = (self._next, layout, pack(list(layout.signals)))
        self._layouts = [made, *self._layouts[: KEPT - 1]]
        return made[0], made[2]


class Layouts(dict[int, Layout]):
    """The layouts that a client was told of."""

    def learn(self, number: int, signals: Any) -> None:
        """Take a layout from a message."""
        self[number] = Layout(msgspec.convert(signals, list[Signal]))
        for old in sorted(self)[:-KEPT]:
            del self[old]


def _flaws_as_data(flawed: Flawed) -> list[Any]:
    """Return qualities with their reasons, each reason once: a dead device has thousands of equal ones."""
    reasons: dict[QualityReason, list[int]] = {}
    for index, status in flawed.items():
        reasons.setdefault(status, []).append(index)
    return [[s.quality.value, s.reason, s.code.value, indices] for s, indices in reasons.items()]


def _flaws_from(data: Sequence[Any]) -> Flawed:
    found: dict[int, QualityReason] = {}
    for quality, reason, code, indices in data:
        found.update(dict.fromkeys(indices, QualityReason(Quality(quality), reason, ReasonCode(code))))
    return found
