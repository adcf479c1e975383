"""The entries of `instances`: which template, and the values of each instance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING

from attrs import frozen

from petra.config.expand.budget import MAX_INSTANCES, Budget
from petra.config.expand.parameters import Value
from petra.config.expand.table import Row, read_rows
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.values import Invalid

if TYPE_CHECKING:
    from petra.config.expand.files import Files
    from petra.config.expand.template import Template
    from petra.config.structure import Structurer

KEYS = ("template", "with", "for", "table", "description")

_RANGE = re.compile(r"([-+]?\d{1,18})\.\.([-+]?\d{1,18})(?:\.\.([-+]?\d{1,18}))?")

Values = dict[str, Value]


@frozen
class Given:
    """The values of one instance, and the place that gives them."""

    place: Node
    values: Values
    own: frozenset[str] = frozenset()
    """The parameters that it gives itself; the others have their defaults."""


class InstanceReader:
    """Reads the entries of `instances`. One load owns it."""

    def __init__(
        self, templates: MappingOf[str, Template], structurer: Structurer, files: Files, budget: Budget
    ) -> None:
        self._templates = templates
        self._structurer = structurer
        self._problems = structurer.problems
        self._files = files
        self._budget = budget

    def read(self, node: Node, broken: set[str]) -> tuple[Template, list[Given]]:
        """Return the template of an entry and the values of each instance.

        What is wrong is reported, and Invalid raised; `broken` are the templates that are reported already.
        """
        if not isinstance(node, Mapping):
            hint = "write `- {template: NAME, with: {...}}`"
            self._problems.add(node, "wrong-type", f"expected a mapping, not {node.noun}", hint=hint)
            raise Invalid
        unknown = [entry.key for key, entry in node.entries.items() if key not in KEYS]
        for key in unknown:
            hint = self._problems.meant(key.text, KEYS) or f"there are {', '.join(KEYS)}"
            self._problems.add(key, "unknown-key", f"there is no {key.text!r} here", hint=hint)
        template = self._find_template(node, broken)
        common = self._values(node.get("with"), template, "with")
        ranges = self._ranges(node.get("for"), template)
        rows = self._rows(node, template)
        if unknown:
            raise Invalid
        self._check_twice(node, common, ranges, rows)
        number = len(rows) * prod(len(values) for values in ranges.values())
        self._budget.take_instances(number, node)
        made = [
            Given(row.place, dict(zip(ranges, chosen, strict=True)) | row.values | common)
            for row in rows
            for chosen in product(*ranges.values())
        ]
        return template, self._complete(made, template)

    def _find_template(self, node: Mapping, broken: set[str]) -> Template:
        at = node.get("template")
        if at is None:
            self._problems.add(node, "missing-key", "'template' is missing", hint="the name of a template")
            raise Invalid
        name = self._structurer.values.read_scalar(at, str)
        found = self._templates.get(name)
        if found is None:
            if name not in broken:
                known = ", ".join(self._templates) or "none"
                hint = self._problems.meant(name, self._templates) or f"there are: {known[:200]}"
                self._problems.add(at, "unknown-template", f"there is no template {name!r}", hint=hint)
            raise Invalid
        return found

    def _values(self, node: Node | None, template: Template, key: str) -> Values:
        """Return the values of a mapping from parameters to values; all its problems are reported first."""
        if node is None or _is_empty(node):
            return {}
        if not isinstance(node, Mapping):
            hint = f"write `{key}: {{NAME: VALUE}}`"
            self._problems.add(node, "wrong-type", f"expected a mapping, not {node.noun}", hint=hint)
            raise Invalid
        pairs = ((entry.key, entry.value) for entry in node.entries.values() if not _is_empty(entry.value))
        return self._each(pairs, template)

    def _each(self, pairs: Iterator[tuple[Scalar, Node]], template: Template) -> Values:
        made: Values = {}
        failed = False
        for key, node in pairs:
            try:
                made[key.text] = self._value(key, node, template)
            except Invalid:
                failed = True
        if failed:
            raise Invalid
        return made

    def _value(self, key: Scalar, node: Node, template: Template) -> Value:
        self._check_known(key, template)
        value = template.parameters[key.text].read(node, self._structurer)
        if value.external and key.text in template.formatted:
            message = f"{key.text!r} is used with a format, which a value from the environment cannot have"
            self._problems.add(node, "bad-value", message, hint="write the value itself")
            raise Invalid
        return value

    def _check_known(self, key: Scalar, template: Template) -> None:
        if key.text not in template.parameters:
            known = f"there are {', '.join(template.parameters)}" if template.parameters else "it has none"
            hint = self._problems.meant(key.text, template.parameters) or known
            message = f"the template {template.name!r} has no parameter {key.text!r}"
            self._problems.add(key, "unknown-parameter", message, hint=hint)
            raise Invalid

    # for: ranges and lists

    def _ranges(self, node: Node | None, template: Template) -> dict[str, list[Value]]:
        if node is None or _is_empty(node):
            return {}
        if not isinstance(node, Mapping):
            message = f"expected a mapping, not {node.noun}"
            self._problems.add(node, "wrong-type", message, hint="write `for: {n: 1..50}`")
            raise Invalid
        made: dict[str, list[Value]] = {}
        for name, entry in node.entries.items():
            self._check_known(entry.key, template)
            made[name] = [self._value(entry.key, each, template) for each in self._items(entry.value)]
        return made

    def _items(self, node: Node) -> list[Scalar]:
        """Return the single values of a range, or of a list that may contain ranges."""
        made: list[Scalar] = []
        for item in node.items if isinstance(node, Sequence) else [node]:
            found = self._range(item)
            if found is not None:
                made += found
            elif isinstance(node, Sequence) and isinstance(item, Scalar) and not item.is_null:
                made.append(item)
            else:
                hint = "write 1..50, 1..50..2 or [a, b]"
                self._problems.add(item, "wrong-type", "expected a range or a list of values", hint=hint)
                raise Invalid
        if not made:
            self._problems.add(node, "bad-value", "the list is empty")
            raise Invalid
        return made

    def _range(self, node: Node) -> list[Scalar] | None:
        """Return the numbers of a range such as 1..50 or 1..50..2, or None for any other node."""
        if not isinstance(node, Scalar) or not node.plain:
            return None
        found = _RANGE.fullmatch(self._structurer.values.resolve(node)[1].text)
        if found is None:
            return None
        first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
        numbers = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
        if not numbers:
            message = f"the range {found[0]} is empty"
            hint = f"downwards: {first}..{last}..-1" if first > last and step > 0 else ""
            self._problems.add(node, "bad-value", message, hint=hint)
            raise Invalid
        if len(numbers) > MAX_INSTANCES:
            self._budget.take_instances(len(numbers), node)
        return [Scalar(node.line, node.column, str(number), plain=True) for number in numbers]

    # table: rows of values

    def _rows(self, node: Mapping, template: Template) -> list[Given]:
        table = node.get("table")
        if table is None:
            return [Given(node, {})]
        if isinstance(table, Sequence):
            made = self._inline(table, template)
        elif isinstance(table, Scalar) and not table.is_null:
            made = self._file(table, template)
        else:
            message = f"expected a list of mappings or the name of a CSV file, not {table.noun}"
            self._problems.add(table, "wrong-type", message)
            raise Invalid
        if not made:
            self._problems.warn(table, "empty-table", "the table has no rows: there are no instances")
        return made

    def _inline(self, table: Sequence, template: Template) -> list[Given]:
        made: list[Given] = []
        for item in table.items:
            try:
                made.append(Given(item, self._values(item, template, "table")))
            except Invalid:
                continue
        if len(made) < len(table.items):
            raise Invalid
        return made

    def _file(self, table: Scalar, template: Template) -> list[Given]:
        found = self._files.table(table, self._structurer.values.read_scalar(table, str))
        if found is None:
            raise Invalid
        before = self._problems.errors
        rows = read_rows(*found, self._problems)
        header = next(rows, None)
        if header is None:
            self._problems.add(
                table, "bad-table", "the file is empty", hint="begin with the names of parameters"
            )
            raise Invalid
        self._check_header(header, template)
        made: list[Given] = []
        for row in islice(rows, MAX_INSTANCES + 1):
            try:
                made.append(self._row(row, header, template))
            except Invalid:
                continue
        if self._problems.errors > before:
            raise Invalid
        return made

    def _check_header(self, header: Row, template: Template) -> None:
        seen: set[str] = set()
        failed = False
        for cell in header:
            try:
                self._check_known(cell, template)
            except Invalid:
                failed = True
                continue
            if cell.text in seen:
                self._problems.add(cell, "bad-table", f"there are two columns {cell.text!r}")
                failed = True
            seen.add(cell.text)
        if failed:
            raise Invalid

    def _row(self, row: Row, header: Row, template: Template) -> Given:
        if len(row) != len(header):
            message = f"the row has {_cells(len(row))}, but the header has {len(header)}"
            hint = "put a cell that contains the separator in quotes" if len(row) > len(header) else ""
            self._problems.add(row[0], "bad-table", message, hint=hint)
            raise Invalid
        pairs = ((key, cell) for key, cell in zip(header, row, strict=True) if cell.text or not cell.plain)
        return Given(row[0], self._each(((k, self._fitting(k, c, template)) for k, c in pairs), template))

    def _fitting(self, key: Scalar, cell: Scalar, template: Template) -> Scalar:
        """Return a cell as a quoted text or as a plain value, as its parameter wants it."""
        plain = template.parameters[key.text].python is not str
        return Scalar(cell.line, cell.column, cell.text, plain=plain)

    # all together

    def _check_twice(
        self, node: Mapping, common: Values, ranges: dict[str, list[Value]], rows: list[Given]
    ) -> None:
        """Report parameters that are given in two ways."""
        listed = {name for row in rows for name in row.values}
        for name in [*common, *ranges]:
            ways = [
                way for way, given in (("with", common), ("for", ranges), ("table", listed)) if name in given
            ]
            if len(ways) > 1:
                message = f"the parameter {name!r} is given under `{ways[0]}` and under `{ways[1]}`"
                self._problems.add(node, "duplicate-key", message, hint="give it once")
                raise Invalid

    def _complete(self, made: list[Given], template: Template) -> list[Given]:
        """Return the instances with the defaults filled in; report the values that are missing."""
        defaults = {p.name: p.default for p in template.parameters.values() if p.default is not None}
        required = [name for name in template.parameters if name not in defaults]
        failed = False
        for given in made:
            for name in required:
                if name not in given.values:
                    message = f"the template {template.name!r} needs a value for {name!r}"
                    about = template.parameters[name].config.description
                    self._problems.add(given.place, "missing-parameter", message, hint=about)
                    failed = True
        if failed:
            raise Invalid
        return [Given(each.place, defaults | each.values, frozenset(each.values)) for each in made]


def _cells(number: int) -> str:
    return f"{number} cell" if number == 1 else f"{number} cells"


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null
