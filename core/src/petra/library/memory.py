"""Edges, latches and flip-flops."""

from petra.blocks import Block, In, Out, Qualities, State
from petra.signals.quality import Quality


class RisingEdge(Block, type="R_TRIG", aliases=("RISING_EDGE",)):
    """True for one scan when the input becomes true; also in the first scan, as in IEC 61131-3."""

    clk = In(bool, aliases=("in", "input", "CLK"), doc="Input")
    before = State(False, doc="The input in the last scan")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The input has just become true")

    def step(self, dt: float) -> None:
        self.q = self.clk and not self.before
        self.before = self.clk


class FallingEdge(Block, type="F_TRIG", aliases=("FALLING_EDGE",)):
    """True for one scan when the input becomes false.

    Not in the first scan: an input that begins false has not become false. IEC 61131-3 differs: its body,
    `Q := NOT CLK AND NOT M` with M initially FALSE, gives a pulse at every start of the plant.
    """

    clk = In(bool, aliases=("in", "input", "CLK"), doc="Input")
    before = State(False, doc="The input in the last scan")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The input has just become false")

    def step(self, dt: float) -> None:
        self.q = self.before and not self.clk
        self.before = self.clk


class EdgeDetect(Block, type="EDGE_DETECT"):
    """Both edges of the input, each for one scan."""

    clk = In(bool, aliases=("in", "input", "CLK"), doc="Input")
    before = State(False, doc="The input in the last scan")
    rising = Out(bool, doc="The input has just become true")
    falling = Out(bool, doc="The input has just become false")
    q = Out(bool, aliases=("out", "output", "any", "Q"), doc="Either edge")

    def step(self, dt: float) -> None:
        self.rising = self.clk and not self.before
        self.falling = self.before and not self.clk
        self.q = self.clk != self.before
        self.before = self.clk


class SetFirst(Block, type="SR_LATCH", aliases=("SR",)):
    """Becomes true when set and stays true until reset. `set` overrides `reset`."""

    set = In(bool, aliases=("s", "s1", "S1", "S"), doc="Sets the latch")
    reset = In(bool, aliases=("r", "R", "r1", "R1"), doc="Resets the latch")
    latched = State(False, doc="The latch is set")
    q = Out(bool, aliases=("out", "output", "q1", "Q1"), doc="The latch is set")

    def step(self, dt: float) -> None:
        self.latched = self.set or (
            self.latched and not self.reset
        )  # IEC 61131-3: Q1 := S1 OR (NOT R AND Q1)
        self.q = self.latched

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of `set` while it is true: it decides alone."""
        return quality.set if self.set else quality.worst


class ResetFirst(Block, type="RS_LATCH", aliases=("RS",)):
    """Becomes true when set and stays true until reset. `reset` overrides `set`."""

    set = In(bool, aliases=("s", "S", "s1", "S1"), doc="Sets the latch")
    reset = In(bool, aliases=("r", "r1", "R1", "R"), doc="Resets the latch")
    latched = State(False, doc="The latch is set")
    q = Out(bool, aliases=("out", "output", "q1", "Q1"), doc="The latch is set")

    def step(self, dt: float) -> None:
        self.latched = (
            self.set or self.latched
        ) and not self.reset  # IEC 61131-3: Q1 := NOT R1 AND (S OR Q1)
        self.q = self.latched

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of `reset` while it is true: it decides alone."""
        return quality.reset if self.reset else quality.worst


class FlipFlop(Block, type="FLIP_FLOP", aliases=("TOGGLE",)):
    """Changes its output whenever the input becomes true."""

    clk = In(bool, aliases=("in", "input", "toggle", "CLK"), doc="Changes the output when it becomes true")
    reset = In(bool, default=False, aliases=("r", "R"), doc="Makes the output false")
    before = State(False, doc="The input in the last scan")
    on = State(False, doc="The output")
    q = Out(bool, aliases=("out", "output", "Q"), doc="The output")

    def step(self, dt: float) -> None:
        self.on = (self.on != (self.clk and not self.before)) and not self.reset
        self.before = self.clk
        self.q = self.on

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of `reset` while it is true: it decides alone."""
        return quality.reset if self.reset else quality.worst
