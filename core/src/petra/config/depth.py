"""The nesting depth of brackets in a text that the YAML library cannot parse.

The library reads ahead of the events that it returns, and some versions stop at a depth limit of their own.
Therefore the text between the last event and the place of the error is scanned here, so that the same limit
applies with every version of the library.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<comment>(?:(?<=\s)|\A)\#[^\n\r]*)
    | (?P<open>[\[{])
    | (?P<close>[\]}])
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')
    | (?P<lead>(?:[-?:](?=\s|[\[{]|\Z)|[&!][^\s,\[\]{}]*))
    | (?P<plain>[^\s,\[\]{}]+|,)
    """,
    re.VERBOSE | re.DOTALL,
)
_REST_OF_LINE = re.compile(r"[^\n\r]*")
_KEY = re.compile(r"[^\s\[\]{}]*:(?=\s)")


def too_deep(text: str, start: int, end: int, *, depth: int, flow: int, most: int) -> int | None:
    """Return the position of the first bracket that exceeds the depth, or None.

    At `start` the text is `depth` levels deep, `flow` of them within brackets.
    """
    at = start
    while at < end and (token := _TOKEN.match(text, at, end)) is not None:
        at = token.end()
        match token.lastgroup:
            case "open":
                if depth >= most:
                    return token.start()
                depth, flow = depth + 1, flow + 1
            case "close":
                depth, flow = depth - 1, max(0, flow - 1)
            case "plain" if not flow and not _KEY.match(text, token.start()):
                # outside brackets, a text that begins otherwise may contain brackets
                rest = _REST_OF_LINE.match(text, at, end)
                at = rest.end() if rest else at
    return None
