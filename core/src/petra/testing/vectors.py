"""Test vectors: the inputs of a block for each scan, and the expected outputs. They also document the block.

A file is a list of cases:

    - about: The output follows the input after 0.3 s.
      params: {preset_ms: 300}
      dt: 0.1
      scans:
      - {in: {input: true}, out: {q: false, elapsed: 100.0}}
      - {out: {q: false, elapsed: 200.0}}
      - {out: {q: true, elapsed: 300.0}}

An input keeps its value until another one is given; `{level: {bad: 3.5}}` gives it bad quality. `repeat: 10`
runs ten scans before the outputs are compared; `fault: text` expects a fault whose reason contains the text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from petra.blocks import Block

DT = 0.1


class Row(NamedTuple):
    """One scan: the inputs written before it, and the outputs expected after it."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    dt: float
    repeat: int
    fault: str | None


class Case(NamedTuple):
    """Consecutive scans, beginning with a new block."""

    about: str
    params: Mapping[str, Any]
    rows: tuple[Row, ...]
    types: Mapping[str, str]
    """The types of signals at generic ports, if they are not the types of the first values."""


def read_vectors(path: Path) -> list[Case]:
    """Return the cases of a file."""
    import yaml

    listed = yaml.safe_load(path.read_text("utf-8"))
    return [_read_case(path, each) for each in listed]


def _read_case(path: Path, given: dict[str, Any]) -> Case:
    if unknown := given.keys() - {"about", "params", "scans", "dt", "types"}:
        raise ValueError(f"{path}: a case has no key {', '.join(sorted(unknown))}")
    dt = given.get("dt", DT)
    rows = []
    for row in given["scans"]:
        if unknown := row.keys() - {"in", "out", "dt", "repeat", "fault"}:
            raise ValueError(f"{path}: a scan has no key {', '.join(sorted(unknown))}")
        rows.append(
            Row(
                row.get("in", {}),
                row.get("out", {}),
                row.get("dt", dt),
                row.get("repeat", 1),
                row.get("fault"),
            )
        )
    return Case(given.get("about", ""), given.get("params", {}), tuple(rows), given.get("types", {}))


def assert_vectors(cls: type[Block], path: Path) -> None:
    """Run every case of a file, with the step compiled and called, and compare each scan."""
    for number, case in enumerate(read_vectors(path), 1):
        for inline in (True, False):
            for row, outputs, fault in run_case(cls, case, inline=inline):
                if wrong := _first_difference(case.rows[row - 1], outputs, fault):
                    way = "compiled" if inline else "called"
                    raise AssertionError(
                        f"{path.name}, case {number} ({case.about}), scan {row}, {way}: {wrong}"
                    )


def _first_difference(expected: Row, outputs: Mapping[str, Any], fault: str) -> str:
    if (expected.fault or "") not in fault or bool(expected.fault) != bool(fault):
        return f"fault {fault!r}, not {expected.fault or ''!r}"
    for name, value in expected.outputs.items():
        if not _same_value(outputs[name], value):
            return f"{name} is {outputs[name]!r}, not {value!r}"
    return ""


def run_case(
    cls: type[Block], case: Case, *, inline: bool = True
) -> Iterator[tuple[int, dict[str, Any], str]]:
    """Run a case; yield the number of each row, the outputs by port, and the reason of a fault."""
    from petra.scan import Bench

    first: dict[str, Any] = {}
    for row in case.rows:
        for name, value in row.inputs.items():
            first.setdefault(name, _plain_value(value))
    bench = Bench(cls, inputs=first, types=case.types, params=case.params, inline=inline)
    for number, row in enumerate(case.rows, 1):
        for name, value in row.inputs.items():
            bench.write(name, _plain_value(value), bad=isinstance(value, dict))
        for _ in range(row.repeat):
            bench.scan(row.dt)
        yield number, bench.outputs(), bench.fault


def _plain_value(value: Any) -> Any:
    return value["bad"] if isinstance(value, dict) else value


def _same_value(found: object, wanted: object) -> bool:
    if isinstance(found, float) and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        if math.isnan(wanted):
            return math.isnan(found)
        return math.isclose(found, wanted, rel_tol=1e-8, abs_tol=1e-12)
    return type(found) is type(wanted) and found == wanted
