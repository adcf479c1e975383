"""The document as a tree of nodes with their places.

Nodes hold the written text, not its meaning: a scalar is a text, and whether the text was quoted. The model
that reads it decides the meaning (`structure.py`), so `12:30` never becomes 750 on the way.
"""

from __future__ import annotations

from typing import NamedTuple


class Node:
    """A part of the document; line and column count from 1."""

    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column

    def __repr__(self) -> str:  # without the text: it may be a secret
        return f"<{self.noun} at {self.line}:{self.column}>"

    @property
    def noun(self) -> str:
        """The name of this kind of node in a sentence."""
        return "nothing"


class Scalar(Node):
    """A text; `plain` if it is written without quotes."""

    __slots__ = ("plain", "text")

    def __init__(self, line: int, column: int, text: str, *, plain: bool) -> None:
        super().__init__(line, column)
        self.text = text
        self.plain = plain

    @property
    def noun(self) -> str:
        """The name of this kind of node in a sentence."""
        return "nothing" if self.is_null else "a single value"

    @property
    def is_null(self) -> bool:
        """Whether the value is empty, `null` or `~`."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


class Sequence(Node):
    """A list; `flow` if it is written in brackets."""

    __slots__ = ("flow", "items")

    def __init__(self, line: int, column: int, *, flow: bool = False) -> None:
        super().__init__(line, column)
        self.flow = flow
        self.items: list[Node] = []

    @property
    def noun(self) -> str:
        """The name of this kind of node in a sentence."""
        return "a list"


class Entry(NamedTuple):
    """A key of a mapping, with its own place, and its value."""

    key: Scalar
    value: Node


class Mapping(Node):
    """Keys and values in the order of the document; `flow` if written in braces."""

    __slots__ = ("entries", "flow")

    def __init__(self, line: int, column: int, *, flow: bool = False) -> None:
        super().__init__(line, column)
        self.flow = flow
        self.entries: dict[str, Entry] = {}

    @property
    def noun(self) -> str:
        """The name of this kind of node in a sentence."""
        return "a mapping"

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None."""
        entry = self.entries.get(key)
        return entry.value if entry else None


def paths(root: Node, wanted: set[int]) -> dict[int, str]:
    """Return the path ("blocks[3].inputs.in1") of each node whose id is wanted.

    A node that aliases use in several places gets the path of its first place.
    """
    found: dict[int, str] = {}
    seen: set[int] = set()
    pending: list[tuple[Node, str]] = [(root, "")]
    while pending and len(found) < len(wanted):
        node, path = pending.pop()
        if id(node) in wanted:
            found.setdefault(id(node), path)
        if id(node) in seen:
            continue
        if isinstance(node, Mapping):
            seen.add(id(node))
            # sections `x-...` hold anchors: prefer the path of the alias to the path of the anchor
            kept = [not path and name.startswith("x-") for name in node.entries]
            order = sorted(zip(kept, node.entries.items(), strict=True), key=lambda each: each[0])
            for _, (name, (key, value)) in reversed(order):
                shown = _shown_key(name)
                inner = f"{path}.{shown}" if path else shown
                if id(key) in wanted:
                    found.setdefault(id(key), inner)
                pending.append((value, inner))
        elif isinstance(node, Sequence):
            seen.add(id(node))
            pending.extend((item, f"{path}[{i}]") for i, item in reversed([*enumerate(node.items)]))
    return found


def texts(root: Node) -> set[str]:
    """Return the texts of all keys and single values in a part of the document."""
    found: set[str] = set()
    seen: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            found.add(node.text)
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, Mapping):
                found.update(node.entries)
                pending += [entry.value for entry in node.entries.values()]
            elif isinstance(node, Sequence):
                pending += node.items
    return found


def within(node: Node, *keys: str) -> Node:
    """Return the value of the first of these keys that exists, or the node itself."""
    if isinstance(node, Mapping):
        for key in keys:
            if (found := node.get(key)) is not None:
                return found
    return node


def key_of(node: Node, key: str) -> Node:
    """Return the key node of a mapping's entry, or the node itself."""
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry.key if entry else node


def _shown_key(name: str) -> str:
    name = name if len(name) <= 60 else name[:57] + "..."
    return name if name.isprintable() else repr(name)
