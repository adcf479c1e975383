"""Which `step` methods can be written into the compiled program, and why others cannot.

The subset: assignments, `if`, loops over an input that takes many, arithmetic, comparison, boolean logic,
`min`, `max`, `abs` and other pure builtins, functions of `math` and of the block's own module.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable
from enum import Enum
from types import CodeType, ModuleType
from typing import Any

from attrs import frozen

from petra.blocks import Block, BlockSpec, In, Member, Out, Param, QualityOf, State

PURE = ("abs", "all", "any", "bool", "enumerate", "float", "int", "len", "max", "min", "round", "sum", "zip")

_MEMBERS = (In, Out, Param, State, QualityOf)
_EXPRESSIONS = (
    ast.Attribute, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.IfExp, ast.Name,
    ast.Subscript, ast.Tuple, ast.UnaryOp,
)  # fmt: skip
_PARTS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)
_STATEMENTS = (ast.Assign, ast.AugAssign, ast.If, ast.For, ast.Pass)


class OutsideSubsetError(Exception):
    """A step cannot be written into the program and is called instead."""


@frozen
class Step:
    """The body of a `step` inside the subset, and the objects of its global names."""

    body: list[ast.stmt]
    dt: str
    names: dict[str, Any]
    """Each global name that the body uses, dotted, with its object."""


def read_step(cls: type[Block]) -> Step:
    """Return the step of a class, or raise OutsideSubsetError with the reason."""
    function: Any = cls.step
    members: tuple[Member[Any], ...] = (
        *cls.spec.inputs.values(),
        *cls.spec.outputs.values(),
        *cls.spec.params.values(),
    )
    members += (*cls.spec.states.values(), *cls.spec.qualities.values())
    for each in members:
        if type(each) not in _MEMBERS:
            raise OutsideSubsetError(f"its {each.name!r} is declared with a subclass")
    if not inspect.isfunction(function) or cls.__init__ is not Block.__init__:
        raise OutsideSubsetError(
            "the class defines `__init__`" if inspect.isfunction(function) else "`step` is not a function"
        )
    if function.__closure__:  # its values may change, and the compiled text has no access to them
        raise OutsideSubsetError(f"it uses {function.__code__.co_freevars[0]!r} of an enclosing scope")
    try:
        source = textwrap.dedent(inspect.getsource(function))
        (tree,) = ast.parse(source).body
    except (OSError, TypeError, SyntaxError, ValueError):
        raise OutsideSubsetError("its source cannot be read") from None
    if not isinstance(tree, ast.FunctionDef) or tree.decorator_list or tree.name != "step":
        raise OutsideSubsetError("it is not a plain method")
    plain = len(tree.args.args) == 2 and not function.__defaults__ and not function.__kwdefaults__
    if not plain or tree.args.args[0].arg != "self":
        raise OutsideSubsetError("its arguments are not exactly self and dt")
    reader = _Reader(cls.spec, function, function.__code__.co_firstlineno - 1)
    reader.block(_without_doc(tree.body), {tree.args.args[1].arg})
    if not _is_source(source, function):
        raise OutsideSubsetError("its source file has changed since the import")
    return Step(_without_doc(tree.body), tree.args.args[1].arg, reader.names)


def _is_source(source: str, function: Any) -> bool:
    """Return whether a text is what a function was compiled from: the file may have changed since."""
    flags = function.__code__.co_flags & __future__.annotations.compiler_flag
    module = compile(source, "<source>", "exec", flags, dont_inherit=True)
    (found,) = (const for const in module.co_consts if isinstance(const, CodeType))
    imported = function.__code__
    if (found.co_names, found.co_varnames) != (imported.co_names, imported.co_varnames):
        return False
    # By type and repr: 1, 1.0 and True are equal, and so are 0.0 and -0.0, but not in their results.
    if [(type(c), repr(c)) for c in found.co_consts] != [(type(c), repr(c)) for c in imported.co_consts]:
        return False
    return found.co_code == imported.co_code or _portable_code(found) == _portable_code(imported)


def _portable_code(code: CodeType) -> list[tuple[str, object]]:
    """Return the instructions of a code object, without what depends on where it was compiled.

    Python writes `math.sqrt(x)` with other instructions in a module that imports `math` at its top.
    """
    return [
        (_SAME.get(each.opname, each.opname), None if each.opcode in _JUMPS else each.argval)
        for each in dis.get_instructions(code)
        if each.opname not in _SILENT
    ]


_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_SAME = {"LOAD_METHOD": "LOAD_ATTR", "CALL_METHOD": "CALL"}
_SILENT = {"CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL"}


def _without_doc(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if documented else body


def member_name(node: ast.AST) -> str:
    """Return the name in `self.name`, or an empty text for anything else."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return ""


