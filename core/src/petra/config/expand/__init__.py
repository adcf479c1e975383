"""Writing a document out: the files that it includes, and the instances of its templates.

What comes out is a document as if it had been written by hand, in which every line knows where it is from.
A document without `include`, `templates` and `instances` is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from typing import TYPE_CHECKING

from attrs import frozen

from petra.config.expand.budget import MAX_NESTING, Budget, ExhaustedError
from petra.config.expand.files import Files
from petra.config.expand.instances import Given, InstanceReader
from petra.config.expand.join import TOP_KEYS, Joined
from petra.config.expand.template import Copier, Template, read_template
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.origin import Instance, line_of, origin_of
from petra.config.values import Invalid

if TYPE_CHECKING:
    from pathlib import Path

    from petra.config.structure import Structurer


@frozen
class Expanded:
    """A document that is written out."""

    root: Mapping
    files: tuple[str, ...] = ()
    """The files that it includes."""
    complete: bool = True
    """Whether all of it could be read: if not, a signal without a writer may have one."""


def expand(
    root: Mapping,
    structurer: Structurer,
    *,
    main: Path | None,
    folder: Path,
    size: int,
    is_driver: Callable[[str], bool],
    unread: frozenset[str] = frozenset(),
    texts: MappingOf[str, bytes] | None = None,
) -> Expanded:
    """Return a document with its files and instances written out; problems are reported with their places.

    `main` is the file of the document, if it has one, and `size` its length; `folder` is where the names of
    other files begin. Keys in `unread` have no effect, and so cannot contradict each other. `texts` count
    instead of what is in the included files of these names.
    """
    if not any(key in root.entries for key in TOP_KEYS):
        return Expanded(root)
    return _Expansion(root, structurer, main, folder, size, texts or {}).run(is_driver, unread)


class _Expansion:
    """Writes out one document."""

    def __init__(
        self,
        root: Mapping,
        structurer: Structurer,
        main: Path | None,
        folder: Path,
        size: int,
        texts: MappingOf[str, bytes],
    ) -> None:
        self._root = root
        self._structurer = structurer
        self._problems = structurer.problems
        self._budget = Budget(self._problems, root)
        self._files = Files(structurer, self._budget, main, folder, size, texts)
        self._templates: dict[str, Template] = {}
        self._broken: set[str] = set()
        self._complete = True
        self._instances = InstanceReader(self._templates, structurer, self._files, self._budget)

    def run(self, is_driver: Callable[[str], bool], unread: frozenset[str]) -> Expanded:
        joined = Joined(self._root, self._problems, is_driver, unread)
        try:
            parts = [*self._files.roots(self._root), self._root]
            for part in parts:
                self._read_templates(part)
            for part in parts:
                joined.add(part)
            for part in parts:
                self._write_out(part, joined, ())
        except ExhaustedError:
            self._complete = False
        return Expanded(joined.root, tuple(self._files.names), self._complete and self._files.complete)

    def _read_templates(self, part: Mapping) -> None:
        node = part.get("templates")
        if node is None or _is_empty(node):
            return
        if not isinstance(node, Mapping):
            hint = "write `templates: {NAME: {parameters: ..., signals: ...}}`"
            self._problems.add(node, "wrong-type", f"expected a mapping, not {node.noun}", hint=hint)
            self._complete = False
            return
        for name, entry in node.entries.items():
            if (first := self._templates.get(name)) is not None:
                where = line_of(first.key, entry.key, self._problems.file)
                message = f"the template {name!r} is already given in {where}"
                self._problems.add(entry.key, "duplicate-key", message)
                continue
            made = read_template(name, entry, self._structurer)
            if made is None:
                self._broken.add(name)
                self._complete = False
            else:
                self._templates[name] = made

    def _write_out(self, part: Mapping, joined: Joined, within: tuple[str, ...]) -> None:
        """Add the instances that a part asks for; `within` are the templates that they are inside of."""
        node = part.get("instances")
        if node is None or _is_empty(node):
            return
        if not isinstance(node, Sequence):
            hint = "write each after a dash and a space: `- template: NAME`"
            self._problems.add(node, "wrong-type", f"expected a list, not {node.noun}", hint=hint)
            self._complete = False
            return
        for item in node.items:
            try:
                template, given = self._instances.read(item, self._broken)
            except Invalid:
                self._complete = False
                continue
            if self._is_endless(item, template, within):
                continue
            for each in given:
                made = self._instance(template, each)
                joined.add(made)
                self._write_out(made, joined, (*within, template.name))

    def _is_endless(self, item: Node, template: Template, within: tuple[str, ...]) -> bool:
        """Report a template that is inside itself, and nesting that is too deep."""
        if template.name in within:
            way = " in ".join([template.name, *reversed(within[within.index(template.name) :])])
            self._problems.add(item, "template-cycle", f"the template is inside itself: {way}")
        elif len(within) >= MAX_NESTING:
            self._problems.add(item, "too-deep", f"over {MAX_NESTING} templates inside each other")
        else:
            return False
        self._complete = False
        return True

    def _instance(self, template: Template, given: Given) -> Mapping:
        """Return the body of a template with the values of one instance."""
        origin = origin_of(given.place)
        shown = tuple(
            (name, template.parameters[name].shown(given.values[name]))
            for name in template.parameters
            if name in given.own
        )
        instance = Instance(
            template.name,
            self._problems.file if origin is None else origin.file,
            int(given.place.line),
            shown,
            None if origin is None else origin.instance,
        )
        self._budget.take_body(template.weight, given.place)
        copier = Copier(template, given.values, instance, self._problems, self._budget.take_text)
        made = copier.copy(template.body)
        assert isinstance(made, Mapping)  # noqa: S101 - a copy of a mapping
        return made


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null
