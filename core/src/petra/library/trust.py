"""Handling of values that are not good: test the quality, replace the value, choose another source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from petra.blocks import Block, In, Out, Param, Qualities, QualityOf, State
from petra.blocks.known import best, worst
from petra.library.faults import require
from petra.signals.quality import Quality


class IsGood(Block, type="IS_GOOD"):
    """True while the input is good. The output itself is always good."""

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    quality = QualityOf("input")
    uncertain = Param(bool, default=False, doc="An uncertain input counts as good")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The input is good")

    def step(self, dt: float) -> None:
        self.q = self.quality == 0 or (self.uncertain and self.quality == 1)


class Fallback(Block, type="FALLBACK"):
    """The input while it is good, else the fallback; without a fallback, the last good input.

    A replacement is uncertain, with the reason of the input: the value is usable, and its quality shows that
    it is not measured. Without a fallback, a fault is reported until the first good input.
    """

    input = In(bool | int | float | str, aliases=("in", "in1", "a", "IN"), doc="Input")
    fallback = In(bool | int | float | str, many=True, default=(), doc="Replacement for the input")
    quality = QualityOf("input")
    qualities = QualityOf("fallback")
    uncertain = Param(bool, default=False, doc="An uncertain input counts as good")
    begun = State(False, doc="A good input has been read")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The input or its replacement")
    active = Out(bool, doc="The output is a replacement")

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error for more than one fallback."""
        if len(found := given.get("fallback", ())) > 1:
            message = f"is one input, not {len(found)} ({', '.join(found)}): FIRST_GOOD chooses among several"
            yield "fallback", message

    def step(self, dt: float) -> None:
        taken = self.quality == 0 or (self.uncertain and self.quality == 1)
        value = self.input if taken else self.out
        if len(self.fallback) > 0 and not taken:
            value = self.fallback[0]
        else:
            require(taken or self.begun, "no good input has been read yet")
            self.begun = True
        self.out = value
        self.active = not taken

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the input, or that of the replacement: uncertain at best."""
        if quality.input is Quality.GOOD or (self.uncertain and quality.input is Quality.UNCERTAIN):
            return Quality(quality.input)
        return worst((Quality.UNCERTAIN, *quality.fallback[:1]))


class FirstGood(Block, type="FIRST_GOOD"):
    """The first good input, in order; if none is good, the first input of the best quality."""

    inputs = In(bool | int | float | str, many=True, doc="Any number of inputs, such as in1, in2, in3")
    qualities = QualityOf("inputs")
    out = Out(bool | int | float | str, aliases=("output", "OUT"), doc="The chosen input")
    number = Out(int, doc="Number of the chosen input, counted from 1")

    def step(self, dt: float) -> None:
        best = 4
        chosen = 0
        for at, quality in enumerate(self.qualities):
            if quality < best:
                best = quality
                chosen = at
        self.out = self.inputs[chosen]
        self.number = chosen + 1

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the best input."""
        return best(quality.inputs)
