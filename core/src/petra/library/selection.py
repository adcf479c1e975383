"""Choosing between values, and changing their type."""

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
"""The greatest number of a further input, counted from in2."""


class Move(Block, type="MOVE"):
    """Copies the input."""

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The same")

    def step(self, dt: float) -> None:
        self.out = self.input


class Select(Block, type="SELECT", aliases=("SEL",)):
    """One of two inputs, by a bool; one of many, by an int that counts from 0.

    A number that no input has, or whose input is not wired, gives zero, false or an empty text, as in
    documents of the original; `MUX` makes a fault of it. A bool needs both of its inputs, an int any one.
    """

    selector = In(bool | int, aliases=("g", "G", "sel", "K", "condition"), doc="Which one")
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
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The one that is taken")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield the first further input whose name says another number than the one that selects it."""
        keys = given.get("more", ())
        for number, key in zip(cls.spec.inputs["more"].positions(keys), keys, strict=True):
            said = wire_number(key)
            if said is not None and said != number + 2:
                yield "more", f"counts on from in2: {key!r} would be number {number + 2}"
                return
            if number > _MOST:
                yield "more", f"counts to in{_MOST + 2}, not to {key!r}"
                return

    @classmethod
    def needs(cls, kinds: Mapping[str, type[Any] | None]) -> Iterable[str]:
        """Yield the inputs that a bool selects between; with an int any input is enough."""
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
        """Return the quality of the selector and of the input that it selects, if it selects one."""
        inputs = (quality.in0, quality.in1, *quality.more)
        number = int(self.selector)
        return worst((quality.selector, *inputs[number : number + 1]) if number >= 0 else (quality.selector,))


def further(values: Sequence[Value], number: int, alike: Value) -> Value:
    """Return the value of this number, or the zero of the type of another value."""
    return values[number] if 0 <= number < len(values) else type(alike)()


def _miscounted(port: str, given: Mapping[str, Any], first: int) -> Iterable[tuple[str, str]]:
    """Yield the first of an input's wires whose name says another number than the one that selects it."""
    for number, key in enumerate(given.get(port, ()), first):
        if key.lower().startswith("in") and key[2:].isdecimal() and int(key[2:]) != number:
            yield port, f"counts on from in{first} without a gap: {key!r} would be number {number}"
            return


def pick(values: Sequence[T], number: int) -> T:
    """Return the value of this number, counted from 0."""
    if not 0 <= number < len(values):
        raise BlockFault(f"the selector is {number}, and there are {len(values)} inputs")
    return values[number]


class Multiplex(Block, type="MUX"):
    """One of many inputs, counted from 0 in the order of their numbers. A selector beyond them is a fault."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Which one, from 0")
    inputs = In(bool | int | float | str, many=True, doc="Any number of inputs, such as in0, in1, in2")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The one that is taken")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield the first input whose name does not count from in0: in1 alone would be number 0."""
        return _miscounted("inputs", given, 0)

    def step(self, dt: float) -> None:
        self.out = pick(self.inputs, self.selector)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the selector and of the input that it selects."""
        return worst((quality.selector, pick(quality.inputs, self.selector)))


class Demultiplex(Block, type="DEMUX"):
    """Passes the input to one of eight outputs; the others are zero or false."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Which one, from 0")
    input = In(bool | int | float, aliases=("in", "in1", "a", "IN"), doc="Input")
    out0 = Out(bool | int | float, doc="Has it while the selector is 0")
    out1 = Out(bool | int | float, doc="... 1")
    out2 = Out(bool | int | float, doc="... 2")
    out3 = Out(bool | int | float, doc="... 3")
    out4 = Out(bool | int | float, doc="... 4")
    out5 = Out(bool | int | float, doc="... 5")
    out6 = Out(bool | int | float, doc="... 6")
    out7 = Out(bool | int | float, doc="... 7")

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
    """The input as the type of the signal that the output writes; as a float, if that is not declared.

    A number becomes the nearest whole one (halves to the even one, within 64 bits), a bool 0 or 1, a text the
    number that it says; any number but zero becomes true. The texts true, yes, on and 1 become true, false,
    no, off and 0 become false, in any case. What cannot be converted is a fault, NaN to an int or bool too.
    """

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    target_type = Param(
        str,
        default="",
        choices=("", *_TARGETS),
        doc="The type; without it, that of the signal that the output writes",
    )
    out = Out(float | int | bool | str, aliases=("output", "result", "OUT"), doc="The same, as another type")

    @classmethod
    def output_type(
        cls,
        port: str,  # noqa: ARG003
        params: Mapping[str, Any],
        kinds: Mapping[str, type[Any] | None],  # noqa: ARG003
    ) -> type[Any] | None:
        """Return the type that is named."""
        return _TARGETS.get(params["target_type"])

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield that numbers are rounded, which the original did otherwise."""
        if _TARGETS.get(given.get("target_type", "")) is int:
            yield "target_type", "rounds to the nearest whole number (the original cut its fraction off)"

    def step(self, dt: float) -> None:
        self.out = self.input
