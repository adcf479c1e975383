"""An incident as a test: recorded scans written as a Python file that runs them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.engine.record import RecordError, digest
from petra.engine.replay import Replayed, Segment, replay_segment
from petra.errors import PetraError

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plugin import Catalog

_MOST = 50  # scans of a test, unless told which
_TEST = '''"""{what}, as it was recorded. Made by `petra replay --pytest`."""

from petra import Catalog
from petra.testing import replay_incident

INCIDENT = r"""
{incident}
"""


def test_{name}():
    """The plant does again what it did, scan by scan."""
    replay_incident(INCIDENT, Catalog.load())
'''


class IncidentError(PetraError, AssertionError):
    """A scan of an incident came out differently."""


def write_test(
    segments: Sequence[Segment], catalog: Catalog, path: Path, first: int | None, last: int | None
) -> int:
    """Write scans of a recording as a test; return how many. Without numbers, the last fifty."""
    scans = [scan for segment in segments for scan in segment.scans]
    if not scans:
        raise RecordError("the recording has no scans")
    end = last if last is not None else scans[-1][0]
    begin = first if first is not None else max(scans[0][0], end - _MOST + 1)
    kept = _cut(segments, begin, end)
    if kept is None:
        raise RecordError(f"scan {begin} is not in the recording, which has {scans[0][0]} to {scans[-1][0]}")
    rows: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for scan, recorded in zip(replay_segment(kept, catalog), kept.scans, strict=True):
        values = _outputs(scan, kept)
        changed = {name: value for name, value in values.items() if _bits(before.get(name)) != _bits(value)}
        before = values
        row = {
            "scan": scan.number,
            "task": scan.task,
            "dt": scan.dt,
            "inbox": recorded[3],
            "faults": scan.faults,
        }
        rows.append(row | ({"changed": changed} if scan.number >= begin else {}))
    incident = {"plant": kept.plant, "state": kept.state, "scans": rows}
    name = "".join(c if c.isalnum() else "_" for c in path.stem.removeprefix("test_")) or "incident"
    path.write_text(
        _TEST.format(
            what=f"Scans {begin} to {end}",
            name=name,
            incident=json.dumps(incident).replace('"""', r"\u0022" * 3),
        ),
        "utf-8",
    )
    return sum(scan[0] >= begin for scan in kept.scans)


def replay_incident(text: str, catalog: Catalog) -> int:
    """Run an incident again; raise IncidentError at the first scan that differs. Return how many were run."""
    incident = json.loads(text)
    scans = [(row["scan"], row["task"], row["dt"], row["inbox"], 0) for row in incident["scans"]]
    segment = Segment(incident["plant"], incident["state"], scans)
    before: dict[str, Any] = {}
    for scan, row in zip(replay_segment(segment, catalog), incident["scans"], strict=True):
        values = _outputs(scan, segment)
        changed = {name: value for name, value in values.items() if _bits(before.get(name)) != _bits(value)}
        before = values
        expected = row.get("changed")
        if expected is not None and {n: _bits(v) for n, v in changed.items()} != {
            n: _bits(v) for n, v in expected.items()
        }:
            raise IncidentError(f"scan {scan.number}: {_difference(changed, expected)}")
        if dict(scan.faults) != row["faults"]:
            raise IncidentError(f"scan {scan.number}: faults {dict(scan.faults)}, recorded {row['faults']}")
    return len(scans)


def _cut(segments: Sequence[Segment], begin: int, end: int) -> Segment | None:
    """Return one segment that has these scans, as far as no reload came between them."""
    found: Segment | None = None
    for segment in segments:
        if found is None:
            if segment.scans and segment.scans[0][0] <= begin <= segment.scans[-1][0]:
                found = segment
        elif not segment.continues:
            break
        else:
            found = evolve(found, scans=[*found.scans, *segment.scans])
    return found and evolve(found, scans=[scan for scan in found.scans if scan[0] <= end])


def _outputs(scan: Replayed, segment: Segment) -> dict[str, Any]:
    written = {signal for block in segment.plant["blocks"] for signal in block["outputs"].values()}
    return {name: value for name, value in scan.values.items() if name in written}


def _bits(value: Any) -> Any:
    return type(value), digest([value]) if isinstance(value, float) else value


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    names = sorted(n for n in found.keys() | expected.keys() if _bits(found.get(n)) != _bits(expected.get(n)))
    shown = [f"{n} was {expected.get(n, 'unchanged')!r}, is {found.get(n, 'unchanged')!r}" for n in names[:5]]
    return "; ".join(shown) + (f"; and {len(names) - 5} more" if len(names) > 5 else "")
