"""Edits of a document's text at the places that its nodes know; everything else stays byte for byte."""

from __future__ import annotations

import re

from attrs import field, frozen

from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.syntax import NEWLINE

_FLOW_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?P<comment>(?<=\s)\#[^\n\r]*)
    |(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<rest>[^\[\]{},"'\s]+|\s+|.)""",
    re.VERBOSE | re.DOTALL,
)


class CannotEditError(Exception):
    """The text at a place is not what the node there says: an anchor, a tag, or a text of several lines."""


@frozen
class Edit:
    """What stands instead of a part of the text, from `start` up to `end`."""

    start: int
    end: int
    instead: str


@frozen
class Source:
    """The text of a document, with the lines that nodes count in."""

    text: str
    starts: tuple[int, ...] = field(init=False)

    @starts.default
    def _starts(self) -> tuple[int, ...]:
        return (0, *(newline.end() for newline in NEWLINE.finditer(self.text)))

    def at(self, node: Node) -> int:
        """Return where a node begins in the text."""
        return self.starts[node.line - 1] + node.column - 1

    def line(self, number: int) -> str:
        """Return a line, counted from 1, without its end."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return NEWLINE.sub("", self.text[self.starts[number - 1] : end])

    def replaced(self, node: Scalar, instead: str) -> Edit:
        """Return the edit that writes another text in place of a scalar, in the quotes that it has."""
        start = self.at(node)
        if not node.plain:
            start += 1
        end = start + len(node.text)
        if self.text[start:end] != node.text or (not node.plain and self.text[start - 1] not in "\"'"):
            raise CannotEditError
        return Edit(start, end, instead)

    def without(self, mapping: Mapping, keys: set[str]) -> list[Edit]:
        """Return the edits that take entries out: as comments where lines allow it, else for good."""
        entries = sorted(mapping.entries.values(), key=lambda entry: self.at(entry.key))
        entries = [entry for entry in entries if self.owns(mapping, entry)]
        dropped = [entry.key.text in keys for entry in entries]
        if not any(dropped):
            return []
        return self._cut(entries, dropped) if mapping.flow else self._commented(entries, dropped)

    def owns(self, mapping: Mapping, entry: Entry) -> bool:
        """Return whether an entry is written in a mapping, and not taken over from another by `<<`."""
        if mapping.flow:
            return self.at(mapping) <= self.at(entry.key) <= self.flow_end(self.at(mapping))
        return entry.key.column == mapping.column and entry.key.line >= mapping.line

    def _cut(self, entries: list[Entry], dropped: list[bool]) -> list[Edit]:
        edits = []
        i = 0
        while i < len(entries):
            if not dropped[i]:
                i += 1
                continue
            first = i
            while i < len(entries) and dropped[i]:
                i += 1
            start = self.at(entries[first].key)
            if i < len(entries):
                edits.append(Edit(start, self.at(entries[i].key), ""))
                continue
            end = self.flow_end(self.at(entries[-1].value))
            before = self.text[:start].rstrip()
            edits.append(Edit(len(before) - 1 if first and before.endswith(",") else start, end, ""))
        return edits

    def flow_end(self, start: int) -> int:
        """Return where what begins at a place within brackets ends."""
        depth, end = 0, start
        for token in _FLOW_TOKEN.finditer(self.text, start):
            match token.lastgroup:
                case "open":
                    depth += 1
                case "close":
                    depth -= 1
                    if depth <= 0:
                        return token.end() if depth == 0 else end
                case "comma" if depth == 0:
                    return end
            if not token.group().isspace() and token.lastgroup != "comment":
                end = token.end()
        return end

    def _commented(self, entries: list[Entry], dropped: list[bool]) -> list[Edit]:
        edits: list[Edit] = []
        indent = entries[0].key.column - 1
        lead = self.line(entries[0].key.line)[:indent]
        for i, entry in enumerate(entries):
            if dropped[i]:
                for number in range(entry.key.line, self.last_line(entries, i) + 1):
                    edits += self._comment(number, indent)
        if dropped[0] and lead.strip():
            kept = next((entry for entry, gone in zip(entries, dropped, strict=True) if not gone), None)
            if kept is None or self.line(kept.key.line)[:indent].strip():
                raise CannotEditError
            start = self.starts[kept.key.line - 1]
            edits.append(Edit(start, start + indent, lead))
        return edits

    def _comment(self, number: int, indent: int) -> list[Edit]:
        line, start = self.line(number), self.starts[number - 1]
        if not line.strip():
            return []
        spaces = min(indent, len(line) - len(line.lstrip(" ")))
        cut = indent if line[:indent].strip() in ("-", "- -") else spaces
        return [Edit(start, start + cut, " " * cut + "# ")]

    def last_line(self, entries: list[Entry], i: int) -> int:
        """Return the last line of an entry of a block, without the comments that belong to what follows."""
        entry, indent = entries[i], entries[i].key.column - 1
        listed = isinstance(entry.value, Sequence) and not entry.value.flow
        last = entry.key.line
        until = entries[i + 1].key.line if i + 1 < len(entries) else len(self.starts) + 1
        for number in range(entry.key.line + 1, until):
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


def applied(text: str, edits: list[Edit]) -> str:
    """Return a text after edits that do not overlap; the same edit twice is one."""
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.instead + text[edit.end :]
    return text
