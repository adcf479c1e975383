"""Counters, as in IEC 61131-3. A count saturates at 64 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra.blocks import Block, In, Out, Param, Qualities, State
from petra.blocks.known import worst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from petra.signals import Quality


class CountUp(Block, type="CTU"):
    """Counts how often the input becomes true."""

    cu = In(bool, aliases=("enable", "in", "input", "clk", "count", "CU"), doc="Counts when it becomes true")
    reset = In(bool, default=False, aliases=("r", "R", "RESET"), doc="Sets the count to 0")
    pv = In(int, default=0, aliases=("preset", "PV"), doc="Count at which q becomes true")
    before = State(False, doc="The input in the last scan")
    number = State(0, doc="The count")
    q = Out(bool, aliases=("out", "output", "done", "Q"), doc="The count has reached pv")
    count = Out(int, aliases=("cv", "CV"), doc="The count")

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:
        """Yield a note if `q` is wired and the preset is not given."""
        if "pv" not in given and "q" in outputs:
            yield "pv", "is not given: it is 0, and q is true from the start (the original took 10)"

    def step(self, dt: float) -> None:
        if self.reset:
            self.number = 0
        elif self.cu and not self.before:
            self.number = self.number + 1
        self.before = self.cu
        self.q = self.number >= self.pv
        self.count = self.number

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Return the quality of the reset for the count while the reset is true."""
        if not self.reset:
            return {}
        return {"count": quality.reset, "q": worst((quality.reset, quality.pv))}


class CountDown(Block, type="CTD"):
    """Counts down from pv whenever the input becomes true, not below 0."""

    cd = In(bool, aliases=("enable", "in", "input", "clk", "count", "CD"), doc="Counts when it becomes true")
    load = In(bool, default=False, aliases=("ld", "LD", "LOAD", "reset"), doc="Sets the count to pv")
    pv = In(int, default=0, aliases=("preset", "PV"), doc="Count after a load")
    before = State(False, doc="The input in the last scan")
    number = State(0, doc="The count")
    q = Out(bool, aliases=("out", "output", "done", "Q"), doc="The count has reached 0")
    count = Out(int, aliases=("cv", "CV"), doc="The count")

    @classmethod
    def remarks(cls, given: Mapping[str, Any], outputs: Collection[str]) -> Iterable[tuple[str, str]]:  # noqa: ARG003
        """Yield a note on the first count, which the original counted from its preset."""
        yield "load", "must be true once: the count begins at 0 (the original began at its preset, or 10)"

    def step(self, dt: float) -> None:
        if self.load:
            self.number = self.pv
        elif self.cd and not self.before and self.number > 0:
            self.number = self.number - 1
        self.before = self.cd
        self.q = self.number <= 0  # IEC 61131-3: Q is true from the start, before the first load
        self.count = self.number

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of `load` and `pv` while a load is true."""
        return worst((quality.load, quality.pv)) if self.load else quality.worst


class CountUpDown(Block, type="CTUD"):
    """Counts up and down. When both inputs become true in the same scan, the count stays."""

    cu = In(bool, aliases=("up", "enable", "CU"), doc="Counts up when it becomes true")
    cd = In(bool, default=False, aliases=("down", "CD"), doc="Counts down when it becomes true")
    reset = In(bool, default=False, aliases=("r", "R", "RESET"), doc="Sets the count to 0; overrides load")
    load = In(bool, default=False, aliases=("ld", "LD", "LOAD"), doc="Sets the count to pv")
    pv = In(int, default=0, aliases=("preset", "PV"), doc="Count at which qu becomes true")
    up_before = State(False, doc="cu in the last scan")
    down_before = State(False, doc="cd in the last scan")
    number = State(0, doc="The count")
    qu = Out(bool, aliases=("q", "QU"), doc="The count has reached pv")
    qd = Out(bool, aliases=("QD",), doc="The count has reached 0")
    count = Out(int, aliases=("cv", "CV"), doc="The count")

    # The precedence of R over LD, and of both over CU and CD, is that of IEC 61131-3.
    def step(self, dt: float) -> None:
        up = self.cu and not self.up_before
        down = self.cd and not self.down_before
        if self.reset:
            self.number = 0
        elif self.load:
            self.number = self.pv
        elif up and not down:
            self.number = self.number + 1
        elif down and not up and self.number > 0:
            self.number = self.number - 1
        self.up_before = self.cu
        self.down_before = self.cd
        self.qu = self.number >= self.pv
        self.qd = self.number <= 0
        self.count = self.number

    def known(self, quality: Qualities) -> Mapping[str, Quality]:
        """Return the quality of the reset for the count while the reset is true."""
        if not self.reset:
            return {}
        with_preset = worst((quality.reset, quality.pv))
        return {"count": quality.reset, "qd": quality.reset, "qu": with_preset}


class Counter(Block, type="COUNTER", aliases=("Counter",)):
    """Adds the increment in every scan in which it is enabled."""

    enable = In(bool, default=True, aliases=("in", "input"), doc="Counts while it is true")
    reset = In(bool, default=False, doc="Sets the count to 0")
    increment = Param(int, default=1, doc="Value to add")
    number = State(0, doc="The count")
    count = Out(int, aliases=("out", "output"), doc="The count")

    def step(self, dt: float) -> None:
        if self.reset:
            self.number = 0
        elif self.enable:
            self.number = self.number + self.increment
        self.count = self.number
