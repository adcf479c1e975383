"""A formula as a block."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from attrs import frozen

from petra.blocks import Block, In, Out, Param, Qualities, decided
from petra.blocks.known import worst
from petra.library.faults import BlockFault
from petra.library.notations import notation_hint
from petra.signals.quality import Quality

MOST_DIGITS = 15
"""Most digits in `round(x, n)`: a float has no more, and a large n would take unbounded time."""

_LONGEST = 1000


def rounded(value: float, digits: float = 0.0) -> float:
    """Return a number rounded to `digits` after the decimal point, or before it if negative."""
    if not -MOST_DIGITS <= digits <= MOST_DIGITS:
        raise BlockFault(f"a number is rounded to at most {MOST_DIGITS} digits, not {digits:g}")
    return round(value, int(digits)) if digits else float(round(value))


def _returning_float(function: Callable[[float], int]) -> Callable[[float], float]:
    """Return a function of `math` that returns a float: products of ints could grow without limit."""
    return lambda value: float(function(value))


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "round": rounded,
    **{name: _returning_float(getattr(math, name)) for name in ("ceil", "floor", "trunc")},
    **{
        name: getattr(math, name)
        for name in ("acos", "asin", "atan", "atan2", "cos", "exp", "hypot", "log", "log10", "pow", "sin",
                     "sqrt", "tan")
    },
}  # fmt: skip
_MOST_ARGUMENTS = 100
_ARGUMENTS = {
    **dict.fromkeys(("min", "max", "hypot"), (2, _MOST_ARGUMENTS)),
    **dict.fromkeys(("round", "log"), (1, 2)),
    **dict.fromkeys(("atan2", "pow"), (2, 2)),
}
"""The least and greatest number of arguments; a function that is not listed takes one."""
_CONSTANTS = {"pi": math.pi, "true": True, "false": False}
_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name,
    ast.Constant, ast.Load, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd,
    ast.Not, ast.And, ast.Or, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_GREATEST = 1e300  # number in a formula
_INPUTS = ("a", "b", "c", "d", "e", "f", "g", "h")
_QUALITY, _DECIDED, _WORST, _IS_BOOL = "quality_", "decided_", "worst_", "is_bool_"

Kinds = Mapping[str, type[Any] | None]


@frozen
class Formula:
    """A checked formula: its function, and the inputs that it uses."""

    tree: ast.expr
    inputs: frozenset[str]
    compute: Callable[..., float]
    known: Callable[..., Quality]
    """Takes the values of all inputs, then their qualities, and returns the quality of the result."""


class Expression(Block, type="EXPR", aliases=("EXPRESSION", "FORMULA")):
    """A formula of up to eight inputs: `a * 1.8 + 32`, or an interlock: `a and not b and c > 2.5`.

    An input is a bool or a number, like the signal that it is wired to. The result is a bool if the formula
    is a comparison or joins bools with `and` or `or`; otherwise it is a number, and bools count as 0 and 1. A
    formula can choose between values: `max(a, b) if c else 0`. Every input that the formula uses must be
    given.

    A formula may use + - * / // % and comparisons, `and or not`, `x if y else z`, numbers such as 2.5, `pi`,
    `true` and `false`, and the functions abs, min, max, round, sqrt, pow, exp, log, log10, sin, cos, tan,
    asin, acos, atan, atan2, hypot, floor, ceil and trunc. Numbers are floats; `round(x, n)` takes n from -15
    to 15.
    """

    a = In(
        bool | float, default=0.0, alone=True, aliases=("in1", "in", "input"), doc="Called a in the formula"
    )
    b = In(bool | float, default=0.0, alone=True, aliases=("in2",), doc="Called b")
    c = In(bool | float, default=0.0, alone=True, aliases=("in3",), doc="Called c")
    d = In(bool | float, default=0.0, alone=True, aliases=("in4",), doc="Called d")
    e = In(bool | float, default=0.0, alone=True, aliases=("in5",), doc="Called e")
    f = In(bool | float, default=0.0, alone=True, aliases=("in6",), doc="Called f")
    g = In(bool | float, default=0.0, alone=True, aliases=("in7",), doc="Called g")
    h = In(bool | float, default=0.0, alone=True, aliases=("in8",), doc="Called h")
    expression = Param(str, aliases=("formula", "expr"), doc="The formula")
    out = Out(float | bool, bools=True, aliases=("output", "result", "OUT"), doc="The result")

    def __init__(self, **params: bool | float | str) -> None:
        super().__init__(**params)
        made = formula(self.expression)
        self._compute, self._known = made.compute, made.known

    @classmethod
    def complaints(cls, given: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Yield an error in the formula, and the inputs that the formula uses and that are not given."""
        try:
            used = formula(given["expression"]).inputs
        except ValueError as error:
            yield "expression", f"is not a formula: {error}"
            return
        for name in sorted(used - given.keys()):
            yield "expression", f"uses {name}, and the input {name!r} is not wired"

    @classmethod
    def output_type(
        cls,
        port: str,  # noqa: ARG003 - there is one
        params: Mapping[str, Any],
        kinds: Kinds,
    ) -> type[Any] | None:
        """Return the type of the result: bool or float."""
        return _result_type(formula(params["expression"]).tree, kinds)

    def step(self, dt: float) -> None:
        self.out = self._compute(self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h)

    def known(self, quality: Qualities) -> Quality:
        """Return the quality of the result: `and`, `or` as the blocks, `if` as the chosen value."""
        values = (getattr(self, name) for name in _INPUTS)
        return self._known(*values, *(getattr(quality, name) for name in _INPUTS))


