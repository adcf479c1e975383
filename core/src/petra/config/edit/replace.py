"""Replacing the value at a place, whatever it was written as."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from petra.config.edit.change import Change, Effect
from petra.config.edit.render import BlockWriter, flow_text, node_of, scalar_text, wants_block
from petra.config.edit.tree import Alias, Leaf, Listing, Node, Pairs

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.config.edit.edits import Edit
    from petra.config.edit.lookup import Spot

_HEADER = re.compile(r"[|>][-+0-9]*")


def replaced(spot: Spot, value: Any) -> Change:
    """Return the change that gives a place that is written another value."""
    document, node = spot.document, spot.node
    assert node is not None  # noqa: S101 - the caller has found it
    assert spot.parent is not None  # noqa: S101 - a path has at least one step
    parent, index = spot.parent
    branch = isinstance(value, dict | list | tuple) and bool(value)
    lines = not spot.flow and branch and (_in_lines(node) or len(spot.way) == 1 or wants_block(value, 0))
    made = node_of(value)
    if lines:
        edits = _written_in_lines(document, parent, index, node, value)
    else:
        style = node.style if isinstance(node, Leaf) else ""
        text = flow_text(value) if branch else _inline_text(value, flow=spot.flow, style=style)
        edits = inline_edits(document, parent, index, node, text)
        if not isinstance(node, Alias) and not _in_lines(node) and node.tag is None:
            made.anchor = node.anchor  # type: ignore[union-attr]  # a value has no aliases

    def mutate() -> None:
        parent.values()[index] = made

    return Change(document, tuple(edits), mutate, Effect.REPLACED)


def _inline_text(value: Any, *, flow: bool, style: str) -> str:
    return (
        flow_text(value)
        if isinstance(value, dict | list | tuple)
        else scalar_text(value, flow=flow, style=style)
    )


def _in_lines(node: Node) -> bool:
    return isinstance(node, Listing | Pairs) and not node.flow


def inline_edits(
    document: Document,
    parent: Listing | Pairs,
    index: int,
    node: Node,
    text: str,
    *,
    whole_lines: bool = False,
) -> list[Edit]:
    """Return the edits that write a value in its line; with `whole_lines` comments at its end go too."""
    if isinstance(node, Leaf) and node.block and node.tag is None:
        header = _HEADER.match(document.text, node.body)
        assert header is not None  # noqa: S101 - such a text begins with its header
        line_end, stop = document.line_end(node.body), document.stop(node)
        below = [document.edit(line_end, stop, "")] if stop > line_end else []
        return [document.edit(node.body, header.end(), text), *below]
    if not _in_lines(node):
        return [_replace_inline(document, parent, index, node, text)]
    stop = document.stop(node)
    stop = document.line_end(stop) if whole_lines else stop
    lead = after_lead(document, parent, index)
    line_end = document.line_end(lead)
    if node.body != node.start or document.line_of(node.start) == document.line_of(lead):  # type: ignore[union-attr]
        return [document.edit(lead, stop, f" {text}")]
    return [document.edit(lead, lead, f" {text}"), document.edit(line_end, stop, "")]


def after_lead(document: Document, parent: Listing | Pairs, index: int) -> int:
    """Return the offset after the colon or the dash of an entry in block style."""
    if isinstance(parent, Pairs):
        return document.text.index(":", parent.keys[index].end) + 1
    return document.dash(parent, index) + 1


def _replace_inline(document: Document, parent: Listing | Pairs, index: int, node: Node, text: str) -> Edit:
    start = node.start if isinstance(node, Alias) else node.body
    if not isinstance(node, Alias) and node.tag is not None:
        start = node.start
        text = f"&{node.anchor} {text}" if node.anchor is not None else text
    before = document.text[start - 1 : start]
    if isinstance(parent, Pairs) and ":" not in document.text[parent.keys[index].end : start]:
        text = f": {text}"  # `{key}` in braces is a key without a value
    elif (before and before in ":-,") or (start == node.end and before not in ("", " ", "[", "{")):
        text = f" {text}"
    return document.edit(start, node.end, text)


def _written_in_lines(
    document: Document, parent: Listing | Pairs, index: int, node: Node, value: Any
) -> list[Edit]:
    column = document.column(document.first(parent))
    writer = writer_of(document, parent)
    newline = document.newline
    if isinstance(parent, Listing):
        lines = writer.item_lines(value, column, block=True)
        dash = document.dash(parent, index)
        if _in_lines(node) or (isinstance(node, Leaf) and node.block):
            return [document.edit(dash, document.stop(node), newline.join(lines))]
        below = "".join(newline + line for line in lines[1:])
        end = document.line_end(node.end)
        return [document.edit(dash, node.end, lines[0]), document.edit(end, end, below)]
    lead = after_lead(document, parent, index)
    below = "".join(newline + line for line in writer.value_lines(value, column))
    if isinstance(node, Leaf) and node.block:
        header = _HEADER.match(document.text, node.body)
        line_end = document.line_end(node.body)
        end = header.end() if header is not None else line_end
        return [
            document.edit(lead, end, ""),
            document.edit(line_end, max(line_end, document.stop(node)), below),
        ]
    if not _in_lines(node):
        end = document.line_end(node.end)
        return [document.edit(lead, node.end, ""), document.edit(end, end, below)]
    return [document.edit(document.line_end(lead), document.stop(node), below)]


def writer_of(document: Document, parent: Listing | Pairs) -> BlockWriter:
    """Return the writer that indents as the entries of a container do."""
    gap, step, offset = 2, document.step, document.list_offset
    if not parent.flow and parent.values():
        column = document.column(document.first(parent))
        if isinstance(parent, Listing):
            dash = document.dash(parent, len(parent.items) - 1)
            start = parent.items[-1].start
            same_line = document.line_of(start) == document.line_of(dash)
            gap = start - dash if same_line and start > dash + 1 else 2
        else:
            for value in parent.nodes:
                if isinstance(value, Listing) and not value.flow:
                    offset = document.column(document.first(value)) - column
                elif isinstance(value, Pairs) and not value.flow:
                    step = document.column(document.first(value)) - column
    return BlockWriter(step, offset, gap)
