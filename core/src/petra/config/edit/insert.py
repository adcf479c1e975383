"""Adding an item to a list or a key to a mapping, in the style of its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from petra.config.edit.change import Change, Effect
from petra.config.edit.document import last_inside
from petra.config.edit.edits import Edit
from petra.config.edit.render import flow_text, key_text, node_of, wants_block
from petra.config.edit.replace import replaced, writer_of
from petra.config.edit.tree import Leaf, Listing, Node, Pairs

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.config.edit.lookup import Spot


def inserted(
    spot: Spot, key: str | None, value: Any, index: int | None = None, names: frozenset[str] = frozenset()
) -> Change:
    """Return the change that adds an entry to the list or mapping at a place; at its end without an index."""
    document, container = spot.document, spot.node
    assert isinstance(container, Listing | Pairs)  # noqa: S101 - the caller has looked
    size = len(container.values())
    at = size if index is None else index
    if size == 0 and spot.parent is not None and not spot.flow and _plain_empty(document, container):
        return replaced(spot, [value] if key is None else {key: value})
    edits = (
        _into_flow(document, container, key, value, at)
        if container.flow
        else _into_lines(document, container, key, value, at, at_root=not spot.way)
    )

    def mutate() -> None:
        if isinstance(container, Pairs):
            container.keys.insert(at, Leaf(str(key), plain=False))
        container.values().insert(len(container.values()) if at == size else at, node_of(value))

    def append() -> None:
        if isinstance(container, Pairs):
            container.keys.append(Leaf(str(key), plain=False))
        container.values().append(node_of(value))

    if at < size:
        return Change(document, tuple(edits), mutate)
    effect = Effect.APPENDED if size else Effect.MOVED
    return Change(document, tuple(edits), append, effect, container, names)


def _plain_empty(document: Document, container: Listing | Pairs) -> bool:
    """Return whether brackets contain nothing at all, have no anchor, and end their line."""
    inner = document.text[container.body + 1 : container.end - 1]
    rest = document.text[container.end : document.line_end(container.end)].lstrip()
    return container.anchor is None and not inner.strip() and (not rest or rest.startswith("#"))


def _entry_text(container: Listing | Pairs, key: str | None, value: Any) -> str:
    text = flow_text(value)
    return f"{key_text(key, flow=True)}: {text}" if isinstance(container, Pairs) else text


def _into_flow(
    document: Document, container: Listing | Pairs, key: str | None, value: Any, at: int
) -> list[Edit]:
    text = _entry_text(container, key, value)
    size = len(container.values())
    if size == 0:
        start = container.body + 1
        return [Edit(start, "", text)]
    if at < size:
        return [Edit(document.entry_start(container, at), "", f"{text}, ")]
    last = size - 1
    start, stop = document.entry_start(container, last), document.entry_stop(container, last)
    if key is not None and isinstance(container, Pairs) and stop <= container.keys[last].end:
        stop = container.keys[last].end
    own_line = document.gap_is_blank(document.line_start(document.line_of(start)), start)
    if not own_line or document.line_of(start) == document.line_of(container.body):
        return [Edit(stop, "", f", {text}")]
    line_end, comma = document.line_end(stop), document.skip_space(stop)
    closes = document.line_of(container.end - 1) == document.line_of(stop)
    if closes:
        return [Edit(stop, "", f",{document.newline}{' ' * document.column(start)}{text}")]
    below = f"{document.newline}{' ' * document.column(start)}{text}"
    if document.text[comma : comma + 1] == ",":
        if document.line_of(comma) != document.line_of(stop):
            return [Edit(stop, "", f", {text}")]
        return [Edit(line_end, "", f"{below},")]
    return [Edit(stop, "", ","), Edit(line_end, "", below)]


def _into_lines(
    document: Document, container: Listing | Pairs, key: str | None, value: Any, at: int, *, at_root: bool
) -> list[Edit]:
    column = document.column(document.first(container))
    writer = writer_of(document, container)
    newline, _size = document.newline, len(container.values())
    block = at_root or wants_block(value, column) or _siblings_in_lines(container, value)
    if isinstance(container, Pairs):
        lines = writer.key_lines(str(key), value, column, block=block)
    else:
        lines = writer.item_lines(value, column, block=block)
    made = newline.join([" " * column + lines[0], *lines[1:]])
    if at > 0:
        blank = newline if _spaced(document, container) else ""
        end = document.line_end(document.entry_stop(container, at - 1))
        return [Edit(end, "", f"{newline}{blank}{made}")]
    start = document.entry_start(container, 0)
    number = document.line_of(start)
    if not document.gap_is_blank(document.line_start(number), start):
        return [Edit(start, "", f"{made.lstrip()}{newline}{' ' * column}")]
    return [Edit(document.line_start(leading_comments(document, container, 0)), "", f"{made}{newline}")]


def leading_comments(document: Document, container: Listing | Pairs, index: int) -> int:
    """Return the line where an entry begins with the comment lines directly above it."""
    start = document.entry_start(container, index)
    column, number = document.column(start), document.line_of(start)
    first = number
    while first > 0:
        line = document.line(first - 1)
        if not (line.lstrip(" ").startswith("#") and len(line) - len(line.lstrip(" ")) == column):
            return first
        first -= 1
    return number  # the head of the file, which is about all of it


def _siblings_in_lines(container: Listing | Pairs, value: Any) -> bool:
    """Return whether the last neighbour of the same kind is written in lines."""
    kind = Pairs if isinstance(value, dict) else Listing
    if not isinstance(value, dict | list | tuple):
        return False
    alike: list[Node] = [node for node in container.values()[-50:] if isinstance(node, kind)]
    return bool(alike) and not alike[-1].flow  # type: ignore[union-attr]  # a list or a mapping


def _spaced(document: Document, container: Listing | Pairs) -> bool:
    """Return whether there is an empty line between the last two entries."""
    size = len(container.values())
    last_value = last_inside(container)
    if size < 2 or (isinstance(last_value, Leaf) and last_value.block):
        return False  # an empty line would belong to the text above it
    first = document.line_of(document.entry_stop(container, size - 2)) + 1
    last = document.line_of(document.entry_start(container, size - 1))
    return any(not document.line(number).strip() for number in range(first, last))


def made_mapping(spot: Spot, short: tuple[str, ...], key: str, value: Any) -> Change:
    """Return the change that makes a mapping of a single value which was its short form."""
    document, leaf = spot.document, spot.node
    assert isinstance(leaf, Leaf)  # noqa: S101 - the caller has looked
    assert spot.parent is not None  # noqa: S101 - the short form is an item
    parent, index = spot.parent
    written = document.text[leaf.body : leaf.end]
    if spot.flow or not _any_in_lines(parent):
        more = "".join(f", {name}: {written}" for name in short[1:])
        edits = [
            Edit(leaf.start, "", f"{{{short[0]}: "),
            Edit(leaf.end, "", f"{more}, {key_text(key, flow=True)}: {flow_text(value)}}}"),
        ]
    else:
        column = document.column(leaf.start)
        lead = document.newline + " " * column
        lines = writer_of(document, parent).key_lines(key, value, column, block=wants_block(value, column))
        below = "".join(f"{lead}{name}: {written}" for name in short[1:])
        below += lead + document.newline.join(lines)
        end = document.line_end(leaf.end)
        edits = [Edit(leaf.start, "", f"{short[0]}: "), Edit(end, "", below)]

    def mutate() -> None:
        made = Pairs(flow=True)
        made.keys = [Leaf(name, plain=False) for name in (*short, key)]
        made.nodes = [leaf, *(Leaf(leaf.text, plain=leaf.plain) for _ in short[1:]), node_of(value)]
        parent.values()[index] = made

    return Change(document, tuple(edits), mutate)


def _any_in_lines(parent: Listing | Pairs) -> bool:
    return any(isinstance(node, Pairs) and not node.flow for node in parent.values())
