"""Points of a CSV file as operations on a document: new ones are added, and those that differ are changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click
from attrs import define, field, frozen

from petra.cli.protocol.points import entry_of, points_setting
from petra.config.edit import Add, Remove, Set
from petra.config.edit.tree import Listing, Pairs, read_tree
from petra.config.reader import PROTOCOLS
from petra.config.shapes import CONNECTIONS
from petra.plural import plural
from petra.settings import settings

if TYPE_CHECKING:
    from petra.config.edit import Operation
    from petra.drivers.contract.settings import PointSettings


@define
class Import:
    """What an import does to a document."""

    operations: list[Operation] = field(factory=list)
    added: int = 0
    changed: int = 0
    same: int = 0

    def __str__(self) -> str:
        return f"{plural(self.added, 'point')} added, {self.changed} changed, {self.same} as before"


@frozen
class _Connection:
    """The points of a connection, and the path of their list."""

    name: str
    path: str
    points: Mapping[str, PointSettings]


def imported(
    points: Iterable[tuple[str, PointSettings]], sections: Sequence[Any], section: str, text: str
) -> Import:
    """Return what brings points into a section of a document; its other points stay as they are."""
    known = [*_connections(sections, section, text)]
    made = Import()
    for name, point in points:
        _bring(made, _meant(name, known, section), point)
    return made


def _connections(sections: Sequence[Any], section: str, text: str) -> Iterator[_Connection]:
    """Yield the connections of a section; a section that is a list is one model, or a model for each item."""
    path, listed = _root(text, section)
    for i, each in enumerate(sections):
        if points_setting(type(each)) is not None:
            yield from _below(each, _item(path, each, i) if listed or len(sections) > 1 else path)
        else:
            yield from _below(each, path, listed=listed)


def _item(path: str, model: Any, number: int) -> str:
    name = getattr(model, "name", "")
    return f'{path}["{name}"]' if name else f"{path}[{number}]"


def _root(text: str, section: str) -> tuple[str, bool]:
    """Return the path of a section, or of its list of connections, and whether it is a list."""
    root = read_tree(text, "").root
    path = section
    if isinstance(root, Pairs) and root.get(section) is None:
        path, root = f"{PROTOCOLS}.{section}", root.get(PROTOCOLS)
    node = root.get(section) if isinstance(root, Pairs) else None
    if isinstance(node, Pairs) and isinstance(node.get(CONNECTIONS), Listing):
        return f"{path}.{CONNECTIONS}", True
    return path, isinstance(node, Listing)


def _below(model: Any, path: str, *, listed: bool = False) -> Iterator[_Connection]:
    kind: Any = type(model)
    found = points_setting(kind)
    if found is not None:
        name = getattr(model, "called", "") or getattr(model, "name", "")
        points = {point.signal: point for point in getattr(model, found[0])}
        yield _Connection(name, f"{path}.{found[0]}", points)
        return
    for setting in settings(kind):
        value = getattr(model, setting.name)
        if isinstance(value, tuple) and value and attrs.has(type(value[0])):
            inner = path if listed else f"{path}.{setting.name}"
            for i, each in enumerate(value):
                yield from _below(each, _item(path if getattr(each, "name", "") else inner, each, i))


def _meant(name: str, known: Sequence[_Connection], section: str) -> _Connection:
    """Return the connection of a row: the only one, if the row names none."""
    found = [each for each in known if each.name == name] or ([] if name else [*known])
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(each.name) for each in known)
    if not known:
        raise click.ClickException(f"the document has no connection under `{section}`; add one first")
    if not name:
        message = f"a row names no connection, and there are {names}: add a column `connection`"
    else:
        message = f"the document has no connection {name!r} under `{section}`; there are {names}"
    raise click.ClickException(message)


def _bring(made: Import, connection: _Connection, point: PointSettings) -> None:
    new, before = entry_of(point), connection.points.get(point.signal)
    if before is None:
        made.operations.append(Add(connection.path, new))
        made.added += 1
        return
    old, place = entry_of(before), f'{connection.path}["{point.signal}"]'
    steps: list[Operation] = [Set(f"{place}.{key}", new[key]) for key in new if old.get(key) != new[key]]
    steps += [Remove(f"{place}.{key}") for key in old if key not in new]
    made.operations += steps
    made.changed += bool(steps)
    made.same += not steps
