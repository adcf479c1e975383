"""Removing an item or a key, with the comments that belong to it and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra.config.edit.change import Change
from petra.config.edit.document import Document, anchors_in
from petra.config.edit.insert import leading_comments
from petra.config.edit.replace import inline_edits
from petra.config.edit.tree import Listing, Node, Pairs

if TYPE_CHECKING:
    from petra.config.edit.edits import Edit
    from petra.config.edit.lookup import Spot


def removed(spot: Spot) -> Change:
    """Return the change that removes the entry at a place."""
    document = spot.document
    assert spot.parent is not None  # noqa: S101 - a path has at least one step
    container, index = spot.parent
    refuse_anchors(document, container.values()[index])
    if container.flow:
        edits = _from_flow(document, container, index)
    elif len(container.values()) == 1:
        edits = _last_of_lines(document, spot, container)
    else:
        edits = _from_lines(document, container, index)

    def mutate() -> None:
        del container.values()[index]
        if isinstance(container, Pairs):
            del container.keys[index]
        if not container.values():
            container.anchor = None if not container.flow else container.anchor

    return Change(document, tuple(edits), mutate)


def refuse_anchors(document: Document, node: Node) -> None:
    """Refuse to remove an anchor that an alias outside of the removed part uses."""
    start, end = node.start, document.stop(node)
    for anchored in anchors_in(node):
        for alias in document.tree.used.get(id(anchored), []):
            if not start <= alias.start < end:
                line, _ = document.place(alias)
                message = f"it contains &{anchored.anchor}, which line {line} uses as *{anchored.anchor}"
                raise document.error(
                    message, anchored, "remove the alias first, or write the value out there"
                )


def _last_of_lines(document: Document, spot: Spot, container: Listing | Pairs) -> list[Edit]:
    """Return the edits that leave `[]` or `{}` of a list or mapping in lines."""
    text = "[]" if isinstance(container, Listing) else "{}"
    if len(spot.way) == 1:
        first = document.line_start(leading_comments(document, container, 0))
        return [document.edit(first, document.line_end(document.stop(container)), text)]
    parent, index = spot.way[-2]
    return inline_edits(document, parent, index, container, text, whole_lines=True)


def _from_lines(document: Document, container: Listing | Pairs, index: int) -> list[Edit]:
    start = document.entry_start(container, index)
    number, column = document.line_of(start), document.column(start)
    stop = document.entry_stop(container, index)
    if not document.gap_is_blank(document.line_start(number), start):
        following = document.entry_start(container, index + 1)
        if document.gap_is_blank(stop, following):
            return [document.edit(start, following, "")]
        lead = len(document.text[document.line_start(number) : start].rstrip(" "))
        return [document.edit(document.line_start(number) + lead, document.line_end(stop), "")]
    begin = document.line_start(leading_comments(document, container, index))
    last = document.line_of(stop)
    while last + 1 < len(document.starts):
        line = document.line(last + 1)
        bare = line.lstrip(" ")
        if not bare.startswith("#") or len(line) - len(bare) <= column:
            break
        last += 1
    end = document.line_start(last + 1)
    return [document.edit(begin, end, "")]


def _from_flow(document: Document, container: Listing | Pairs, index: int) -> list[Edit]:
    size = len(container.values())
    start, stop = document.entry_start(container, index), document.entry_stop(container, index)
    if index + 1 < size:
        following = document.entry_start(container, index + 1)
        comma = document.skip_space(stop)
        if document.gap_is_blank(stop, comma) and document.gap_is_blank(comma + 1, following):
            return [document.edit(start, following, "")]
        return [document.edit(start, stop, ""), document.edit(comma, comma + 1, "")]
    if index > 0:
        before = document.entry_stop(container, index - 1)
        comma = document.skip_space(before)
        if document.gap_is_blank(before, comma) and document.gap_is_blank(comma + 1, start):
            return [document.edit(before, stop, "")]
        return [document.edit(comma, comma + 1, " "), document.edit(start, stop, "")]
    comma = document.skip_space(stop)
    if document.text[comma : comma + 1] == ",":
        if document.gap_is_blank(stop, comma):
            return [document.edit(start, comma + 1, "")]
        return [document.edit(start, stop, ""), document.edit(comma, comma + 1, "")]
    return [document.edit(start, stop, "")]
