"""The text of a document as a tree of nodes with exact offsets, as it is written: aliases stay aliases.

The tree of `petra.config.nodes` holds what a document means, with aliases replaced and `<<` merged; this one
holds where everything stands. Offsets are those of libyaml's events, in code points of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from petra.config.edit.errors import EditError
from petra.config.parse import MAX_DEPTH, MAX_NODES, decode
from petra.config.problems import Problems
from petra.config.scalars import Ambiguous, read_plain
from petra.config.syntax import note_syntax

BOM = "\ufeff"
MERGE = "<<"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+(?:#[^\n\r\x85\u2028\u2029]*\s*)*|\Z))+")


class Leaf:
    """A single value; `start` is before its anchor and tag, `body` after them."""

    __slots__ = ("anchor", "body", "end", "plain", "start", "style", "tag", "text")

    def __init__(self, text: str, *, plain: bool, start: int = -1, end: int = -1) -> None:
        self.text = text
        self.plain = plain
        self.start = self.body = start
        self.end = end
        self.style = ""
        self.anchor: str | None = None
        self.tag: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is written."""
        return self.body == self.end

    @property
    def null(self) -> bool:
        """Whether the value is empty, `null` or `~`."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")

    @property
    def block(self) -> bool:
        """Whether the text is written in lines below `|` or `>`."""
        return self.style in ("|", ">")


class Alias:
    """An alias `*name`; `target` is the node with that anchor."""

    __slots__ = ("end", "name", "start", "target")

    def __init__(self, name: str, target: Node, start: int, end: int) -> None:
        self.name = name
        self.target = target
        self.start = start
        self.end = end


class Branch:
    """A list or a mapping; `flow` if it is written in brackets or braces."""

    __slots__ = ("anchor", "body", "end", "flow", "start", "tag")

    def __init__(self, *, flow: bool, start: int = -1, end: int = -1) -> None:
        self.flow = flow
        self.start = self.body = start
        self.end = end
        self.anchor: str | None = None
        self.tag: str | None = None


class Listing(Branch):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, *, flow: bool, start: int = -1, end: int = -1) -> None:
        super().__init__(flow=flow, start=start, end=end)
        self.items: list[Node] = []

    def values(self) -> list[Node]:
        """Return the items."""
        return self.items


class Pairs(Branch):
    """A mapping, with its keys in the order of the text; a key may be given twice, by mistake."""

    __slots__ = ("keys", "nodes")

    def __init__(self, *, flow: bool, start: int = -1, end: int = -1) -> None:
        super().__init__(flow=flow, start=start, end=end)
        self.keys: list[Node] = []
        self.nodes: list[Node] = []

    def values(self) -> list[Node]:
        """Return the values."""
        return self.nodes

    def find(self, *keys: str) -> int | None:
        """Return the position of the first entry with one of these keys, or None."""
        for i, key in enumerate(self.keys):
            if isinstance(key, Leaf) and key.text in keys:
                return i
        return None

    def get(self, *keys: str) -> Node | None:
        """Return the value of the first entry with one of these keys, or None."""
        at = self.find(*keys)
        return None if at is None else self.nodes[at]


Node = Leaf | Alias | Listing | Pairs


class Tree:
    """The nodes of one text."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.used: dict[int, list[Alias]] = {}
        """The aliases of each node that has any, by its id."""


def resolved(node: Node | None) -> Node | None:
    """Return the node itself, or the one that an alias names."""
    return node.target if isinstance(node, Alias) else node


def read_tree(text: str, file: str) -> Tree:
    """Return the tree of a text; raise EditError with the place if the text is not a valid document."""
    problems = Problems(file)
    if decode(text.removeprefix(BOM).encode("utf-8", "surrogatepass"), problems) is not None:
        shift = len(BOM) if text.startswith(BOM) else 0
        builder = _Builder(text, shift, file)
        try:
            builder.read(_LOADER(text[shift:]).get_event)
        except yaml.MarkedYAMLError as error:
            note_syntax(error, text[shift:], problems)
        except yaml.YAMLError as error:
            raise EditError(" ".join(str(error).split()), file=file) from None
        else:
            return builder.tree
    found = problems.finish()[0]
    raise EditError(found.message, file=file, line=found.line, column=found.column, hint=found.hint)


