"""Points as CSV and back, without loss: one column for each setting of a point, one row for each point."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

import attrs
import yaml

from petra.config import nodes
from petra.config.environment import Environment
from petra.config.problems import Problem, Problems
from petra.config.scalars import read_plain
from petra.config.structure import Structurer
from petra.config.values import Invalid
from petra.drivers.contract.settings import PointSettings
from petra.settings import settings
from petra.settings.model import is_optional, optional

if TYPE_CHECKING:
    from pathlib import Path

CONNECTION = "connection"
_FIRST = ("signal", "address", "data_type", "direction")
_NUMBER = re.compile(r"0|[1-9]\d*")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


def connections(section: Any) -> Iterator[tuple[str, type[PointSettings], Sequence[PointSettings]]]:
    """Yield what has points in a section's model: its name, its model of a point, and the points."""
    own: Any = type(section)
    found = points_setting(own)
    if found is not None:
        name, model = found
        yield getattr(section, "called", "") or getattr(section, "name", ""), model, getattr(section, name)
        return
    for setting in settings(own):
        value = getattr(section, setting.name)
        if isinstance(value, tuple) and value and attrs.has(type(value[0])):
            for each in value:
                yield from connections(each)


def model_of(section: Any) -> type[PointSettings]:
    """Return the model of a point that a section holds, at any depth."""
    found = points_setting(section)
    if found is not None:
        return found[1]
    for setting in settings(section):
        inner = get_args(optional(setting.type))
        if inner and attrs.has(inner[0]):
            return model_of(inner[0])
    raise LookupError(f"{section.__name__} has no points")


def table(sections: Sequence[Any]) -> str:
    """Return the points of a section as CSV."""
    rows: list[dict[str, str]] = []
    for section in sections:
        for name, _, points in connections(section):
            rows += [{CONNECTION: name, **_cells(point)} for point in points]
    used = {key for row in rows for key in row}
    columns = [CONNECTION, *(key for key in _FIRST if key in used)]
    columns += sorted(used - set(columns))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read(path: Path, section: type) -> tuple[list[tuple[str, PointSettings]] | None, tuple[Problem, ...]]:
    """Return the points of a CSV file with their connections, or None, and every problem with its line."""
    problems = Problems(str(path))
    model = model_of(section)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add_at(0, 0, "unreadable", f"it cannot be read: {error}")
        return None, problems.finish()
    structurer = Structurer(problems, Environment({}, path.parent))
    found: list[tuple[str, PointSettings]] = []
    seen: dict[str, int] = {}
    for connection, row in _readable(text, model, problems):
        try:
            point = structurer.structure(row, model)
        except Invalid:
            continue
        for signal in point.signal_names if point.direction.reads else ():
            if (line := seen.setdefault(signal, row.line)) != row.line:
                problems.add(row, "duplicate-name", f"the signal {signal!r} is read in line {line} already")
        found.append((connection, point))
    return (None if problems.errors else found), problems.finish()


def written(points: Sequence[tuple[str, PointSettings]]) -> str:
    """Return points as YAML; where there are several connections, with their names as comments."""
    names = list(dict.fromkeys(name for name, _ in points))
    text = ""
    for name in names:
        entries = [entry_of(point) for connection, point in points if connection == name]
        listed = yaml.dump(
            entries, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=200
        )
        text += (f"# {name}\n" if name else "") + listed
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some YAML parser would read as another type."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(read_plain(text), str) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text.replace("${", "$${"), style=style)


_Dumper.add_representer(str, _text)


def points_setting(model: Any) -> tuple[str, type[PointSettings]] | None:
    """Return the name of the setting that holds the points of a connection, and their model."""
    for setting in settings(model):
        inner = get_args(optional(setting.type))
        if inner and isinstance(inner[0], type) and issubclass(inner[0], PointSettings):
            return setting.name, inner[0]
    return None


def entry_of(point: PointSettings) -> dict[str, Any]:
    """Return the settings of a point that differ from their defaults."""
    entry: dict[str, Any] = {}
    model: Any = type(point)
    for setting in settings(model):
        value = getattr(point, setting.name)
        if setting.required or value != setting.default:
            entry[setting.name] = value.value if isinstance(value, Enum) else value
    return entry


def _cells(point: PointSettings) -> dict[str, str]:
    return {key: _cell(value) for key, value in entry_of(point).items()}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _readable(text: str, model: Any, problems: Problems) -> Iterator[tuple[str, nodes.Mapping]]:
    """Yield the rows up to the first one that is not valid CSV."""
    try:
        yield from _rows(text, model, problems)
    except csv.Error as error:
        problems.add_at(0, 0, "bad-value", f"it is not valid CSV: {error}; check for a missing closing quote")


def _rows(text: str, model: Any, problems: Problems) -> Iterator[tuple[str, nodes.Mapping]]:
    """Yield each row as a mapping of a document, each cell at its line and column."""
    first = text.partition("\n")[0]
    commas = first.count(",") >= first.count(";")
    reader = csv.reader(io.StringIO(text), "excel" if commas else _Semicolons)
    heading = [cell.strip() for cell in next(reader, [])]
    known = {key: setting for setting in settings(model) for key in setting.keys}
    for at, name in enumerate(heading, 1):
        if name in heading[: at - 1]:
            problems.add_at(1, at, "duplicate-key", f"there are two columns {name!r}")
        if name != CONNECTION and name not in known:
            problems.add_at(
                1,
                at,
                "unknown-key",
                f"there is no column {name!r}",
                hint=problems.meant(name, [*known, CONNECTION]),
            )
    if "signal" not in heading and "name" not in heading:
        problems.add_at(1, 1, "missing-key", "the first line names the columns, and one of them is `signal`")
        return
    line = reader.line_num + 1
    for cells in reader:
        row = nodes.Mapping(line, 1)
        begins, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heading):
            problems.add(row, "bad-value", f"{len(cells)} cells, and {len(heading)} columns")
            continue
        connection = ""
        for at, (name, cell) in enumerate(zip(heading, cells, strict=False), 1):
            if name == CONNECTION:
                connection = cell.strip()
                if not connection.isprintable():
                    problems.add_at(
                        begins, at, "bad-value", f"{connection!r} is not a valid name of a connection"
                    )
            elif name in known and cell != "":
                key = nodes.Scalar(1, at, name, plain=True)
                row.entries[name] = nodes.Entry(
                    key, _scalar(begins, at, cell, known[name].type, commas=commas)
                )
        yield connection, row


class _Semicolons(csv.excel):
    """The CSV that spreadsheets write in countries with a decimal comma."""

    delimiter = ";"


def _with_point(cell: str) -> str:
    """Return a number with a decimal comma written with a decimal point."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell


def _scalar(line: int, column: int, cell: str, kind: Any, *, commas: bool) -> nodes.Scalar:
    """Return a cell as a scalar: a text where the setting is a text, otherwise a plain YAML value."""
    cell = cell.replace("${", "$${")
    inner = optional(kind) if is_optional(kind) else kind
    alternatives = get_args(inner)
    text = inner is str or (str in alternatives and not _NUMBER.fullmatch(cell.strip()))
    if not commas and not text:
        cell = _with_point(cell)
    return nodes.Scalar(line, column, cell if text else cell.strip(), plain=not text)
