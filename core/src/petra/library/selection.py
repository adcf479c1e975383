"""Choosing between values, and changing their type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from petra.blocks import Block, In, Out, Qualities
from petra.blocks.known import worst
from petra.library.faults import BlockFault

if TYPE_CHECKING:
    from petra.signals import Quality

T = TypeVar("T")


class Move(Block, type="MOVE"):
    """Copies the input."""

    input = In(bool | int | float | str, aliases=("in", "in1", "a"), doc="Input")
    out = Out(bool | int | float | str, aliases=("output",), doc="The same")

    def step(self, dt: float) -> None:
        self.out = self.input


class Select(Block, type="SELECT", aliases=("SEL",)):
    """One of two inputs."""

    selector = In(bool, aliases=("g", "G", "sel"), doc="Which one")
    in0 = In(bool | int | float | str, aliases=("a", "false", "IN0"), doc="Taken while the selector is false")
    in1 = In(bool | int | float | str, aliases=("b", "true", "IN1"), doc="Taken while the selector is true")
    out = Out(bool | int | float | str, aliases=("output",), doc="The one that is taken")

    def step(self, dt: float) -> None:
        self.out = self.in1 if self.selector else self.in0

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the selector and of the input that it selects."""
        return worst((quality.selector, quality.in1 if self.selector else quality.in0))


def pick(values: Sequence[T], number: int) -> T:
    """Return the value of this number, counted from 0."""
    if not 0 <= number < len(values):
        raise BlockFault(f"the selector is {number}, and there are {len(values)} inputs")
    return values[number]


class Multiplex(Block, type="MUX"):
    """One of many inputs, counted from 0 in the order of their numbers. A selector beyond them is a fault."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Which one, from 0")
    inputs = In(bool | int | float | str, many=True, doc="Any number of inputs, such as in0, in1, in2")
    out = Out(bool | int | float | str, aliases=("output",), doc="The one that is taken")

    def step(self, dt: float) -> None:
        self.out = pick(self.inputs, self.selector)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the selector and of the input that it selects."""
        return worst((quality.selector, pick(quality.inputs, self.selector)))


class Demultiplex(Block, type="DEMUX"):
    """Passes the input to one of eight outputs; the others are zero or false."""

    selector = In(int, aliases=("k", "K", "sel"), doc="Which one, from 0")
    input = In(bool | int | float, aliases=("in", "in1", "a"), doc="Input")
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


class Convert(Block, type="CONVERT", aliases=("TO",)):
    """The input as the type of the signal that the output writes; as a float, if that is not declared.

    A number becomes the nearest whole one (halves to the even one, within 64 bits), a bool 0 or 1, a text the
    number that it says; any number but zero becomes true. What cannot be converted is a fault.
    """

    input = In(bool | int | float | str, aliases=("in", "in1", "a"), doc="Input")
    out = Out(float | int | bool | str, aliases=("output", "result"), doc="The same, as another type")

    def step(self, dt: float) -> None:
        self.out = self.input