@lru_cache(maxsize=1000)
def formula(text: str) -> Formula:
    """Check a text and return the formula; raise ValueError with the first error."""
    if len(text) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    if not text.strip():
        raise ValueError("it is empty")
    try:
        return _make_formula(_parse_formula(text.strip()))
    except (RecursionError, MemoryError):
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        better = notation_hint(text, {*_INPUTS, *_FUNCTIONS, *_CONSTANTS})
        raise ValueError(better or str(error)) from None


def _parse_formula(text: str) -> ast.Expression:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"{error.msg}" + (f" (character {error.offset})" if error.offset else "")) from None
    for node in ast.walk(tree):
        _check_node(node)
    _check_functions(tree)
    return tree


def _make_formula(tree: ast.Expression) -> Formula:
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in _INPUTS}
    floats: ast.expr = _Floats().visit(tree).body
    qualities = [_QUALITY + name for name in _INPUTS]
    known = _compile_lambda(_quality_of(floats), [*_INPUTS, *qualities])
    return Formula(floats, frozenset(used), _compile_lambda(floats, _INPUTS), known)


def _compile_lambda(body: ast.expr, names: Sequence[str]) -> Callable[..., Any]:
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    known = {
        "__builtins__": {},
        _DECIDED: _decided_quality,
        _WORST: _worst_of,
        _IS_BOOL: _is_bool,
        **_FUNCTIONS,
        **_CONSTANTS,
    }
    made: Callable[..., Any] = eval(compile(whole, "<formula>", "eval"), known)  # noqa: S307 - only checked nodes
    return made


def _quality_of(node: ast.expr) -> ast.expr:
    """Return the expression for the quality of an expression, from the values and qualities of the inputs."""
    if isinstance(node, ast.Name):
        return ast.Name(_QUALITY + node.id, ast.Load()) if node.id in _INPUTS else _call_node(_WORST)
    if isinstance(node, ast.BoolOp):
        decides = ast.Constant(isinstance(node.op, ast.Or))
        parts = [_deferred(part) for value in node.values for part in (value, _quality_of(value))]
        return _call_node(_DECIDED, decides, _surely_bool(node), *parts)
    if isinstance(node, ast.IfExp):
        chosen = ast.IfExp(node.test, _quality_of(node.body), _quality_of(node.orelse))
        return _call_node(_WORST, _quality_of(node.test), chosen)
    parts = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if isinstance(node, ast.Call):
        parts = node.args
    return _call_node(_WORST, *map(_quality_of, parts))


