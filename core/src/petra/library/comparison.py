"""Comparisons of two values.

Ints are compared exactly. NaN is unequal to every value, and neither greater nor less.
"""

from petra.blocks import Block, In, Out


class Greater(Block, type="GT", aliases=("GREATER", "GREATER_THAN")):
    """True while a is greater than b."""

    a = In(int | float, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(int | float, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a is greater than b")

    def step(self, dt: float) -> None:
        self.out = self.a > self.b


class Less(Block, type="LT", aliases=("LESS", "LESS_THAN")):
    """True while a is less than b."""

    a = In(int | float, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(int | float, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a is less than b")

    def step(self, dt: float) -> None:
        self.out = self.a < self.b


class GreaterOrEqual(Block, type="GTE", aliases=("GE", "GREATER_EQUAL")):
    """True while a is at least b."""

    a = In(int | float, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(int | float, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a is at least b")

    def step(self, dt: float) -> None:
        self.out = self.a >= self.b


class LessOrEqual(Block, type="LTE", aliases=("LE", "LESS_EQUAL")):
    """True while a is at most b."""

    a = In(int | float, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(int | float, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a is at most b")

    def step(self, dt: float) -> None:
        self.out = self.a <= self.b


class Equal(Block, type="EQ", aliases=("EQUAL",)):
    """True while a equals b."""

    a = In(bool | int | float | str, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(bool | int | float | str, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a equals b")

    def step(self, dt: float) -> None:
        self.out = self.a == self.b


class NotEqual(Block, type="NEQ", aliases=("NE", "NOT_EQUAL")):
    """True while a differs from b."""

    a = In(bool | int | float | str, aliases=("in1", "input1", "IN1"), doc="First operand")
    b = In(bool | int | float | str, aliases=("in2", "input2", "IN2"), doc="Second operand")
    out = Out(bool, aliases=("output", "q", "OUT"), doc="Whether a differs from b")

    def step(self, dt: float) -> None:
        self.out = self.a != self.b
