"""Selection between values, and conversion of their type."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from petra.blocks import Block, In, Out, Param, Qualities
from petra.blocks.known import worst
from petra.blocks.ports import wire_number
from petra.library.faults import BlockFault

if TYPE_CHECKING:
    from petra.signals import Quality, Value

T = TypeVar("T")
_MOST = 997
"""The greatest number of a further input, counted from in2 as 0."""


class Move(Block, type="MOVE"):
    """Copies the input."""

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The input")

    def step(self, dt: float) -> None:
        self.out = self.input


class Select(Block, type="SELECT", aliases=("SEL",)):
    """One of two inputs, by a bool; one of many, by an int that counts from 0.

    A number without a wired input gives zero, false or an empty text, as in the original; in `MUX` it is a
    fault. A bool selector needs both inputs to be wired, an int selector at least one.
    """

    selector = In(bool | int, aliases=("g", "G", "sel", "K", "condition"), doc="Selects the input")
    in0 = In(
        bool | int | float | str,
        optional=True,
        aliases=("a", "false", "false_value", "IN0"),
        doc="Taken while the selector is false or 0",
    )
    in1 = In(
        bool | int | float | str,
        optional=True,
        aliases=("b", "true", "true_value", "IN1"),
        doc="Taken while the selector is true or 1",
    )
    more = In(
        bool | int | float | str,
        many=True,
        default=(),
        first=2,
        doc="Further inputs, such as in2, in3, in4: taken while the selector is 2, 3, 4",
    )
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The selected input")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield the first further input whose name has another number than its position."""
        keys = given.get("more", ())
        for number, key in zip(cls.spec.inputs["more"].positions(keys), keys, strict=True):
            named = wire_number(key)
            if named is not None and named != number + 2:
                yield "more", f"is numbered from in2 on: {key!r} would be number {number + 2}"
                return
            if number > _MOST:
                yield "more", f"ends at in{_MOST + 2}: {key!r} is too high"
                return

    @classmethod
    def needs(cls, kinds: Mapping[str, type[Any] | None]) -> Iterable[str]:
        """Yield both inputs for a bool selector; for an int selector, `in0` if no input is wired."""
        if kinds.get("selector") is bool:
            return ("in0", "in1")
        return () if {"in0", "in1", "more"} & kinds.keys() else ("in0",)

    def step(self, dt: float) -> None:
        self.out = (
            self.in0
            if not self.selector
            else self.in1
            if self.selector == 1
            else further(self.more, self.selector - 2, self.in0)
        )

    def known(self, quality: Qualities) -> Quality:
        """Return the worse quality of the selector and of the selected input, if there is one."""
        inputs = (quality.in0, quality.in1, *quality.more)
        number = int(self.selector)
        return worst((quality.selector, *inputs[number : number + 1]) if number >= 0 else (quality.selector,))


def further(values: Sequence[Value], number: int, like: Value) -> Value:
    """Return the value of this number, or the zero of the type of `like`."""
    return values[number] if 0 <= number < len(values) else type(like)()


def _miscounted_wires(port: str, given: Mapping[str, Any], first: int) -> Iterable[tuple[str, str]]:
    """Yield the first wire of an input whose name has another number than its position."""
    for number, key in enumerate(given.get(port, ()), first):
        if key.lower().startswith("in") and key[2:].isdecimal() and int(key[2:]) != number:
            yield port, f"is numbered from in{first} without a gap: {key!r} would be number {number}"
            return


def pick(values: Sequence[T], number: int) -> T:
    """Return the value of this number, counted from 0."""
    if not 0 <= number < len(values):
        raise BlockFault(f"the selector is {number}, and there are {len(values)} inputs")
    return values[number]


class Multiplex(Block, type="MUX"):
    """One of many inputs, counted from 0 in the order of their numbers. A selector beyond them is a fault."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Number of the input, from 0")
    inputs = In(bool | int | float | str, many=True, doc="Any number of inputs, such as in0, in1, in2")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The selected input")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield the first input whose number is not its position: in1 alone would be number 0."""
        return _miscounted_wires("inputs", given, 0)

    def step(self, dt: float) -> None:
        self.out = pick(self.inputs, self.selector)

    def known(self, quality: Qualities) -> Quality:
        """Return the worse quality of the selector and of the selected input."""
        return worst((quality.selector, pick(quality.inputs, self.selector)))


class Demultiplex(Block, type="DEMUX"):
    """Passes the input to one of eight outputs; the others are zero or false."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Number of the output, from 0")
    input = In(bool | int | float, aliases=("in", "in1", "a", "IN"), doc="Input")
    out0 = Out(bool | int | float, doc="The input while the selector is 0")
    out1 = Out(bool | int | float, doc="The input while the selector is 1")
    out2 = Out(bool | int | float, doc="The input while the selector is 2")
    out3 = Out(bool | int | float, doc="The input while the selector is 3")
    out4 = Out(bool | int | float, doc="The input while the selector is 4")
    out5 = Out(bool | int | float, doc="The input while the selector is 5")
    out6 = Out(bool | int | float, doc="The input while the selector is 6")
    out7 = Out(bool | int | float, doc="The input while the selector is 7")

    def step(self, dt: float) -> None:
        self.out0 = self.input if self.selector == 0 else 0
        self.out1 = self.input if self.selector == 1 else 0
        self.out2 = self.input if self.selector == 2 else 0
        self.out3 = self.input if self.selector == 3 else 0
        self.out4 = self.input if self.selector == 4 else 0
        self.out5 = self.input if self.selector == 5 else 0
        self.out6 = self.input if self.selector == 6 else 0
        self.out7 = self.input if self.selector == 7 else 0


_TARGETS: dict[str, type[Any]] = {"bool": bool, "int": int, "integer": int, "float": float, "string": str}


class Convert(Block, type="CONVERT", aliases=("TO",)):
    """The input, converted to the type of the signal at the output; to a float if that type is not declared.

    To an int: the nearest whole number within 64 bits, a half to the even neighbour. A bool becomes 0 or 1,
    and a text the number that is written in it. To a bool: every number except zero becomes true; the texts
    true, yes, on and 1 become true, and false, no, off and 0 become false, in upper or lower case. A value
    that cannot be converted is a fault; so is NaN to an int or bool.
    """

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    target_type = Param(
        str,
        default="",
        choices=("", *_TARGETS),
        doc="The type; empty for the type of the signal at the output",
    )
    out = Out(float | int | bool | str, aliases=("output", "result", "OUT"), doc="The converted input")

    @classmethod
    def output_type(
        cls,
        port: str,  # noqa: ARG003
        params: Mapping[str, Any],
        kinds: Mapping[str, type[Any] | None],  # noqa: ARG003
    ) -> type[Any] | None:
        """Return the type in `target_type`, if it is given."""
        return _TARGETS.get(params["target_type"])

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield a note that numbers are rounded, unlike in the original."""
        if _TARGETS.get(given.get("target_type", "")) is int:
            yield "target_type", "rounds to the nearest whole number (the original truncated)"

    def step(self, dt: float) -> None:
        self.out = self.input