def _surely_bool(node: ast.expr) -> ast.expr:
    """Return the expression for whether an expression is a bool, given the types of the inputs."""
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return ast.Constant(value=True)
    if isinstance(node, ast.Name):
        return _call_node(_IS_BOOL, node)
    if isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("min", "max"):
        parts = node.args
    else:
        return ast.Constant(value=False)
    return ast.BoolOp(ast.And(), [_surely_bool(part) for part in parts])


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _call_node(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _deferred(node: ast.expr) -> ast.expr:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), node)


def _decided_quality(by: bool, bools: bool, *parts: Callable[[], Any]) -> Quality:  # noqa: FBT001 - called by generated code only
    """Return the quality of an `and` or `or`: that of the operand that decides it.

    `bools` is true if all operands are bools for any input. Then any operand can decide. Otherwise the result
    is the operand at which Python stops, a number perhaps, and depends on all operands up to that one.

    `parts` holds two functions for each operand, for its value and for its quality. An operand that raises (a
    division by zero that Python would not have reached) has no value and bad quality.
    """
    values = [_computed_value(value) for value in parts[::2]]
    qualities = [_computed_value(quality, unless=Quality.BAD) for quality in parts[1::2]]
    if bools:
        return decided(values, qualities, by=by)
    ends = next(
        (at for at, value in enumerate(values) if value is not None and bool(value) is by), len(values)
    )
    return worst(qualities[: ends + 1])


def _computed_value(part: Callable[[], Any], unless: Any = None) -> Any:
    try:
        return part()
    except (ArithmeticError, ValueError, BlockFault):
        return unless


def _worst_of(*qualities: Quality) -> Quality:
    return worst(qualities)


class _Floats(ast.NodeTransformer):
    """Makes every number a float: products of ints could grow without limit."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        value = node.value
        return ast.copy_location(ast.Constant(value if isinstance(value, bool) else float(value)), node)  # type: ignore[arg-type]


def _check_node(node: ast.AST) -> None:
    where = f" (character {node.col_offset + 1})" if hasattr(node, "col_offset") else ""
    if not isinstance(node, _NODES):
        raise ValueError(f"a formula cannot contain {type(node).__name__.lower()}{where}")  # noqa: TRY004 - one type for all errors
    if isinstance(node, ast.Constant) and not (
        isinstance(node.value, int | float) and abs(node.value) <= _GREATEST
    ):
        raise ValueError(f"a formula can contain numbers, not {node.value!r}{where}")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise ValueError(f"a formula can call functions only by name, without keywords{where}")
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") not in _FUNCTIONS:
        raise ValueError(f"there is no function {getattr(node.func, 'id', '')!r}{where}")
    if isinstance(node, ast.Call):
        name = node.func.id  # type: ignore[attr-defined]  # a Name: checked above
        least, most = _ARGUMENTS.get(name, (1, 1))
        if not least <= len(node.args) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise ValueError(f"{name} takes {wanted} values in its brackets, not {len(node.args)}{where}")
    if isinstance(node, ast.Name) and node.id not in (*_INPUTS, *_FUNCTIONS, *_CONSTANTS):
        raise ValueError(f"{node.id!r} is not an input: a formula has the inputs {', '.join(_INPUTS)}{where}")


def _check_functions(tree: ast.Expression) -> None:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _FUNCTIONS and id(node) not in called:
            at = f"(character {node.col_offset + 1})"
            raise ValueError(f"{node.id} is a function: write {node.id}(...) {at}")


def _result_type(node: ast.expr, kinds: Kinds) -> type[Any] | None:
    """Return the type of an expression, bool or float; None while it depends on an unknown input type."""
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return bool
    if isinstance(node, ast.Name):
        return bool if node.id in ("true", "false") else kinds.get(node.id) if node.id in _INPUTS else float
    if isinstance(node, ast.Constant):
        return bool if isinstance(node.value, bool) else float
    if isinstance(node, ast.BoolOp | ast.IfExp):
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        found = {_result_type(part, kinds) for part in parts}
        return None if None in found else bool if found == {bool} else float
    return float
