"""Boolean logic."""

from petra.blocks import Block, In, Out, Qualities, decided
from petra.signals.quality import Quality


class And(Block, type="AND"):
    """True while all inputs are true."""

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="All are true")

    def step(self, dt: float) -> None:
        self.out = all(self.inputs)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the best false input, or of the worst input if all are true."""
        return decided(self.inputs, quality.inputs, by=False)


class Or(Block, type="OR"):
    """True while any input is true."""

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="At least one is true")

    def step(self, dt: float) -> None:
        self.out = any(self.inputs)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the best true input, or of the worst input if all are false."""
        return decided(self.inputs, quality.inputs, by=True)


class Nand(Block, type="NAND"):
    """False while all inputs are true."""

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="At least one is false")

    def step(self, dt: float) -> None:
        self.out = not all(self.inputs)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the best false input, or of the worst input if all are true."""
        return decided(self.inputs, quality.inputs, by=False)


class Nor(Block, type="NOR"):
    """True while no input is true."""

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="None is true")

    def step(self, dt: float) -> None:
        self.out = not any(self.inputs)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the best true input, or of the worst input if all are false."""
        return decided(self.inputs, quality.inputs, by=True)


class Xor(Block, type="XOR"):
    """True while an odd number of inputs is true; of two inputs, while exactly one is."""

    inputs = In(bool, many=True, doc="Any number of inputs, under any names")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="An odd number is true")

    def step(self, dt: float) -> None:
        odd = False
        for each in self.inputs:
            odd = odd != each
        self.out = odd  # IEC 61131-3 extends XOR to more than two inputs as the parity


class Not(Block, type="NOT"):
    """The opposite of the input."""

    input = In(bool, aliases=("in", "in1", "a", "IN"), doc="Input")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Its opposite")

    def step(self, dt: float) -> None:
        self.out = not self.input
