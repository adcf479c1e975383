"""How deep brackets stand inside each other in a text that the YAML library has given up on.

A library reads ahead of what it hands over, and some versions end at a depth of their own. So what lies
between the last event and the place of a mistake is looked through here, and the limit is ours whatever the
library says.
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
    """Return where a bracket opens one level too many, or None.

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
                # outside of brackets, brackets are part of a text that does not begin with one
                rest = _REST_OF_LINE.match(text, at, end)
                at = rest.end() if rest else at
    return None
