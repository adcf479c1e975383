"""Arithmetic. Ints stay exact and saturate at 64 bits; where ints and floats meet, the result is a float.

A bool counts as 0 or 1. A float that goes to a signal declared int is rounded to the nearest whole number, a
half to the even neighbour.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import add, mul

from petra.blocks import Block, In, Out
from petra.library.faults import BlockFault


class Add(Block, type="ADD", aliases=("SUM",)):
    """The sum of all inputs."""

    inputs = In(int | float, many=True, bools=True, doc="Any number of summands, under any names")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="Their sum")

    def step(self, dt: float) -> None:
        self.out = reduce(add, self.inputs)  # not sum(): it begins with the int 0, and -0.0 would become 0.0


class Multiply(Block, type="MUL", aliases=("MULTIPLY",)):
    """The product of all inputs."""

    inputs = In(int | float, many=True, bools=True, doc="Any number of factors, under any names")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="Their product")

    def step(self, dt: float) -> None:
        self.out = reduce(mul, self.inputs)


class Subtract(Block, type="SUB", aliases=("SUBTRACT",)):
    """The first operand less the second."""

    a = In(int | float, bools=True, aliases=("in1", "input1", "IN1"), doc="Minuend")
    b = In(int | float, bools=True, aliases=("in2", "input2", "IN2"), doc="Subtrahend")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="a - b")

    def step(self, dt: float) -> None:
        self.out = self.a - self.b


def quotient(a: float, b: float) -> float:
    """Divide; two ints are divided with truncation towards zero."""
    if b == 0:
        raise BlockFault("division by zero")
    # IEC 61131-3: -7 / 2 is -3. Python's // rounds down, to -4; a float quotient loses digits beyond 2**53.
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a / b


class Divide(Block, type="DIV", aliases=("DIVIDE",)):
    """The first operand divided by the second. Division by zero is a fault.

    The quotient of two ints is an int, truncated towards zero: 5 / 2 is 2. If the output goes to a signal
    declared float, the quotient is a float: 2.5.
    """

    a = In(int | float, bools=True, aliases=("in1", "input1", "IN1"), doc="Dividend")
    b = In(int | float, bools=True, aliases=("in2", "input2", "IN2"), doc="Divisor")
    out = Out(int | float, rounds=True, widens=True, aliases=("output", "result", "OUT"), doc="a / b")

    def step(self, dt: float) -> None:
        self.out = quotient(self.a, self.b)


def remainder(a: float, b: float) -> float:
    """Return the remainder of a division towards zero; it has the sign of the dividend."""
    if b == 0:
        raise BlockFault("division by zero")  # IEC 61131-3 defines 0 here, which would hide the error
    # Python's % has the sign of the divisor, math.fmod that of the dividend, as IEC 61131-3 requires of MOD.
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) % abs(b) * (1 if a >= 0 else -1)
    return math.fmod(a, b)


class Modulo(Block, type="MOD"):
    """The remainder of a division towards zero, with the sign of the dividend. By zero is a fault."""

    a = In(int | float, bools=True, aliases=("in1", "input1", "IN1"), doc="Dividend")
    b = In(int | float, bools=True, aliases=("in2", "input2", "IN2"), doc="Divisor")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="a modulo b")

    def step(self, dt: float) -> None:
        self.out = remainder(self.a, self.b)


class Absolute(Block, type="ABS"):
    """The absolute value."""

    input = In(int | float, bools=True, aliases=("in", "in1", "a", "IN"), doc="Input")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="The input without its sign")

    def step(self, dt: float) -> None:
        self.out = abs(self.input)


class SquareRoot(Block, type="SQRT"):
    """The square root. A negative input is a fault."""

    input = In(float, aliases=("in", "in1", "a", "IN"), doc="Input")
    out = Out(float, aliases=("output", "result", "OUT"), doc="Its square root")

    def step(self, dt: float) -> None:
        self.out = math.sqrt(self.input)


class Power(Block, type="EXPT", aliases=("POW", "POWER")):
    """The first operand to the power of the second."""

    a = In(float, aliases=("in1", "base", "IN1"), doc="Base")
    b = In(float, aliases=("in2", "exponent", "IN2"), doc="Exponent")
    out = Out(float, aliases=("output", "result", "OUT"), doc="a to the power of b")

    def step(self, dt: float) -> None:
        self.out = math.pow(self.a, self.b)  # `**` is complex for (-8.0) ** 0.5


class Minimum(Block, type="MIN"):
    """The least of all inputs."""

    inputs = In(int | float, many=True, bools=True, doc="Any number of inputs, under any names")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="The least")

    def step(self, dt: float) -> None:
        # As in Python, a NaN is returned only if it is the first input: comparisons with NaN are false.
        self.out = min(self.inputs)


class Maximum(Block, type="MAX"):
    """The greatest of all inputs."""

    inputs = In(int | float, many=True, bools=True, doc="Any number of inputs, under any names")
    out = Out(int | float, rounds=True, aliases=("output", "result", "OUT"), doc="The greatest")

    def step(self, dt: float) -> None:
        self.out = max(self.inputs)
