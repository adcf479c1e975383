"""One text with its tree and its lines: where nodes end, in which line and column they stand."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

from petra.config.edit.edits import Edit
from petra.config.edit.errors import EditError
from petra.config.edit.kinds import name_of
from petra.config.edit.tree import BOM, Alias, Leaf, Listing, Node, Pairs, read_tree
from petra.config.syntax import NEWLINE

_SPACE = re.compile(r"(?:[ \t]+|#[^\n\r\x85\u2028\u2029]*|[\n\r\x85\u2028\u2029]+)*")
_STEP = 2


class Document:
    """The text of one file, read. It never changes: an edit makes another."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.tree = read_tree(text, file)
        self.begin = len(BOM) if text.startswith(BOM) else 0
        self._positions: dict[int, dict[str, list[int]]] = {}

    @cached_property
    def starts(self) -> list[int]:
        """The offsets at which lines begin."""
        return [self.begin, *(found.end() for found in NEWLINE.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        """The line break of this text: that of its first line."""
        found = NEWLINE.search(self.text)
        return found[0] if found is not None and found[0] in ("\n", "\r\n", "\r") else "\n"

    def positions(self, listing: Listing) -> Mapping[str, list[int]]:
        """Return where the items of each name are in a list of this text."""
        found = self._positions.get(id(listing))
        if found is None:  # a thousand points are looked up by name in a list of thousands
            found = self._positions[id(listing)] = {}
            for i, item in enumerate(listing.items):
                if (name := name_of(item)) is not None:
                    found.setdefault(name, []).append(i)
        return found

    def line_of(self, offset: int) -> int:
        """Return the number of a line, from 0."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def column(self, offset: int) -> int:
        """Return the column of an offset, from 0."""
        return offset - self.starts[self.line_of(offset)]

    def line_start(self, number: int) -> int:
        """Return the offset at which a line begins; that of the end after the last line."""
        return self.starts[number] if number < len(self.starts) else len(self.text)

    def line(self, number: int) -> str:
        """Return a line without its line break."""
        return NEWLINE.sub("", self.text[self.line_start(number) : self.line_start(number + 1)])

    def line_end(self, offset: int) -> int:
        """Return the offset of the line break, or of the end of the text, after an offset."""
        number = self.line_of(offset)
        return self.line_start(number) + len(self.line(number))

    def skip_space(self, offset: int) -> int:
        """Return the offset of the next text that is not blank and not a comment."""
        found = _SPACE.match(self.text, offset)
        return found.end() if found is not None else offset

    def stop(self, node: Node) -> int:
        """Return where the content of a node ends, without the comments and blank lines after it."""
        node = last_inside(node)
        return self._leaf_stop(node) if isinstance(node, Leaf) and node.block else node.end

    def _leaf_stop(self, leaf: Leaf) -> int:
        """Return the end of the last line of a literal or folded text, before its line break."""
        header = self.text[leaf.body : self.line_end(leaf.body)].split("#")[0]
        body = self.text[leaf.body : leaf.end]
        if "+" in header:  # every line break after the text belongs to it
            body = body.rstrip(" \t")
            last = body[:-2] if body.endswith("\r\n") else body[:-1]
            return leaf.body + len(last if NEWLINE.search(body[-1:]) else body)
        return leaf.body + len(body.rstrip(" \t\n\r\x85\u2028\u2029"))

    def gap_is_blank(self, start: int, end: int) -> bool:
        """Return whether there is no comment and no other text between two offsets."""
        return not self.text[start:end].strip()

    def edit(self, start: int, end: int, inserted: str) -> Edit:
        """Return the edit of a part of the text."""
        return Edit(start, self.text[start:end], inserted)

    def error(self, message: str, at: Node | int | None = None, hint: str = "") -> EditError:
        """Return the error at a place of this text."""
        if at is None:
            return EditError(message, file=self.file, hint=hint)
        line, column = self.place(at)
        return EditError(message, file=self.file, line=line, column=column, hint=hint)

    def place(self, at: Node | int) -> tuple[int, int]:
        """Return the line and column of a node or an offset, from 1."""
        offset = at if isinstance(at, int) else at.start
        offset = max(offset, self.begin)
        return self.line_of(offset) + 1, self.column(offset) + 1

    # block style

    def first(self, branch: Listing | Pairs) -> int:
        """Return where the first key or the first dash of a list or mapping in block style stands."""
        if isinstance(branch, Pairs):
            return branch.keys[0].start
        return self.skip_space(branch.body)

    def dash(self, listing: Listing, index: int) -> int:
        """Return the offset of the dash of an item of a list in block style."""
        column = self.column(self.first(listing))
        number = self.line_of(listing.items[index].start)
        while number >= 0:
            line = self.line(number)
            if line[column : column + 1] == "-" and "#" not in line[:column]:
                return self.line_start(number) + column
            number -= 1
        raise self.error("the dash of this item cannot be found", listing.items[index])

    def entry_start(self, branch: Listing | Pairs, index: int) -> int:
        """Return where an entry begins: at its dash or key in block style, at its first text otherwise."""
        if isinstance(branch, Pairs):
            return branch.keys[index].start
        return branch.items[index].start if branch.flow else self.dash(branch, index)

    def entry_stop(self, branch: Listing | Pairs, index: int) -> int:
        """Return where the content of an entry ends."""
        value = branch.values()[index]
        if isinstance(value, Leaf) and value.empty and value.anchor is None and value.tag is None:
            return max(value.end, branch.keys[index].end if isinstance(branch, Pairs) else 0)
        return self.stop(value)

    @cached_property
    def list_offset(self) -> int:
        """How far the lists of this text are indented below their keys, as the first one is."""
        pending: list[Node | None] = [self.tree.root]
        while pending:
            node = pending.pop()
            if isinstance(node, Pairs) and not node.flow:
                for value in node.nodes:
                    if isinstance(value, Listing) and not value.flow:
                        return self.column(self.first(value)) - self.column(self.first(node))
            if isinstance(node, Listing | Pairs):
                pending += reversed(node.values())
        return _STEP

    @cached_property
    def step(self) -> int:
        """How far the mappings of this text are indented below their keys, as the first one is."""
        pending: list[Node | None] = [self.tree.root]
        while pending:
            node = pending.pop()
            if isinstance(node, Pairs) and not node.flow:
                for value in node.nodes:
                    if isinstance(value, Pairs) and not value.flow:
                        return self.column(self.first(value)) - self.column(self.first(node))
            if isinstance(node, Listing | Pairs):
                pending += reversed(node.values())
        return _STEP


def last_inside(node: Node) -> Node:
    """Return the last value of a list or mapping in lines, at any depth, or the node itself."""
    while isinstance(node, Listing | Pairs) and not node.flow:
        node = node.values()[-1]
    return node


def anchors_in(node: Node) -> list[Leaf | Listing | Pairs]:
    """Return the nodes with an anchor in a part of the tree."""
    found: list[Leaf | Listing | Pairs] = []
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, Alias):
            continue
        if node.anchor is not None:
            found.append(node)
        if isinstance(node, Pairs):
            pending += node.keys
        if isinstance(node, Listing | Pairs):
            pending += node.values()
    return found
