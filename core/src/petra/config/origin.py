"""Where a line of a document comes from: an included file, or a template and one of its instances.

The origin belongs to the line number, not to the node. A node that is made from another one takes over the
line, and with it the origin; and the nodes of a document without includes and templates are as small as
before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from petra.config.nodes import Node

_MOST_VALUES = 3
_LONGEST_VALUE = 24


@frozen(eq=False)
class Instance:
    """One instance of a template: its place, its values as text, and the instance that contains it."""

    template: str
    file: str
    line: int
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    outer: Instance | None = None

    def __str__(self) -> str:
        shown = [f"{name}: {_short(text)}" for name, text in self.values[:_MOST_VALUES]]
        if len(self.values) > _MOST_VALUES:
            shown.append("...")
        values = f" ({', '.join(shown)})" if shown else ""
        own = f"{self.template}{values} of {self.file}:{self.line}"
        return f"{own}, in {self.outer}" if self.outer is not None else own


@frozen(eq=False)
class Origin:
    """The file that contains a line, and the instance that the line was written out for."""

    file: str
    instance: Instance | None = None


class Line(int):
    """A line number, counted from 1, that knows its origin; a line of the main file is a plain number."""

    origin: Origin

    @classmethod
    def of(cls, number: int, origin: Origin) -> Line:
        """Return a line with an origin."""
        made = cls(number)
        made.origin = origin
        return made


def origin_of(node: Node) -> Origin | None:
    """Return the origin of a node; None for what the main file contains."""
    line = node.line
    return line.origin if isinstance(line, Line) else None


def place_of(node: Node, main: str) -> str:
    """Return file, line and column of a node, and the instance that it was written out for."""
    origin = origin_of(node)
    file = main if origin is None else origin.file
    where = f"{file}:{node.line:d}:{node.column}"
    return where if origin is None or origin.instance is None else f"{where} in {origin.instance}"


def line_of(node: Node, beside: Node, main: str) -> str:
    """Return the place of a node in a sentence about another node: the line alone if both are together."""
    origin, other = origin_of(node), origin_of(beside)
    if origin is other:
        return f"line {node.line:d}"
    file = main if origin is None else origin.file
    where = f"{file}:{node.line:d}"
    return where if origin is None or origin.instance is None else f"{where} in {origin.instance}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