def dotted_name(node: ast.AST) -> str:
    """Return `math.sqrt` or `LIMIT` of a chain of plain names, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (head := dotted_name(node.value)) and head != "self":
        return f"{head}.{node.attr}"
    return ""


class _Reader:
    """Checks a body in the order in which it runs, and tracks which names surely have a value."""

    def __init__(self, spec: BlockSpec, function: Callable[..., Any], line: int) -> None:
        self._spec = spec
        self._function = function
        self._line = line
        self._dt = function.__code__.co_varnames[1]
        self._locals = set(function.__code__.co_varnames)
        self.names: dict[str, Any] = {}

    def block(self, body: list[ast.stmt], known: set[str]) -> set[str]:
        """Check statements; return the local names that surely have a value after them."""
        for statement in body:
            known = self._check_statement(statement, known)
        return known

    def _check_statement(self, node: ast.stmt, known: set[str]) -> set[str]:
        if not isinstance(node, _STATEMENTS):
            raise self._outside_error(node, f"`{type(node).__name__.lower()}` is outside the subset")
        if isinstance(node, ast.Assign):
            if len(node.targets) != 1:
                raise self._outside_error(node, "it assigns to several names at once")
            self._check_expression(node.value, known)
            return known | self._check_target(node.targets[0])
        if isinstance(node, ast.AugAssign):
            self._check_expression(node.value, known)
            if isinstance(node.target, ast.Name) and node.target.id not in known:
                raise self._outside_error(node, f"{node.target.id!r} may have no value yet")
            return known | self._check_target(node.target)
        if isinstance(node, ast.If):
            self._check_expression(node.test, known)
            return self.block(node.body, known) & self.block(node.orelse, known)
        if isinstance(node, ast.For):
            return self._check_loop(node, known)
        return known

    def _check_loop(self, node: ast.For, known: set[str]) -> set[str]:
        sources = loop_sources(node.iter)
        items = (
            len(sources) + (dotted_name(getattr(node.iter, "func", node)) == "enumerate") if sources else 1
        )
        targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
        hidden = bool({"enumerate", "zip"} & self._function.__globals__.keys())
        if (
            node.orelse
            or len(targets) != items
            or isinstance(node.target, ast.Tuple) != bool(sources)
            or hidden
        ):
            raise self._outside_error(node, "it is not a plain loop over an input that takes many")
        for source in sources or [node.iter]:
            if not self._is_many(member_name(source)):
                raise self._outside_error(node, "it loops over something other than an input that takes many")
        self.block(node.body, known | self._check_target(node.target))
        return known

    def _is_many(self, name: str) -> bool:
        quality = self._spec.qualities.get(name)
        port = self._spec.inputs.get(quality.port if quality else name)
        return port is not None and port.many

    def _check_target(self, node: ast.expr) -> set[str]:
        if name := member_name(node):
            if name not in self._spec.outputs and name not in self._spec.states:
                raise self._outside_error(
                    node, f"it assigns to self.{name}, which is neither an output nor a state"
                )
            return set()
        if isinstance(node, ast.Name) and node.id != self._dt:
            return {node.id}
        if isinstance(node, ast.Tuple) and node.elts:
            return set().union(*map(self._check_target, node.elts))
        raise self._outside_error(node, "it assigns to something other than a name or a member")

    def _check_expression(self, node: ast.AST, known: set[str]) -> None:
        if isinstance(node, _PARTS):
            return
        if not isinstance(node, _EXPRESSIONS):
            raise self._outside_error(node, f"`{type(node).__name__.lower()}` is outside the subset")
        if isinstance(node, ast.Constant) and node.value.__class__ not in (bool, int, float, str):
            raise self._outside_error(node, f"the constant {node.value!r} is outside the subset")
        if name := member_name(node):
            self._check_member(node, name)
            return
        if name := dotted_name(node):
            self._check_name(node, name, known)
            return
        if isinstance(node, ast.Call):
            name = dotted_name(node.func)
            if node.keywords or not name or name.partition(".")[0] in self._locals:
                raise self._outside_error(
                    node, "it calls something other than a function by its name, or with keywords"
                )
        for child in ast.iter_child_nodes(node):
            self._check_expression(child, known)

    def _check_member(self, node: ast.AST, name: str) -> None:
        spec = self._spec
        if not any(
            name in group for group in (spec.inputs, spec.outputs, spec.params, spec.states, spec.qualities)
        ):
            raise self._outside_error(node, f"it uses self.{name}, which is not declared")

    def _check_name(self, node: ast.AST, name: str, known: set[str]) -> None:
        head, *rest = name.split(".")
        if head in self._locals:
            if rest or head not in known:
                raise self._outside_error(node, f"{head!r} may have no value yet")
            return
        space: dict[str, Any] = self._function.__globals__
        if head in space:
            found = space[head]
        elif head in PURE and not rest:
            found = getattr(builtins, head)
        else:
            raise self._outside_error(node, f"{head!r} is outside the subset")
        # A constant is written into the text as its value when the program is compiled. A global that can be
        # assigned later would keep its old value there, so only names in upper case count as constants.
        if rest and not isinstance(found, ModuleType | type):
            raise self._outside_error(node, f"{name!r} may change while it runs")
        for attribute in rest:
            found = getattr(found, attribute, None)
        scalar = isinstance(found, bool | int | float | str) and not isinstance(found, Enum)
        if scalar and head != "math" and not name.rpartition(".")[2].isupper():
            raise self._outside_error(
                node, f"{name!r} may change while it runs; constants have upper-case names"
            )
        self.names[name] = found

    def _outside_error(self, node: ast.AST, reason: str) -> OutsideSubsetError:
        return OutsideSubsetError(f"{reason} (line {self._line + getattr(node, 'lineno', 0)})")


def loop_sources(node: ast.expr) -> list[ast.expr]:
    """Return the arguments of `enumerate(...)` or `zip(...)`; empty for any other expression."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("enumerate", "zip")
    ):
        return [] if node.keywords or (node.func.id == "enumerate" and len(node.args) != 1) else node.args
    return []
