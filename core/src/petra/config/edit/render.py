"""Values as text that PETRA, and every other YAML reader, reads back as exactly these values."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from petra.config.edit.errors import EditError
from petra.config.edit.tree import Leaf, Listing, Node, Pairs
from petra.config.parse import MAX_DEPTH, MAX_SCALAR
from petra.config.scalars import MAX_DIGITS, read_plain

WIDTH = 110
"""The longest line for a list or mapping in brackets where lines could be used."""

_PLAIN = re.compile(r"[^\W_](?:[\w./%+°²³()-]|:(?=\w)| (?=[\w(/+°-]))*")
_PLAIN_IN_FLOW = re.compile(r"[^\W_](?:[\w./%+°²³()-]| (?=[\w(/+°-]))*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_RESOLVER: Any = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"


def scalar_text(value: Any, *, flow: bool, style: str = "") -> str:
    """Return a single value as text; `style` is the quote that a text should have if it can."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise EditError(f"a number of more than {MAX_DIGITS} digits cannot be written")
        return str(int(value))
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, str):
        return _quoted(value, flow=flow, style=style)
    raise EditError(f"a {type(value).__name__} cannot be written in a document")


def key_text(key: Any, *, flow: bool) -> str:
    """Return a key as text."""
    if not isinstance(key, str):
        raise EditError(f"a key is a text, not {key!r}")
    if key == "<<":
        raise EditError("`<<` merges other mappings: it cannot be added by an edit")
    return _quoted(key, flow=flow, style="")


def flow_text(value: Any, depth: int = 0) -> str:
    """Return a value in one line, with lists and mappings in brackets."""
    if depth > MAX_DEPTH:
        raise EditError(f"more than {MAX_DEPTH} levels inside each other")
    if isinstance(value, dict):
        inner = (f"{key_text(k, flow=True)}: {flow_text(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_text(item, depth + 1) for item in value) + "]"
    return scalar_text(value, flow=True)


class BlockWriter:
    """Writes lists and mappings in lines, as the neighbours in a document are indented."""

    def __init__(self, step: int, list_offset: int, gap: int = 2) -> None:
        self._step = step
        self._list_offset = list_offset
        self._gap = gap
        """Columns from a dash to its item."""

    def key_lines(self, key: str, value: Any, column: int, *, block: bool) -> list[str]:
        """Return the lines of a key and its value, the first without its indentation."""
        head = f"{key_text(key, flow=False)}:"
        if not block or not _can_be_block(value):
            inline = scalar_text(value, flow=False) if not _is_branch(value) else flow_text(value)
            return [f"{head} {inline}"]
        return [head, *self.value_lines(value, column)]

    def value_lines(self, value: Any, column: int) -> list[str]:
        """Return the lines of the value of a key in a column, all with their indentation."""
        inner = column + (self._step if isinstance(value, dict) else self._list_offset)
        lines = self.branch_lines(value, inner)
        return [" " * inner + lines[0], *lines[1:]]

    def item_lines(self, value: Any, column: int, *, block: bool) -> list[str]:
        """Return the lines of an item with its dash, the first without its indentation."""
        lead = "-" + " " * (self._gap - 1)
        if not block or not _can_be_block(value):
            return [lead + (scalar_text(value, flow=False) if not _is_branch(value) else flow_text(value))]
        lines = self.branch_lines(value, column + self._gap)
        return [lead + lines[0], *lines[1:]]

    def branch_lines(self, value: Any, column: int) -> list[str]:
        """Return the lines of a list or mapping, the first without its indentation."""
        lines: list[str] = []
        if column > MAX_DEPTH * 16:
            raise EditError(f"more than {MAX_DEPTH} levels inside each other")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            block = wants_block(inner, column)
            if isinstance(value, dict):
                made = self.key_lines(str(key), inner, column, block=block)
            else:
                made = self.item_lines(inner, column, block=block)
            lines += [" " * column + made[0] if lines else made[0], *made[1:]]
        return lines


def wants_block(value: Any, column: int) -> bool:
    """Return whether a value inside another is better written in lines than in brackets."""
    if not _can_be_block(value):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return any(_can_be_block(each) for each in inner) or column + len(flow_text(value)) > WIDTH


def node_of(value: Any) -> Node:
    """Return the node that a value is read as."""
    if isinstance(value, dict):
        pairs = Pairs(flow=True)
        pairs.keys = [Leaf(key, plain=False) for key in value]
        pairs.nodes = [node_of(inner) for inner in value.values()]
        return pairs
    if isinstance(value, list | tuple):
        listing = Listing(flow=True)
        listing.items = [node_of(inner) for inner in value]
        return listing
    text = scalar_text(value, flow=True) if not isinstance(value, str) else value
    return Leaf(text, plain=not isinstance(value, str))


def _is_branch(value: Any) -> bool:
    return isinstance(value, dict | list | tuple)


def _can_be_block(value: Any) -> bool:
    return _is_branch(value) and bool(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(float(value))
    if "e" in text and "." not in text:  # YAML 1.1 takes `1e+16` for a text
        text = text.replace("e", ".0e")
    return text


def _quoted(text: str, *, flow: bool, style: str) -> str:
    """Return a text in quotes where it needs them, or had them."""
    if len(text) > MAX_SCALAR:
        raise EditError(f"a text of {len(text):,} characters is too long")
    plain = _PLAIN_IN_FLOW if flow else _PLAIN
    simple = text.isprintable() and plain.fullmatch(text) and _reads_as_text(text)
    if simple and style not in ("'", '"'):
        return text
    if style == "'" and text.isprintable() and "\ufeff" not in text:
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _reads_as_text(text: str) -> bool:
    return (
        isinstance(read_plain(text), str) and _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT
    )


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable() and char != "\ufeff":
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise EditError(f"the character U+{code:04X} is half of a pair: it cannot be written")
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
