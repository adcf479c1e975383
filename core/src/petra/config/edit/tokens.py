"""The tokens of a document's text with their positions, without blanks and comments."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import Any, NamedTuple

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPEN = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_CLOSE = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_PROPERTIES = (yaml.AnchorToken, yaml.TagToken)


class TextSpan(NamedTuple):
    """A part of the text, from `start` up to `end`."""

    start: int
    end: int


class Tokens:
    """The tokens of a text that is known to be valid YAML, scanned on first use."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _all(self) -> list[yaml.Token]:
        return list(yaml.scan(self._text, Loader=_LOADER))

    @cached_property
    def _starts(self) -> list[int]:
        return [_span_of(token).start for token in self._all]

    @cached_property
    def _aliases(self) -> set[str]:
        return {token.value for token in self._all if isinstance(token, yaml.AliasToken)}

    def scalar(self, at: int) -> TextSpan:
        """Return the span of the scalar at a position, without its anchor and tag."""
        i = bisect_left(self._starts, at)
        while not isinstance(self._all[i], yaml.ScalarToken):
            i += 1
        return _span_of(self._all[i])

    def column(self, at: int) -> int:
        """Return the column, from 0, of the keys of the mapping at a position."""
        i = bisect_left(self._starts, at)
        while not isinstance(self._all[i], yaml.BlockMappingStartToken):
            i += 1
        return int(self._all[i].start_mark.column)

    def parts(self, at: int) -> list[list[TextSpan]]:
        """Return the tokens of each entry of the flow mapping at a position, with the comma after it."""
        i = bisect_left(self._starts, at)
        while not isinstance(self._all[i], yaml.FlowMappingStartToken):
            i += 1
        parts: list[list[TextSpan]] = [[]]
        depth = 1
        while True:
            i += 1
            token = self._all[i]
            depth += isinstance(token, _OPEN) - isinstance(token, _CLOSE)
            if depth == 0:
                return parts if parts[-1] else parts[:-1]
            parts[-1].append(_span_of(token))
            if depth == 1 and isinstance(token, yaml.FlowEntryToken):
                parts.append([])

    def value_end(self, key: int) -> int | None:
        """Return the end of the value of the key at a position; None for a value in block style."""
        i = bisect_left(self._starts, key)
        while not isinstance(self._all[i], yaml.ValueToken):
            i += 1
        i += 1
        while isinstance(self._all[i], _PROPERTIES):
            i += 1
        token = self._all[i]
        if isinstance(token, yaml.ScalarToken) and token.style not in ("|", ">"):
            return _span_of(token).end
        if not isinstance(token, _OPEN):
            return None
        depth = 1
        while depth:
            i += 1
            depth += isinstance(self._all[i], _OPEN) - isinstance(self._all[i], _CLOSE)
        return _span_of(self._all[i]).end

    def is_alias_of(self, start: int, end: int) -> bool:
        """Return whether an anchor between two positions is used by an alias."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        anchors = {token.value for token in self._all[first:last] if isinstance(token, yaml.AnchorToken)}
        return bool(anchors & self._aliases)


def _span_of(token: yaml.Token) -> TextSpan:
    return TextSpan(token.start_mark.index, token.end_mark.index)
