"""The most likely cause of a YAML syntax error, and the place where it begins.

The YAML library reports where it could not continue. The cause is often in a line above: a quote that is not
closed, a colon without a space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    import yaml

    from petra.config.problems import Problems

NEWLINE = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
CURLY = re.compile("[\u2018\u2019\u201c\u201d\u201e\u201a]")
CURLY_HINT = "YAML treats curly quotes as letters: write straight ones"
GLUED = re.compile(r"(?P<lead>\s*(?:- +)*)(?P<key>[^\W\d][\w.\-]*):(?P<rest>[^\s:/\\,][^\n]*)")
"""A key whose colon is not followed by a space."""

_DASH = re.compile(r"(?P<lead>\s*(?:- +)*)-(?P<rest>(?:[^\W\d][\w.\-]*(?:\s*:(?:\s.*)?)?|\{.*|\[.*)\s*)")
"""An item of a list whose dash is not followed by a space."""

_BARE_REFERENCE = re.compile(r"[^\"']\$\{")
_OPENING = re.compile(r"""(?:^|[:\-\[{,?]\s+|[\[{]\s*)(?P<quote>["'])""")
_CLOSING = {'"': re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL), "'": re.compile(r"(?:[^']|'')*'")}
_LINES_ABOVE = 200
_WORD_BEFORE = re.compile(r"(\w+)\s*\Z")
_WORD_AFTER = re.compile(r"\s+([^\s,\]}]+)")


@frozen
class _Slip:
    """A probable typing error; line and column count from 0."""

    line: int
    column: int
    message: str
    hint: str


def note_syntax(error: yaml.MarkedYAMLError, text: str, problems: Problems) -> None:
    """Report that the text is not YAML, with the probable cause and the place where it begins."""
    mark: Any = error.problem_mark or error.context_mark
    if mark is None:
        problems.add_at(1, 1, "yaml-syntax", error.problem or "this is not YAML")
        return
    lines = NEWLINE.split(text)
    lines += [""] * (mark.line + 1 - len(lines))  # the mark may be one line past the end
    slip = _open_quote(error, lines, mark) or _glued_dash(lines, mark) or _glued_colon(error, lines, mark)
    slip = slip or _inner_quote(lines, mark)
    if slip is None:
        slip = _Slip(
            mark.line, mark.column, _library_message(error, mark), _likely_hint(error, text, lines, mark)
        )
    problems.add_at(slip.line + 1, slip.column + 1, "yaml-syntax", slip.message, hint=slip.hint)


def _library_message(error: yaml.MarkedYAMLError, mark: Any) -> str:
    message = error.problem or "this is not YAML"
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        message += f" ({error.context}, which began in line {error.context_mark.line + 1})"
    return message


def _likely_hint(error: yaml.MarkedYAMLError, text: str, lines: list[str], mark: Any) -> str:
    line = lines[mark.line] if mark.line < len(lines) else ""
    message = error.problem or ""
    if _BARE_REFERENCE.search(line[max(0, mark.column - 80) : mark.column + 2]):
        return 'within { } and [ ], write "${NAME}" in quotes'
    if CURLY.search(line):
        return CURLY_HINT
    if text[mark.index : mark.index + 1] == ":" and "mapping" in f"{message}{error.context}":
        before, after = _WORD_BEFORE.search(line[: mark.column]), _WORD_AFTER.match(line, mark.column + 1)
        if before and after and ":" in line[: mark.column]:
            return f"write `{before[1]}:{after[1]}` without the space, or put the text in quotes"
    if "tab character" in message:
        return "indent with spaces, not tabs"
    if "cannot start any token" in message:
        return "indent with spaces, not tabs, and quote texts that begin with %, @ or `"
    if "mapping values are not allowed" in message:
        return "check the indentation, and quote texts that contain `: `"
    return ""


def _open_quote(error: yaml.MarkedYAMLError, lines: list[str], mark: Any) -> _Slip | None:
    """Return the quote that is not closed in its line, so that it contains the text after it."""
    began: Any = error.context_mark
    if began is not None and "quoted scalar" in (error.context or "") and "end of stream" in str(error):
        quote = lines[began.line][began.column : began.column + 1]
        return _Slip(began.line, began.column, f"the quote {quote} that begins here is not closed", "")
    for number in range(mark.line - 1, max(-1, mark.line - _LINES_ABOVE), -1):
        column = _left_open(lines[number])
        if column is None:
            continue
        quote = lines[number][column]
        whole = "\n".join(lines[number : mark.line + 1])
        closed = _CLOSING[quote].match(whole, column + 1)
        ends = len(whole) - len(lines[mark.line]) + mark.column
        if closed is None or not len(whole) - len(lines[mark.line]) <= closed.end() <= ends:
            continue
        message = f"the quote {quote} that begins here is not closed in its line"
        return _Slip(number, column, message, f"it ends in line {mark.line + 1}, where another text begins")
    return None


def _left_open(line: str) -> int | None:
    """Return the column of a quote that its line does not close, or None."""
    at = 0
    while (opening := _OPENING.search(line, at)) is not None:
        if " #" in line[at : opening.start("quote")]:
            return None
        closing = _CLOSING[opening["quote"]].match(line, opening.end())
        if closing is None:
            return opening.start("quote")
        at = closing.end()
    return None


def _glued_colon(error: yaml.MarkedYAMLError, lines: list[str], mark: Any) -> _Slip | None:
    """Return the key in this line, or just above, whose colon has no space after it."""
    message = error.problem or ""
    if "mapping values are not allowed" not in message and "expected ':'" not in message:
        return None
    for number in range(min(mark.line, len(lines) - 1), max(-1, mark.line - 3), -1):
        if (found := GLUED.fullmatch(lines[number])) is not None:
            return _Slip(number, found.start("rest"), "a colon needs a space after it", glued_hint(found))
    return None


def _glued_dash(lines: list[str], mark: Any) -> _Slip | None:
    """Return the list item in this line, or just above, whose dash has no space after it."""
    for number in range(mark.line, max(-1, mark.line - 3), -1):
        if (found := _DASH.fullmatch(lines[number])) is not None:
            message, at = "a dash needs a space after it", len(found["lead"])
            return _Slip(number, at, message, f"write `{dash_hint(found['rest'])}`")
    return None


def dash_hint(rest: str) -> str:
    """Return a list item with the missing space after its dash."""
    rest = rest.strip()
    return f"- {rest if len(rest) <= 60 else '...'}"


def _inner_quote(lines: list[str], mark: Any) -> _Slip | None:
    """Return the quote inside a quoted text that has ended the text."""
    line, at = lines[mark.line], mark.column
    if not (0 < at < len(line) and line[at - 1] in "\"'" and line[at].isalnum()):
        return None
    quote = line[at - 1]
    double, other = ("''", '"') if quote == "'" else ('\\"', "'")
    hint = f"a quote inside the text is written {double}, or put the text in {other}...{other}"
    return _Slip(mark.line, at - 1, f"the text ends with this quote {quote}, but more text follows", hint)


def glued_hint(found: re.Match[str]) -> str:
    """Return the hint for a key without the space after its colon."""
    rest = found["rest"] if len(found["rest"]) <= 60 else "..."
    return f"write `{found['key']}: {rest}`"
