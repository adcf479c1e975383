"""Texts: joined, cut, and made of values. None is longer than a signal holds."""

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
    """Return the texts as one; what is too long for a signal is not even made."""
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
    """How many characters a text has."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    out = Out(int, aliases=("output", "OUT"), doc="Its length")

    def step(self, dt: float) -> None:
        self.out = len(self.input)


def part(text: str, length: int, position: int) -> str:
    """Return so many characters from a position on, counted from 1; outside the text there are none."""
    begin = max(position - 1, 0)
    return text[begin : max(position - 1 + length, begin)]


class Left(Block, type="LEFT"):
    """The first characters of a text; all of it, if it is shorter."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="How many characters; a negative number counts as 0")
    out = Out(str, aliases=("output", "OUT"), doc="Its beginning")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, 1)


class Right(Block, type="RIGHT"):
    """The last characters of a text; all of it, if it is shorter."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="How many characters; a negative number counts as 0")
    out = Out(str, aliases=("output", "OUT"), doc="Its end")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, len(self.input) - self.length + 1) if self.length > 0 else ""


class Middle(Block, type="MID", aliases=("PART",)):
    """So many characters of a text, from a position on. Outside the text there are none."""

    input = In(str, aliases=("in", "in1", "IN"), doc="The text")
    length = In(int, aliases=("l", "L", "in2"), doc="How many characters; a negative number counts as 0")
    position = In(int, default=1, aliases=("p", "P", "in3"), doc="Where it begins, counted from 1")
    out = Out(str, aliases=("output", "OUT"), doc="The part")

    def step(self, dt: float) -> None:
        self.out = part(self.input, self.length, self.position)


_INPUTS = ("a", "b", "c", "d", "e", "f", "g", "h")
_HOLE = re.compile(r"\{\{|\}\}|\{([a-h])(?::(0?)(\d{1,2})?(?:\.(\d{1,2}))?)?\}|[{}]")
_NOTATION = re.compile(r"\{([a-h])(?:![rsa])?:?([^{}:]{0,20})\}")
_NAMED = re.compile(r"\{(\w{1,20})[^{}]{0,20}\}")
MOST_DIGITS = 15

Piece = tuple[str, str, int, int]
"""The name of an input (or none and a text), the filling, the width, and the digits after the point or -1."""
MOST_PIECES = 100


@lru_cache(maxsize=1000)
def pieces(text: str) -> tuple[Piece, ...]:
    """Return the pieces of a template, or raise ValueError with what is wrong with it."""
    found: list[Piece] = []
    end = 0
    for match in _HOLE.finditer(text):
        found.append(("", text[end : match.start()], 0, -1))
        end = match.end()
        said = match[0]
        if said in ("{{", "}}"):
            found.append(("", said[0], 0, -1))
        elif match[1] is None:
            raise ValueError(_stray(text, match.start()))
        elif int(match[4] or 0) > MOST_DIGITS:
            raise ValueError(f"{said!r} asks for more than {MOST_DIGITS} digits after the point")
        else:
            found.append((match[1], match[2] or " ", int(match[3] or 0), int(match[4]) if match[4] else -1))
    found.append(("", text[end:], 0, -1))
    if len(found) > MOST_PIECES or len(text) > LONGEST_TEXT:
        raise ValueError(f"it has more than {MOST_PIECES} pieces or {LONGEST_TEXT} characters")
    return tuple(piece for piece in found if piece[0] or piece[1])


def _stray(text: str, at: int) -> str:
    """Return what to write instead of a brace that belongs to no place."""
    where = f"at character {at + 1}"
    if meant := _NOTATION.match(text, at):
        name, said = meant[1], meant[2]
        plain = re.sub(r"[dfgeGEn%sx<>=^+, ]", "", said)
        instead = f"{{{name}:{plain}}}" if plain else f"{{{name}}}"
        if _HOLE.fullmatch(instead):
            return f"{meant[0]!r} {where} is no place for a value: write {instead!r}"
    if other := _NAMED.match(text, at):
        if other[1] not in _INPUTS:
            return f"{other[0]!r} {where} names no input: there are {_INPUTS[0]} to {_INPUTS[-1]}"
        return (
            f"{other[0]!r} {where} is no place for a value: such are {{a}}, {{a:8}}, {{a:.1}} and {{a:08.1}}"
        )
    return f"{text[at]!r} {where} opens or closes nothing: write {text[at] * 2!r}"


def filled(piece: Piece, values: Mapping[str, Value]) -> str:
    """Return a piece with the value of its input."""
    name, filling, width, digits = piece
    if not name:
        return filling
    value = values[name]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if digits >= 0 and not number:
        raise BlockFault(f"the input {name} is not a number")
    plain = ("false", "true")[value] if isinstance(value, bool) else str(value)
    said = f"{value:.{digits}f}" if digits >= 0 else plain
    return said.zfill(width) if filling == "0" and number else said.rjust(width)


class Format(Block, type="FORMAT"):
    """A text with the values of up to eight inputs in it: `Level {a:.1} m, pump {b}`.

    `{a}` stands for the input a as a configuration writes it, `{a:.2}` for a number with two digits after the
    point, `{a:8}` for one at least eight characters wide, `{a:08.2}` for both, filled with zeros. A brace
    itself is written twice. More than 65,536 characters are a fault.
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
    text = Param(str, aliases=("template", "format"), doc="The text with its places")
    out = Out(str, aliases=("output", "OUT"), doc="The text with the values")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield what is wrong with the text, and the inputs that it names and nothing gives."""
        try:
            used = {name for name, *_ in pieces(given["text"]) if name}
        except ValueError as error:
            yield "text", f"is not a text with places: {error}"
            return
        for name in sorted(used - given.keys()):
            yield "text", f"uses {name}, and the input {name!r} is not wired"

    def step(self, dt: float) -> None:
        values = {name: getattr(self, name) for name in _INPUTS}
        self.out = joined([filled(piece, values) for piece in pieces(self.text)])