class _Builder:
    """Builds the tree from events."""

    def __init__(self, text: str, shift: int, file: str) -> None:
        self.tree = Tree()
        self._text = text
        self._shift = shift
        self._file = file
        self._stack: list[Listing | Pairs] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def read(self, next_event: Callable[[], Any]) -> None:
        """Add every event."""
        while (event := next_event()) is not None:
            self.add(event)

    def add(self, event: Any) -> None:
        """Add one event."""
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            node = Leaf(
                event.value,
                plain=event.implicit[0] and event.tag is None,
                start=event.start_mark.index + self._shift,
                end=event.end_mark.index + self._shift,
            )
            node.style = event.style or ""
            self._place(node, event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            made = Pairs if kind is yaml.MappingStartEvent else Listing
            opened = made(flow=bool(event.flow_style), start=event.start_mark.index + self._shift)
            self._place(opened, event)
            self._stack.append(opened)
            if len(self._stack) > MAX_DEPTH:
                raise self._error(event, f"more than {MAX_DEPTH} levels inside each other")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._stack.pop().end = event.end_mark.index + self._shift
        elif kind is yaml.AliasEvent:
            self._add_alias(event)
        elif kind is yaml.DocumentStartEvent and self.tree.root is not None:
            raise self._error(event, "a second document begins here; a file holds only one")

    def _add_alias(self, event: Any) -> None:
        target = self._anchors.get(event.anchor)
        if target is None or target in self._stack:
            raise self._error(event, f"the alias *{event.anchor} is not defined above")
        node = Alias(
            event.anchor, target, event.start_mark.index + self._shift, event.end_mark.index + self._shift
        )
        self.tree.used.setdefault(id(target), []).append(node)
        self._put(node, event)

    def _place(self, node: Leaf | Listing | Pairs, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            node.anchor, node.tag = event.anchor, event.tag
            found = _PROPERTIES.match(self._text, node.start)
            if found is not None:
                bounded = isinstance(node, Leaf) and node.end < found.end()
                node.body = node.end if bounded else found.end()
            if event.anchor is not None:
                self._anchors[event.anchor] = node
        self._put(node, event)

    def _put(self, node: Node, event: Any) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._error(event, f"over {MAX_NODES:,} values")
        if not self._stack:
            self.tree.root = node
            return
        parent = self._stack[-1]
        if isinstance(parent, Listing):
            parent.items.append(node)
        elif len(parent.keys) == len(parent.nodes):
            parent.keys.append(node)
        else:
            parent.nodes.append(node)

    def _error(self, event: Any, message: str) -> EditError:
        mark = event.start_mark
        return EditError(message, file=self._file, line=mark.line + 1, column=mark.column + 1)


def meaning(leaf: Leaf) -> Any:
    """Return what a single value is read as."""
    return read_plain(leaf.text) if leaf.plain else leaf.text


def difference(expected: Node | None, found: Node | None) -> Node | None:
    """Return the first node that is not as expected, or None when two trees mean the same."""
    pending: list[tuple[Node | None, Node | None]] = [(expected, found)]
    while pending:
        one, two = pending.pop()
        if one.__class__ is not two.__class__:
            return two or one
        if isinstance(one, Leaf) and isinstance(two, Leaf):
            if not _same_leaf(one, two):
                return two
        elif isinstance(one, Alias) and isinstance(two, Alias):
            if one.name != two.name:
                return two
        elif isinstance(one, Listing | Pairs) and isinstance(two, Listing | Pairs):
            if one.anchor != two.anchor or len(one.values()) != len(two.values()):
                return two
            if isinstance(one, Pairs) and isinstance(two, Pairs):
                pending += zip(one.keys, two.keys, strict=True)
            pending += zip(one.values(), two.values(), strict=True)
    return None


def _same_leaf(one: Leaf, two: Leaf) -> bool:
    if one.anchor != two.anchor:
        return False
    if one.text == two.text and one.plain == two.plain:
        return True
    first, second = meaning(one), meaning(two)
    if isinstance(first, Ambiguous) or first.__class__ is not second.__class__:
        return False
    return bool(first == second or (first != first and second != second))  # noqa: PLR0124 - NaN
