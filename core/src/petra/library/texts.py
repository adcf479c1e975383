"""Operations on texts. No result is longer than a signal can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from petra.blocks import Block, In, Out, Param
from petra.library.faults import BlockFault
from petra.signals.types import LONGEST_TEXT

if TYPE_CHECKING:
    from petra.signals import Value


def joined(texts: Sequence[str]) -> str:
    """Return the joined texts; raise a fault before making a text that is too long for a signal."""
    length = sum(map(len, texts))
    if length > LONGEST_TEXT:
        raise BlockFault(f"a text of {length} characters is too long")
    return "".join(texts)


class Concatenate(Block, type="CONCAT"):
    """All inputs, one after another. More than 65,536 characters are a fault."""

    inputs = In(str, many=True, doc="Any number of texts, under any names")
    out = Out(str, aliases=("output", "OUT"), doc="The texts as one")

    def step(self, dt: float) -> None:
        self.out = joined(self.inputs)


class Length(Block, type="LEN"):
    """The number of characters in a text."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    out = Out(int, aliases=("output", "OUT"), doc="Its length")

    def step(self, dt: float) -> None:
        self.out = len(self.input)


def part(text: str, length: int, position: int) -> str:
    """Return `length` characters from a position, counted from 1; positions outside the text are empty."""
    begin = max(position - 1, 0)
    return text[begin : max(position - 1 + length, begin)]


class Left(Block, type="LEFT"):
    """The first characters of a text, or the whole text if it is shorter."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="Number of characters; a negative number counts as 0")
    out = Out(str, aliases=("output", "OUT"), doc="Its beginning")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, 1)


class Right(Block, type="RIGHT"):
    """The last characters of a text, or the whole text if it is shorter."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="Number of characters; a negative number counts as 0")
    out = Out(str, aliases=("output", "OUT"), doc="Its end")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, len(self.input) - self.length + 1) if self.length > 0 else ""


class Middle(Block, type="MID", aliases=("PART",)):
    """A number of characters of a text, from a position on. Positions outside the text are empty."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="Number of characters; a negative number counts as 0")
    position = In(
        int, default=1, aliases=("p", "P", "in3"), doc="Position of the first character, counted from 1"
    )
    out = Out(str, aliases=("output", "OUT"), doc="The part")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, self.position)


_INPUTS = ("a", "b", "c", "d", "e", "f", "g", "h")
_HOLE = re.compile(r"\{\{|\}\}|\{([a-h])(?::(0?)(\d{1,2})?(?:\.(\d{1,2}))?)?\}|[{}]")
_NOTATION = re.compile(r"\{([a-h])(?:![rsa])?:?([^{}:]{0,20})\}")
_NAMED = re.compile(r"\{(\w{1,20})[^{}]{0,20}\}")
MOST_DIGITS = 15

Piece = tuple[str, str, int, int]
"""Name of an input (empty: the second item is the text), fill character, width, digits or -1."""
MOST_PIECES = 100


@lru_cache(maxsize=1000)
def pieces(text: str) -> tuple[Piece, ...]:
    """Return the pieces of a text with placeholders; raise ValueError with the first error."""
    found: list[Piece] = []
    end = 0
    for match in _HOLE.finditer(text):
        found.append(("", text[end : match.start()], 0, -1))
        end = match.end()
        mark = match[0]
        if mark in ("{{", "}}"):
            found.append(("", mark[0], 0, -1))
        elif match[1] is None:
            raise ValueError(_stray_brace(text, match.start()))
        elif int(match[4] or 0) > MOST_DIGITS:
            raise ValueError(f"{mark!r} asks for more than {MOST_DIGITS} digits after the point")
        else:
            found.append((match[1], match[2] or " ", int(match[3] or 0), int(match[4]) if match[4] else -1))
    found.append(("", text[end:], 0, -1))
    if len(found) > MOST_PIECES or len(text) > LONGEST_TEXT:
        raise ValueError(f"it has more than {MOST_PIECES} pieces or {LONGEST_TEXT} characters")
    return tuple(piece for piece in found if piece[0] or piece[1])


def _stray_brace(text: str, at: int) -> str:
    """Return the message for a brace that is not part of a placeholder."""
    where = f"at character {at + 1}"
    if meant := _NOTATION.match(text, at):
        name, style = meant[1], meant[2]
        plain = re.sub(r"[dfgeGEn%sx<>=^+, ]", "", style)  # of Python's notation, what this one has too
        instead = f"{{{name}:{plain}}}" if plain else f"{{{name}}}"
        if _HOLE.fullmatch(instead):
            return f"{meant[0]!r} {where} is not a placeholder: write {instead!r}"
    if other := _NAMED.match(text, at):
        if other[1] not in _INPUTS:
            return f"{other[0]!r} {where} does not name an input: use {_INPUTS[0]} to {_INPUTS[-1]}"
        return f"{other[0]!r} {where} is not a placeholder: write {{a}}, {{a:8}}, {{a:.1}} or {{a:08.1}}"
    return f"{text[at]!r} {where} is not part of a placeholder: write {text[at] * 2!r}"


def filled_piece(piece: Piece, values: Mapping[str, Value]) -> str:
    """Return the text of a piece, with the value of its input."""
    name, filling, width, digits = piece
    if not name:
        return filling
    value = values[name]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if digits >= 0 and not number:
        raise BlockFault(f"the input {name} is not a number")
    plain = ("false", "true")[value] if isinstance(value, bool) else str(value)
    shown = f"{value:.{digits}f}" if digits >= 0 else plain
    return shown.zfill(width) if filling == "0" and number else shown.rjust(width)


class Format(Block, type="FORMAT"):
    """A text that contains the values of up to eight inputs: `Level {a:.1} m, pump {b}`.

    `{a}` is replaced by the input a, written as in a configuration. `{a:.2}` writes a number with two digits
    after the point, `{a:8}` at least eight characters wide, and `{a:08.2}` does both, filled with zeros. A
    brace in the text is written twice. More than 65,536 characters are a fault.
    """

    a = In(
        bool | int | float | str,
        default="",
        alone=True,
        aliases=("in1", "in", "input", "IN1"),
        doc="Called a",
    )
    b = In(bool | int | float | str, default="", alone=True, aliases=("in2", "IN2"), doc="Called b")
    c = In(bool | int | float | str, default="", alone=True, aliases=("in3", "IN3"), doc="Called c")
    d = In(bool | int | float | str, default="", alone=True, aliases=("in4", "IN4"), doc="Called d")
    e = In(bool | int | float | str, default="", alone=True, aliases=("in5", "IN5"), doc="Called e")
    f = In(bool | int | float | str, default="", alone=True, aliases=("in6", "IN6"), doc="Called f")
    g = In(bool | int | float | str, default="", alone=True, aliases=("in7", "IN7"), doc="Called g")
    h = In(bool | int | float | str, default="", alone=True, aliases=("in8", "IN8"), doc="Called h")
    text = Param(str, aliases=("template", "format"), doc="The text with placeholders")
    out = Out(str, aliases=("output", "OUT"), doc="The text with the values")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error in the text, and the inputs that the text uses and that are not given."""
        try:
            used = {name for name, *_ in pieces(given["text"]) if name}
        except ValueError as error:
            yield "text", f"has an invalid placeholder: {error}"
            return
        for name in sorted(used - given.keys()):
            yield "text", f"uses {name}, and the input {name!r} is not wired"

    def step(self, dt: float) -> None:
        values = {name: getattr(self, name) for name in _INPUTS}
        self.out = joined([filled_piece(piece, values) for piece in pieces(self.text)])
