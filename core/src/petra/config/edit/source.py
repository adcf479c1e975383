"""Edits that `petra migrate` makes: names in their quotes, and settings that become comments or go.

A migration takes a whole document at once and leaves settings without effect readable as comments;
operations on single paths are in `perform.py`. Both make the same `Edit`s.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from attrs import field, frozen

from petra.config.edit.edits import Edit
from petra.config.edit.tokens import TextSpan, Tokens
from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.syntax import NEWLINE


class CannotEditError(Exception):
    """The text at a place differs from its node, or an edit would break the document."""


@frozen
class SourceText:
    """The text of a document, with the starts of its lines."""

    text: str
    starts: tuple[int, ...] = field(init=False)
    tokens: Tokens = field(init=False, eq=False, repr=False)

    @tokens.default
    def _tokens(self) -> Tokens:
        return Tokens(self.text)

    @starts.default
    def _starts(self) -> tuple[int, ...]:
        return (0, *(newline.end() for newline in NEWLINE.finditer(self.text)))

    def edit(self, start: int, end: int, inserted: str) -> Edit:
        """Return the edit of a part of the text."""
        return Edit(start, self.text[start:end], inserted)

    def at(self, node: Node) -> int:
        """Return the position of a node in the text."""
        return self.starts[node.line - 1] + node.column - 1

    def line(self, number: int) -> str:
        """Return a line, counted from 1, without its line break."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return NEWLINE.sub("", self.text[self.starts[number - 1] : end])

    def replaced(self, node: Scalar, instead: str) -> Edit:
        """Return the edit that replaces the text of a scalar and keeps its quotes."""
        start, end = self.tokens.scalar(self.at(node))
        if self.text[start] in "\"'":
            start, end = start + 1, end - 1
        if self.text[start:end] != node.text:  # escapes or folded lines: not safe to edit as text
            raise CannotEditError
        return self.edit(start, end, instead)

    def without(self, mapping: Mapping, keys: set[str]) -> list[Edit]:
        """Return the edits that remove entries: as comments in block style, by deletion in braces."""
        entries = sorted(mapping.entries.values(), key=lambda entry: self.at(entry.key))
        entries = [entry for entry in entries if self.owns(mapping, entry)]
        dropped = [entry.key.text in keys for entry in entries]
        if not any(dropped):
            return []
        if all(dropped) and len(entries) == len(mapping.entries):
            raise CannotEditError
        return (
            self._cut_entries(mapping, entries, dropped)
            if mapping.flow
            else self._comment_entries(entries, dropped)
        )

    def owns(self, mapping: Mapping, entry: Entry) -> bool:
        """Return whether an entry is written in this mapping, and not merged from another by `<<`."""
        at, key = self.at(mapping), self.at(entry.key)
        if mapping.flow:
            return any(part[0].start <= key < part[-1].end for part in self.tokens.parts(at))
        return entry.key.column - 1 == self.tokens.column(at) and key >= at

    def _cut_entries(self, mapping: Mapping, entries: list[Entry], dropped: list[bool]) -> list[Edit]:
        """Return the edits that remove entries from braces; the comments between them stay."""
        parts = self.tokens.parts(self.at(mapping))
        places = [self.at(entry.key) for entry, gone in zip(entries, dropped, strict=True) if gone]
        out = [any(part[0].start <= place < part[-1].end for place in places) for part in parts]
        edits: list[Edit] = []
        i = 0
        while i < len(parts):
            first = i
            while i < len(parts) and out[i] == out[first]:
                i += 1
            if out[first]:
                run = [token for part in parts[first:i] for token in part]
                comma = parts[first - 1][-1] if first and i == len(parts) else None
                edits += self._cut_run(run, comma)
        return edits

    def _cut_run(self, run: list[TextSpan], comma: TextSpan | None) -> list[Edit]:
        """Return the edits that remove adjacent entries; the last entries go with the comma before them."""
        start, end = run[0].start, run[-1].end
        self._refuse_anchors(start, end)
        if comma is not None and self.text[end - 1] != ",":
            if self.text[comma.end : start].strip():
                return [self._cut_comma(comma), *self._cut_run(run, None)]
            start = comma.start
        kept = "".join(self._comments_between(one.end, two.start) for one, two in pairwise(run))
        return [self._tidy_edit(start, end, kept)]

    def _refuse_anchors(self, start: int, end: int) -> None:
        if self.tokens.is_alias_of(start, end):
            raise CannotEditError

    def _cut_comma(self, comma: TextSpan) -> Edit:
        """Return the edit that removes a comma; a `#` after it keeps the space that makes it a comment."""
        return self.edit(*comma, " " if self.text[comma.end : comma.end + 1] == "#" else "")

    def _comments_between(self, start: int, end: int) -> str:
        """Return the text between two tokens if it contains a comment."""
        between = self.text[start:end]
        return between if between.strip() else ""

    def _tidy_edit(self, start: int, end: int, kept: str) -> Edit:
        """Return the edit that replaces a part by its comments, without leaving empty lines or blanks."""
        line = self.starts[bisect_right(self.starts, start) - 1]
        following = bisect_right(self.starts, end)
        after = self.starts[following] if following < len(self.starts) else len(self.text)
        lead, rest = self.text[line:start], self.text[end:after]
        if not rest.strip():  # the part ends with its line
            if not kept and not lead.strip():
                return self.edit(line, after, "")
            start = start if kept else line + len(lead.rstrip(" "))
            kept = kept.rstrip()
        elif not rest.lstrip(" ").startswith("#") or not lead.strip() or lead[-1].isspace():
            end += len(rest) - len(rest.lstrip(" "))
        kept = kept.lstrip(" ") if lead[-1:].isspace() else kept
        glued = kept[:1] == "#" or (not kept and self.text[end : end + 1] == "#")
        return self.edit(start, end, f" {kept}" if glued and not lead[-1:].isspace() else kept)

    def _comment_entries(self, entries: list[Entry], dropped: list[bool]) -> list[Edit]:
        edits: list[Edit] = []
        indent = entries[0].key.column - 1
        lead = self.line(entries[0].key.line)[:indent]
        for i, entry in enumerate(entries):
            if dropped[i]:
                last = self.last_line(entries, i)
                self._refuse_anchors(self.at(entry.key), [*self.starts, len(self.text)][last])
                for number in range(entry.key.line, last + 1):
                    edits += self._comment_line(number, indent)
        if dropped[0] and lead.strip():
            kept = next((entry for entry, gone in zip(entries, dropped, strict=True) if not gone), None)
            if kept is None or self.line(kept.key.line)[:indent].strip():
                raise CannotEditError
            start = self.starts[kept.key.line - 1]
            edits.append(self.edit(start, start + indent, lead))
        return edits

    def _comment_line(self, number: int, indent: int) -> list[Edit]:
        line, start = self.line(number), self.starts[number - 1]
        if not line.strip():
            return []
        spaces = min(indent, len(line) - len(line.lstrip(" ")))
        cut = indent if line[:indent].strip() in ("-", "- -") else spaces
        return [self.edit(start, start + cut, " " * cut + "# ")]

    def last_line(self, entries: list[Entry], i: int) -> int:
        """Return the last line of a block entry, without the comments that belong to the next entry."""
        entry, indent = entries[i], entries[i].key.column - 1
        listed = isinstance(entry.value, Sequence) and not entry.value.flow
        last = entry.key.line
        if (end := self.tokens.value_end(self.at(entry.key))) is not None:
            last = bisect_right(self.starts, end)
        until = entries[i + 1].key.line if i + 1 < len(entries) else len(self.starts) + 1
        for number in range(last + 1, until):
            line = self.line(number)
            bare = line.lstrip(" ")
            deep = len(line) - len(bare)
            if not bare:
                continue
            if deep > indent or (listed and deep == indent and (bare == "-" or bare.startswith("- "))):
                last = number
            elif not bare.startswith("#"):
                break
        return last
