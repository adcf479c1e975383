"""A template: its parameters, and its body that is copied for each instance."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from typing import TYPE_CHECKING

from attrs import field, frozen

from petra.config.expand.parameters import Parameter, Value, read_parameters
from petra.config.expand.references import Parts, Reference, fill, has_reference, read_parts
from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence, key_of
from petra.config.origin import Instance, Line, Origin, line_of, origin_of
from petra.config.parse import MAX_SCALAR

if TYPE_CHECKING:
    from petra.config.problems import Problems
    from petra.config.structure import Structurer

OWN_KEYS = ("parameters", "description")
"""The keys of a template that are not part of its body."""

_NOT_INSIDE = ("include", "templates")


@frozen(eq=False)
class Template:
    """A template that has been read. `weight` counts the values of its body with aliases written out."""

    name: str
    key: Scalar
    file: str
    parameters: MappingOf[str, Parameter]
    body: Mapping = field(repr=False)
    weight: int
    parts: MappingOf[int, Parts] = field(repr=False)
    """The parts of each text with references, by the id of its node."""
    formatted: frozenset[str] = frozenset()
    """The parameters that are used with a format."""


def read_template(name: str, entry: Entry, structurer: Structurer) -> Template | None:
    """Return a template; report what is wrong with it, and return None if it cannot be used."""
    problems = structurer.problems
    if not isinstance(entry.value, Mapping):
        hint = "write its `parameters` and what it describes: signals, blocks, sections"
        problems.add(entry.value, "wrong-type", f"expected a mapping, not {entry.value.noun}", hint=hint)
        return None
    parameters = read_parameters(entry.value.get("parameters"), structurer)
    body = Mapping(entry.value.line, entry.value.column)
    body.entries = {key: each for key, each in entry.value.entries.items() if key not in OWN_KEYS}
    wrong = [each.key for key, each in body.entries.items() if key in _NOT_INSIDE]
    for key in wrong:
        problems.add(
            key, "unknown-key", f"a template cannot contain {key.text!r}", hint="write it at the top"
        )
    if parameters is None or wrong:
        return None
    scan = _Scan(parameters, problems)
    scan.visit(body)
    if not scan.valid:
        return None
    used = [part for parts in scan.parts.values() for part in parts if isinstance(part, Reference)]
    _report_unused(entry.value, parameters, {each.name for each in used}, problems)
    formatted = frozenset(each.name for each in used if each.format)
    origin = origin_of(entry.key)
    file = problems.file if origin is None else origin.file
    return Template(name, entry.key, file, parameters, body, scan.weight, scan.parts, formatted)


def _report_unused(
    node: Mapping, parameters: MappingOf[str, Parameter], used: set[str], problems: Problems
) -> None:
    given = node.get("parameters")
    for name in parameters:
        if name not in used and given is not None:
            message = f"nothing in the template uses the parameter {name!r}"
            hint = f"write $({name}) where its value belongs"
            problems.warn(key_of(given, name), "unused-parameter", message, hint=hint)


class _Scan:
    """Reads the references of a body and counts its values."""

    def __init__(self, parameters: MappingOf[str, Parameter], problems: Problems) -> None:
        self._parameters = parameters
        self._problems = problems
        self._weights: dict[int, int] = {}
        self.parts: dict[int, Parts] = {}
        self.valid = True
        self.weight = 0

    def visit(self, node: Node) -> int:
        """Read the references in a node and return its weight; a node with aliases is read once."""
        known = self._weights.get(id(node))
        if known is not None:
            return known
        if isinstance(node, Mapping):
            found = 1 + sum(
                self.visit(entry.key) + self.visit(entry.value) for entry in node.entries.values()
            )
        elif isinstance(node, Sequence):
            found = 1 + sum(map(self.visit, node.items))
        else:
            found = 1
            self._read_text(node)
        self._weights[id(node)] = self.weight = found
        return found

    def _read_text(self, node: Node) -> None:
        if not isinstance(node, Scalar) or not has_reference(node.text):
            return
        parts = read_parts(node, self._parameters, self._problems)
        if parts is None:
            self.valid = False
        else:
            self.parts[id(node)] = parts


class Copier:
    """Copies the body of a template for one instance.

    Every node is copied, also those without references: each problem then knows its instance, and no part
    is mistaken for another one. A copy takes a twentieth of the time of reading the text.
    """

    def __init__(
        self,
        template: Template,
        values: MappingOf[str, Value],
        instance: Instance,
        problems: Problems,
        spend: Callable[[int], None],
    ) -> None:
        self._parts = template.parts
        self._values = values
        self._origin = Origin(template.file, instance)
        self._problems = problems
        self._spend = spend
        self._lines: dict[int, Line] = {}

    def copy(self, node: Node) -> Node:
        """Return a copy of a node with its references replaced."""
        number = node.line
        line = self._lines.get(number)
        if line is None:
            line = self._lines[int(number)] = Line.of(number, self._origin)
        if isinstance(node, Scalar):
            parts = self._parts.get(id(node))
            if parts is None:
                return Scalar(line, node.column, node.text, plain=node.plain)
            return self._fill(Scalar(line, node.column, node.text, plain=node.plain), parts)
        if isinstance(node, Sequence):
            listed = Sequence(line, node.column, flow=node.flow)
            listed.items = [self.copy(item) for item in node.items]
            return listed
        assert isinstance(node, Mapping)  # noqa: S101 - there are no other nodes
        return self._copy_mapping(node, line)

    def _copy_mapping(self, node: Mapping, line: Line) -> Mapping:
        made = Mapping(line, node.column, flow=node.flow)
        copy, entries = self.copy, made.entries
        for entry in node.entries.values():
            key = copy(entry.key)
            assert isinstance(key, Scalar)  # noqa: S101 - a copy of a text is a text
            if (first := entries.get(key.text)) is not None:
                message = f"{key.text!r} is already given in {line_of(first.key, key, self._problems.file)}"
                self._problems.add(key, "duplicate-key", message)
                continue
            entries[key.text] = Entry(key, copy(entry.value))
        return made

    def _fill(self, node: Scalar, parts: Parts) -> Scalar:
        only = parts[0] if len(parts) == 1 else None
        if isinstance(only, Reference):  # the value itself: a text stays a text, a number a number
            value = self._values[only.name]
            node.text = value.formatted(only.format)
            node.plain = node.plain and value.plain
        else:
            node.text = fill(parts, self._values)
        self._spend(len(node.text))
        if len(node.text) > MAX_SCALAR:
            self._problems.add(node, "too-large", "a single value is too long with its parameters replaced")
            node.text = ""
        return node
