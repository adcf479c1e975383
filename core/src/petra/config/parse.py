"""YAML text → nodes, with bounds and with all problems of the text reported.

The tree is built from the events of libyaml on an explicit stack: without recursion, so a deep document
cannot exhaust the stack, and without a resolver, so no type is guessed. Size, depth and the expansion of
aliases are bounded.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

import yaml

from petra.config.depth import too_deep
from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.syntax import NEWLINE, note_syntax

if TYPE_CHECKING:
    from petra.config.problems import Problems

MAX_BYTES = 16 * 2**20
MAX_NODES = 1_000_000
MAX_DEPTH = 64
MAX_SCALAR = 2**20

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml, the slow parser in Python
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_TOO_DEEP = f"more than {MAX_DEPTH} levels inside each other"
_NO_KEY = Scalar(0, 0, "", plain=False)


class _Stop(Exception):  # noqa: N818 - it only ends the parsing
    """The rest of the document cannot be read; the problem is reported already."""


def decode(data: bytes, problems: Problems) -> str | None:
    """Return the text of a document; report the place and return None if it is not valid UTF-8 text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add_at(1, 1, "not-utf8", "the file is UTF-16", hint="save it as UTF-8")
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode("utf-8"))
        problems.add_at(
            line,
            column,
            "not-utf8",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            hint="save the file as UTF-8",
        )
        return None
    if bad := _UNPRINTABLE.search(text):
        line, column = _position(text[: bad.start()])
        problems.add_at(
            line,
            column,
            "bad-character",
            f"the character U+{ord(bad.group()):04X} is not allowed in a document",
        )
        return None
    return text


def parse_document(text: str, problems: Problems) -> Node | None:
    """Return the root of the document, or None if the document is empty or not valid."""
    builder = _Builder(problems)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.add_event(event)
    except yaml.MarkedYAMLError as error:
        if not builder.note_depth(text, error.problem_mark):
            note_syntax(error, text, problems)
        return None
    except yaml.YAMLError as error:
        problems.add_at(1, 1, "yaml-syntax", " ".join(str(error).split()))
        return None
    except _Stop:
        return None
    return builder.root


