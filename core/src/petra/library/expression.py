"""A formula as a block."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from petra.blocks import Block, In, Out, Param

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": round,
    **{
        name: getattr(math, name)
        for name in ("acos", "asin", "atan", "atan2", "ceil", "cos", "exp", "floor", "hypot", "log", "log10",
                     "pow", "sin", "sqrt", "tan", "trunc")
    },
}  # fmt: skip
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name,
    ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd,
    ast.Not, ast.And, ast.Or, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_GREATEST = 1e300  # of a number in a formula: what follows from it stays a float
_INPUTS = ("a", "b", "c", "d", "e", "f", "g", "h")


class Expression(Block, type="EXPR", aliases=("EXPRESSION", "FORMULA")):
    """A formula of up to eight inputs, such as `a * 1.8 + 32` or `max(a, b) if c > 0 else 0`.

    It knows + - * / // % and comparisons, `and or not`, `x if y else z`, the numbers `pi` and `2.5`, and the
    functions abs, min, max, round, sqrt, pow, exp, log, log10, sin, cos, tan, asin, acos, atan, atan2, hypot,
    floor, ceil and trunc.
    """

    a = In(float, default=0.0, aliases=("in1", "in", "input"), doc="Called a in the formula")
    b = In(float, default=0.0, aliases=("in2",), doc="Called b")
    c = In(float, default=0.0, aliases=("in3",), doc="Called c")
    d = In(float, default=0.0, aliases=("in4",), doc="Called d")
    e = In(float, default=0.0, aliases=("in5",), doc="Called e")
    f = In(float, default=0.0, aliases=("in6",), doc="Called f")
    g = In(float, default=0.0, aliases=("in7",), doc="Called g")
    h = In(float, default=0.0, aliases=("in8",), doc="Called h")
    expression = Param(str, aliases=("formula", "expr"), doc="The formula")
    out = Out(float, aliases=("output", "result"), doc="What it comes to")

    def __init__(self, **params: bool | float | str) -> None:
        super().__init__(**params)
        self._compute = _compiled(self.expression)

    def step(self, dt: float) -> None:
        self.out = self._compute(self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h)


def _compiled(text: str) -> Callable[..., float]:
    if len(text) > 1000:
        raise ValueError("a formula is at most 1000 characters long")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is no formula: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        _check(node)
    arguments = ast.arguments([], [ast.arg(name) for name in _INPUTS], None, [], [], None, [])
    body = ast.Expression(ast.Lambda(arguments, tree.body))
    code = compile(ast.fix_missing_locations(body), "<formula>", "eval")
    made: Callable[..., float] = eval(code, {"__builtins__": {}, **_FUNCTIONS, "pi": math.pi})  # noqa: S307 - checked
    return made


def _check(node: ast.AST) -> None:
    if not isinstance(node, _NODES):
        raise ValueError(f"a formula has no {type(node).__name__.lower()}")  # noqa: TRY004 - as all complaints
    if isinstance(node, ast.Constant) and not (
        isinstance(node.value, int | float) and abs(node.value) <= _GREATEST
    ):
        raise ValueError(f"a formula has numbers, not {node.value!r}")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise ValueError("a formula calls functions by their names only")
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in _FUNCTIONS:
        raise ValueError(f"there is no function {getattr(node.func, 'id', '')!r}")
    if isinstance(node, ast.Name) and node.id not in (*_INPUTS, *_FUNCTIONS, "pi"):
        raise ValueError(f"{node.id!r} is none of {', '.join(_INPUTS)}")
