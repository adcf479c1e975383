"""The types of expressions in a step, where they are certain; other values are converted when stored."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from types import BuiltinFunctionType
from typing import Any

from petra.scan.subset import Step, dotted_name, loop_sources, member_name

Kind = Any
"""A type that is certain, or None (it is `type[Any] | None`, which mypy takes for disjoint types)."""

_FLOATS = (
    "acos", "asin", "atan", "atan2", "cos", "cosh", "degrees", "dist", "erf", "exp", "expm1", "fabs", "fmod",
    "fsum", "hypot", "log", "log10", "log1p", "log2", "pow", "radians", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
_RESULTS: dict[Any, Kind] = {
    **{getattr(math, name): float for name in _FLOATS},
    **dict.fromkeys((math.ceil, math.floor, math.trunc, int, len), int),
    **dict.fromkeys((math.isfinite, math.isinf, math.isnan, math.isclose, bool, all, any), bool),
    float: float,
}
"""Functions whose result has the same type for all arguments."""


class Inference:
    """The types of a step's members and local names.

    `declared` holds the types of the members that the step can read: inputs, parameters, states, outputs. A
    value that the step assigns may have another type until it is stored; `assigned` holds the common type of
    all assignments to a member, or None.
    """

    def __init__(self, step: Step, declared: Mapping[str, Kind], many: Mapping[str, Kind]) -> None:
        self._declared = declared
        self._many = many
        self._names = step.names
        self._locals: dict[str, Kind] = {step.dt: float}
        self.assigned: dict[str, Kind] = {}
        self.bounded: dict[str, bool] = {}
        """Whether every int that is assigned to a member surely lies within 64 bits."""
        # A loop may read a local above its assignment, so the types are computed until they no longer change.
        # A type changes at most once, from certain to None: this ends.
        before: object = None
        while before != (now := (self._locals.copy(), self.assigned.copy())):
            before = now
            self._read_block(step.body)

    def _read_block(self, body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Assign):
                self._read_assignment(
                    node.targets[0], self.type_of(node.value), bounded=self._is_bounded(node.value)
                )
            elif isinstance(node, ast.AugAssign):
                value = ast.BinOp(node.target, node.op, node.value)
                self._read_assignment(node.target, self.type_of(value), bounded=False)
            elif isinstance(node, ast.If):
                self._read_block(node.body)
                self._read_block(node.orelse)
            elif isinstance(node, ast.For):
                self._read_loop(node)

    def _read_loop(self, node: ast.For) -> None:
        sources = loop_sources(node.iter)
        items = [self._many.get(member_name(source)) for source in sources or [node.iter]]
        if sources and isinstance(node.iter, ast.Call) and dotted_name(node.iter.func) == "enumerate":
            items = [int, *items]
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        for target, kind in zip(targets, items, strict=False):
            self._read_assignment(target, kind, bounded=True)
        self._read_block(node.body)

    def _read_assignment(self, target: ast.expr, kind: Kind, *, bounded: bool) -> None:
        if isinstance(target, ast.Tuple):
            for each in target.elts:
                self._read_assignment(each, None, bounded=False)
        elif name := member_name(target):
            self.assigned[name] = (
                kind if name not in self.assigned else _common_type(self.assigned[name], kind)
            )
            self.bounded[name] = self.bounded.get(name, True) and bounded
        elif isinstance(target, ast.Name):
            seen = self._locals
            seen[target.id] = kind if target.id not in seen else _common_type(seen[target.id], kind)

    def type_of(self, node: ast.expr) -> Kind:
        """Return the type of an expression."""
        if name := member_name(node):
            declared = self._declared.get(name)
            return _common_type(declared, self.assigned[name]) if name in self.assigned else declared
        rule: Callable[[Any], Kind] | None = _RULES.get(type(node))
        return rule(self, node) if rule else None  # type: ignore[call-arg]

    def _constant_type(self, node: ast.Constant) -> Kind:
        return type(node.value)

    def _name_type(self, node: ast.Name) -> Kind:
        if node.id in self._locals:
            return self._locals[node.id]
        found = self._names.get(node.id)
        return type(found) if type(found) in (bool, int, float, str) else None

    def _binary_type(self, node: ast.BinOp) -> Kind:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if left is None or right is None or str in (left, right) or tuple in (left, right):
            return None
        if isinstance(node.op, ast.Div):  # also of two ints
            return float
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod):
            return float if float in (left, right) else int
        if isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor) and float not in (left, right):
            return bool if {left, right} == {bool} else int
        return None

    def _unary_type(self, node: ast.UnaryOp) -> Kind:
        if isinstance(node.op, ast.Not):
            return bool
        kind = self.type_of(node.operand)
        return int if kind is bool else kind if kind in (int, float) else None

    def _boolean_type(self, node: ast.BoolOp) -> Kind:
        return reduce(_common_type, map(self.type_of, node.values))

    def _compare_type(self, node: ast.Compare) -> Kind:
        # Only of scalars: an object with its own comparison may return anything.
        known = all(self.type_of(each) is not None for each in (node.left, *node.comparators))
        return bool if known else None

    def _choice_type(self, node: ast.IfExp) -> Kind:
        return _common_type(self.type_of(node.body), self.type_of(node.orelse))

    def _call_type(self, node: ast.Call) -> Kind:
        function = self._names.get(dotted_name(node.func))
        if isinstance(function, BuiltinFunctionType | type) and function in _RESULTS:
            return _RESULTS[function]
        if function is reduce and len(node.args) == 2:
            folded = self._names.get(dotted_name(node.args[0]))
            whole = folded is operator.add or folded is operator.mul
            kind = self._many.get(member_name(node.args[1]))
            return kind if whole and kind in (int, float) else None
        kinds = [
            self._many.get(member_name(arg)) if member_name(arg) in self._many else self.type_of(arg)
            for arg in node.args
        ]
        if (function is min or function is max) and kinds:
            return reduce(_common_type, kinds)
        if function is abs and kinds:
            return int if kinds[0] is bool else kinds[0] if kinds[0] in (int, float) else None
        return int if function is round and len(kinds) == 1 and kinds[0] in (bool, int, float) else None

    def _subscript_type(self, node: ast.Subscript) -> Kind:
        return self._many.get(member_name(node.value))

    def _is_bounded(self, node: ast.expr) -> bool:
        """Return whether an int surely lies within 64 bits: a value stored before, or a choice among such."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int) and abs(node.value) < 2**63
        if name := member_name(node):
            return name not in self.assigned
        if isinstance(node, ast.IfExp):
            return self._is_bounded(node.body) and self._is_bounded(node.orelse)
        if isinstance(node, ast.Call) and _is_extreme(self._names.get(dotted_name(node.func))):
            return all(map(self._is_bounded, node.args))
        return isinstance(node, ast.Call) and self._names.get(dotted_name(node.func)) is len


def _is_extreme(function: object) -> bool:
    return function is min or function is max


def _common_type(left: Kind, right: Kind) -> Kind:
    return left if left is right else None


_RULES: dict[type[ast.expr], Any] = {
    ast.Constant: Inference._constant_type,  # noqa: SLF001 - the table of its own methods
    ast.Name: Inference._name_type,  # noqa: SLF001
    ast.BinOp: Inference._binary_type,  # noqa: SLF001
    ast.UnaryOp: Inference._unary_type,  # noqa: SLF001
    ast.BoolOp: Inference._boolean_type,  # noqa: SLF001
    ast.Compare: Inference._compare_type,  # noqa: SLF001
    ast.IfExp: Inference._choice_type,  # noqa: SLF001
    ast.Call: Inference._call_type,  # noqa: SLF001
    ast.Subscript: Inference._subscript_type,  # noqa: SLF001
}
