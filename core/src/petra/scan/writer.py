"""The text of a step: members become local names, inputs become gaps, and loops are unrolled."""

from __future__ import annotations

import ast
import builtins
import copy
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING, Any

from petra.scan.subset import PURE, OutsideSubsetError, Step, dotted_name, loop_sources, member_name

if TYPE_CHECKING:
    from petra.blocks import BlockSpec
    from petra.scan.inference import Inference, Kind

_EDGE = "\0"
_LONGEST_SUM = 50  # terms of a sum that is written out: Python's parser nests one level for each
MOST_LINES = 400
_INDENT = " " * 4


class Writer(ast.NodeTransformer):
    """Writes one step for a given number of wires at each input. An instance is used once."""

    def __init__(
        self,
        spec: BlockSpec,
        step: Step,
        counts: Sequence[int],
        many: Mapping[str, Kind],
        kinds: Inference,
        unwired: Iterable[str] = (),
    ) -> None:
        self._spec = spec
        self._step = step
        self._body = [node for node in step.body if not _is_unseen(node, step.body, set(unwired), kinds)]
        self._counts = dict(zip(spec.inputs, counts, strict=True))
        self._many = many
        self._kinds = kinds
        self._temporary = 0
        self._assigned: set[str] = set()
        self._repeated = _repeated_members(self._body)
        self.loaded: dict[str, None] = {}
        """The members that are loaded from their slots at the start of the text."""
        self.globals: dict[str, Any] = {}

    def body(self) -> list[str]:
        """Return the lines of the body."""
        lines = list(islice(self._write_block(self._body), MOST_LINES + 1))
        if len(lines) > MOST_LINES:
            raise OutsideSubsetError(f"it has more than {MOST_LINES} lines with its loops unrolled")
        ends = self._assigned
        for name in _assigned_members(self._body):
            if (
                name not in ends
            ):  # not assigned on every path: the old value must be loaded, to be stored back
                self.loaded[name] = None
        return lines

    def _write_block(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.Assign):
                value = self._expression_text(node.value)
                yield f"{self._target_text(node.targets[0])} = {value}"
            elif isinstance(node, ast.AugAssign):
                self._note_read(member_name(node.target))
                value = self._expression_text(node.value)
                sign = ast.unparse(ast.AugAssign(ast.Name("x"), node.op, ast.Name("y")))[2:-2]
                yield f"{self._target_text(node.target)} {sign} {value}"
            elif isinstance(node, ast.If):
                yield from self._write_choice(node)
            elif isinstance(node, ast.For):
                yield from self._write_loop(node)

    def _write_choice(self, node: ast.If) -> Iterator[str]:
        """Write a chain of conditions as `elif`: Python allows only a hundred levels of nesting."""
        after: set[str] | None = None
        keyword, rest = "if", [node]
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            yield f"{keyword} {self._expression_text(rest[0].test)}:"
            before = (
                self._assigned.copy()
            )  # a member counts as assigned after an `if` only if every branch assigns it
            yield from self._write_indented(rest[0].body)
            after = self._assigned if after is None else after & self._assigned
            self._assigned = before
            keyword, rest = "elif", rest[0].orelse  # type: ignore[assignment]  # any statements
        if rest:
            yield "else:"
            yield from self._write_indented(rest)
        self._assigned &= after or set()

    def _write_indented(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        lines = list(self._write_block(body))
        for line in lines or ["pass"]:
            yield _INDENT + line

    def _write_loop(self, node: ast.For) -> Iterator[str]:
        sources = [member_name(source) for source in loop_sources(node.iter)] or [member_name(node.iter)]
        numbered = isinstance(node.iter, ast.Call) and dotted_name(node.iter.func) == "enumerate"
        count = min(self._wire_count(source) for source in sources)
        for i in range(count):
            items = [self._gap_mark(f"{source}.{i}") for source in sources]
            if numbered:
                items = [str(i), *items]
            if isinstance(node.target, ast.Tuple):
                for target, item in zip(node.target.elts, items, strict=True):
                    yield f"{self._target_text(target)} = {item}"
            else:
                item = items[0] if len(items) == 1 else f"({', '.join(items)})"
                yield f"{self._target_text(node.target)} = {item}"
            yield from self._write_block(node.body)

    def _wire_count(self, name: str) -> int:
        quality = self._spec.qualities.get(name)
        return self._counts[quality.port if quality else name]

    def _target_text(self, node: ast.expr) -> str:
        if isinstance(node, ast.Tuple):
            return f"({', '.join(map(self._target_text, node.elts))},)"
        if name := member_name(node):
            self._assigned.add(name)
            return f"m_{name}"
        return f"l_{node.id}"  # type: ignore[attr-defined]  # the subset has nothing else here

    def _expression_text(self, node: ast.expr) -> str:
        return ast.unparse(ast.fix_missing_locations(self.visit(copy.deepcopy(node))))

    def _note_read(self, name: str) -> None:
        if name and name not in self._assigned:
            self.loaded[name] = None

    def _gap_mark(self, name: str) -> str:
        return f"{_EDGE}{name}{_EDGE}"

    # expressions: each method returns the replacement of a node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Replace `self.name`, and a dotted global name."""
        name = member_name(node)
        if not name:
            return self._global_name(dotted_name(node)) if dotted_name(node) else self.generic_visit(node)  # type: ignore[return-value]
        if self._is_many(name):
            return ast.Tuple(
                [ast.Name(self._gap_mark(f"{name}.{i}")) for i in range(self._wire_count(name))], ast.Load()
            )
        if name in self._spec.params or name in self._spec.qualities:
            return ast.Name(self._gap_mark(name))
        if name in self._spec.inputs and name not in self._repeated:
            return ast.Name(self._gap_mark(name))
        self._note_read(name)
        return ast.Name(f"m_{name}")

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace the name of a local, of the step's argument, or of a global."""
        if node.id == self._step.dt:
            return ast.Name("dt")
        if node.id in self._step.names:
            return self._global_name(node.id)
        return ast.Name(f"l_{node.id}")

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Write `min`, `max`, `all` and `any` as expressions where the result is the same."""
        function = self._step.names[dotted_name(node.func)]
        numbers = all(self._kinds.type_of(arg) in (bool, int, float) for arg in node.args)
        if function in (min, max) and len(node.args) >= 2 and numbers:
            return self._write_extreme(node.args, ast.Gt() if function is min else ast.Lt())
        if (
            function in (all, any)
            and len(node.args) == 1
            and self._many.get(member_name(node.args[0])) is bool
        ):
            items = self.visit(node.args[0]).elts
            if items:
                return (
                    items[0]
                    if len(items) == 1
                    else ast.BoolOp(ast.And() if function is all else ast.Or(), items)
                )
        if function is reduce and len(node.args) == 2 and self._is_many(member_name(node.args[1])):
            folded = self._step.names.get(dotted_name(node.args[0]))
            sign = "+" if folded is operator.add else "*" if folded is operator.mul else ""
            items = [item.id for item in self.visit(node.args[1]).elts]
            # Left to right, as reduce() does: float addition is not associative.
            if sign and 1 <= len(items) <= _LONGEST_SUM:
                return ast.Name(f"({f' {sign} '.join(items)})")
        if function is len and len(node.args) == 1 and self._is_many(member_name(node.args[0])):
            return ast.Constant(self._wire_count(member_name(node.args[0])))
        return ast.Call(self.visit(node.func), [self.visit(arg) for arg in node.args], [])

    def _write_extreme(self, args: Sequence[ast.expr], beyond: ast.cmpop) -> ast.expr:
        """Write min and max as the comparisons of Python: an equal value or NaN never replaces the first."""
        found: ast.expr = self.visit(args[0])
        for arg in args[1:]:
            first, first_again = self._usable_twice(found)
            second, second_again = self._usable_twice(self.visit(arg))
            found = ast.IfExp(ast.Compare(first, [beyond], [second]), second_again, first_again)
        return found

    def _usable_twice(self, node: ast.expr) -> tuple[ast.expr, ast.expr]:
        if isinstance(node, ast.Name | ast.Constant):
            return node, node
        # Evaluated once, as an argument of min() is; the result may be needed twice.
        self._temporary += 1
        name = ast.Name(f"t{self._temporary}")
        return ast.NamedExpr(name, node), name

    def _is_many(self, name: str) -> bool:
        quality = self._spec.qualities.get(name)
        port = self._spec.inputs.get(quality.port if quality else name)
        return port is not None and port.many

    def _global_name(self, name: str) -> ast.expr:
        found = self._step.names[name]
        # A negative number gets brackets: `-1 ** 2` would be read as -(1 ** 2). NaN and inf have no literal.
        if found.__class__ in (bool, int, str) or (found.__class__ is float and math.isfinite(found)):
            text = repr(found)
            return ast.Name(f"({text})" if text.startswith("-") else text)
        if name in PURE and found is getattr(builtins, name):
            return ast.Name(name)
        known = name.startswith("math.") and found is getattr(math, name[5:], None)
        own = name.replace(".", "_") if known else f"g{id(found):x}_{name.replace('.', '_')}"
        self.globals[own] = found
        return ast.Name(own)


def _is_unseen(node: ast.stmt, body: Sequence[ast.stmt], unwired: set[str], kinds: Inference) -> bool:
    """Return whether a statement computes an unwired output that nothing reads, and cannot fail."""
    if not isinstance(node, ast.Assign) or (name := member_name(node.targets[0])) not in unwired:
        return False
    uses = [each for statement in body for each in ast.walk(statement) if member_name(each) == name]
    return len(uses) == 1 and _cannot_fail(node.value, kinds)


def _cannot_fail(node: ast.expr, kinds: Inference) -> bool:
    """Return whether an expression surely raises nothing: float arithmetic without power, min and max."""
    if member_name(node) or isinstance(node, ast.Constant | ast.Name):
        return kinds.type_of(node) in (bool, float)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        divisor = node.right
        return isinstance(divisor, ast.Constant) and bool(divisor.value) and _cannot_fail(node.left, kinds)
    plain = (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult)) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max")
    )
    parts = node.args if isinstance(node, ast.Call) else list(ast.iter_child_nodes(node))
    return plain and all(_cannot_fail(part, kinds) for part in parts if isinstance(part, ast.expr))


def _assigned_members(body: Sequence[ast.stmt]) -> list[str]:
    """Return the members that a body assigns to, on any path."""
    found = [
        member_name(node)
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and member_name(node)
    ]
    return list(dict.fromkeys(found))


def _repeated_members(body: Sequence[ast.stmt]) -> set[str]:
    """Return the members that are read more than once: reading a local name is cheaper than a slot."""
    seen: set[str] = set()
    repeated: set[str] = set()
    for statement in body:
        for node in ast.walk(statement):
            if name := member_name(node):
                (repeated if name in seen or isinstance(statement, ast.For) else seen).add(name)
    return repeated