def _position(before: str) -> tuple[int, int]:
    """Return the line and column of the character that follows this text."""
    line, start = 1, 0
    for newline in NEWLINE.finditer(before):
        line, start = line + 1, newline.end()
    return line, len(before) - start + 1


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = ("anchor", "key", "merges", "node", "weight")

    def __init__(self, node: Mapping | Sequence, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Scalar | None = None
        self.merges: list[Node] = []
        self.weight = 1


class _Builder:
    """Builds the tree from events. `weight` counts the values of a node with all aliases written out."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self._problems = problems
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._skipped = 0  # depth inside a key that is not a text, which is skipped
        self._total = 0
        self._flow: list[bool] = []  # for each open container, whether it has brackets
        self._end = 0  # the end of the last event

    def add_event(self, event: Any) -> None:
        self._end = event.end_mark.index
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self._flow) >= MAX_DEPTH:
                self._stop_reading(*_start_of(event), "too-deep", _TOO_DEEP)
            self._flow.append(bool(event.flow_style))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._flow.pop()
        self._dispatch(event)

    def note_depth(self, text: str, mark: Any) -> bool:
        """Report that the text is too deep, if that is why the library has stopped without an event."""
        end = len(text) if mark is None else mark.index + 1
        depth, flow = len(self._flow), sum(self._flow)
        at = too_deep(text, self._end, end, depth=depth, flow=flow, most=MAX_DEPTH)
        if at is not None:
            self._problems.add_at(*_position(text[:at]), "too-deep", _TOO_DEEP)
        return at is not None

    def _dispatch(self, event: yaml.Event) -> None:
        if self._skipped:
            self._skip_event(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open_container(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close_container()
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            line, column = _start_of(event)
            self._stop_reading(
                line, column, "yaml-documents", "a second document begins here; a file holds only one"
            )

    def _add_scalar(self, event: Any) -> None:
        line, column = _start_of(event)
        text: str = event.value
        if len(text) > MAX_SCALAR:
            self._stop_reading(
                line, column, "too-large", f"a single value of {len(text):,} characters is too long"
            )
        plain = event.implicit[0]
        if event.tag is not None:
            self._refuse_tag(event.tag, line, column)
            plain = False
        self._count_values(line, column, 1)
        node = Scalar(line, column, text, plain=plain)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1)
        self._place_node(node, 1)

    def _open_container(self, event: Any) -> None:
        line, column = _start_of(event)
        if event.tag is not None:
            self._refuse_tag(event.tag, line, column)
        if self._refuse_key(line, column):
            self._skipped = 1
            return
        self._count_values(line, column, 1)
        kind = Mapping if isinstance(event, yaml.MappingStartEvent) else Sequence
        self._stack.append(_Frame(kind(line, column, flow=bool(event.flow_style)), event.anchor))

    def _close_container(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.node, Mapping):
            self._merge_entries(frame, frame.node)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.node, frame.weight)
        self._place_node(frame.node, frame.weight)

    def _add_alias(self, event: Any) -> None:
        line, column = _start_of(event)
        if self._refuse_key(line, column):
            return
        known = self._anchors.get(event.anchor)
        if known is None:
            inside = any(frame.anchor == event.anchor for frame in self._stack)
            why = "is used inside its own anchor" if inside else "is not defined above"
            self._stop_reading(line, column, "yaml-alias", f"the alias *{event.anchor} {why}")
            return
        node, weight = known
        self._count_values(line, column, weight)
        self._place_node(node, weight)

    def _count_values(self, line: int, column: int, weight: int) -> None:
        self._total += weight
        if self._total > MAX_NODES:
            self._stop_reading(
                line, column, "too-large", f"over {MAX_NODES:,} values, with every alias written out"
            )

    def _place_node(self, node: Node, weight: int) -> None:
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        frame.weight += weight
        if isinstance(frame.node, Sequence):
            frame.node.items.append(node)
        elif frame.key is None:
            self._begin_entry(frame, node)
        else:
            self._end_entry(frame, frame.node, frame.key, node)

    def _begin_entry(self, frame: _Frame, node: Node) -> None:
        assert isinstance(node, Scalar)  # noqa: S101 - _refuse_key has refused all other nodes
        frame.key = node

    def _end_entry(self, frame: _Frame, mapping: Mapping, key: Scalar, value: Node) -> None:
        frame.key = None
        if key is _NO_KEY:  # its problem is reported already
            return
        if key.plain and key.text == "<<":
            frame.merges.append(value)
        elif (first := mapping.entries.get(key.text)) is not None:
            self._problems.add(
                key, "duplicate-key", f"{key.text!r} is already given in line {first.key.line}"
            )
        else:
            mapping.entries[key.text] = Entry(key, value)

    def _merge_entries(self, frame: _Frame, mapping: Mapping) -> None:
        """Merge the entries of `<<: *defaults` that are not given here; the first of several wins."""
        for merged in frame.merges:
            for source in merged.items if isinstance(merged, Sequence) else [merged]:
                if not isinstance(source, Mapping):
                    self._problems.add(source, "wrong-type", "`<<` merges a mapping, not " + source.noun)
                    continue
                for name, entry in source.entries.items():
                    mapping.entries.setdefault(name, entry)

    def _refuse_key(self, line: int, column: int) -> bool:
        """Report a list, a mapping or an alias in the place of a key; return whether there is one."""
        if not self._stack:
            return False
        frame = self._stack[-1]
        if isinstance(frame.node, Sequence) or frame.key is not None:
            return False
        self._problems.add_at(
            line, column, "bad-key", "a key must be a text, not a list, a mapping or an alias"
        )
        frame.key = _NO_KEY
        return True

    def _refuse_tag(self, tag: str, line: int, column: int) -> None:
        if tag not in _TEXT_TAGS:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._problems.add_at(
                line, column, "yaml-tag", f"the tag {shown[:60]!r} is not supported", hint="leave it out"
            )

    def _skip_event(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._skipped += 1
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._skipped -= 1

    def _stop_reading(self, line: int, column: int, code: str, message: str) -> None:
        self._problems.add_at(line, column, code, message)
        raise _Stop


def _start_of(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
