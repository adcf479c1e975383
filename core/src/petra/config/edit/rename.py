"""Renaming a signal, block, task or connection at every place that names it.

The places come from the models: what a plugin says of its fields (`about(signal=...)`, `signals_used`,
`drivers_named`), the ports of blocks, and the names themselves. Afterwards the configurations before and
after are compared, field by field: a text that changed in any other field refuses the rename.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from petra.closest import closest
from petra.config.document import Loaded, load_bytes
from petra.config.edit.change import Change, Effect
from petra.config.edit.edits import Edit, apply_edits
from petra.config.edit.errors import EditError
from petra.config.edit.references import Fields, Reference, fields_of, references
from petra.config.edit.render import flow_text, scalar_text
from petra.config.edit.tree import Leaf, Listing, Pairs
from petra.config.models import MAIN, BlockConfig
from petra.config.problems import Severity
from petra.scan.engine_signals import PREFIX
from petra.settings.model import settings
from petra.signals import is_name

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.config.edit.operations import Rename
    from petra.config.reader import Configuration
    from petra.plugin.catalog import Catalog


def rename_changes(
    documents: Mapping[str, Document], operation: Rename, catalog: Catalog | None
) -> list[Change]:
    """Return the change of each text that names the old name; raise EditError if that is not certain."""
    if catalog is None:
        raise EditError("a rename needs to know what is installed")
    main = next(iter(documents.values()))
    before = _loaded(documents, {}, catalog)
    if before.configuration is None:
        first = next(p for p in before.problems if p.severity is Severity.ERROR)
        raise EditError(
            f"nothing can be renamed for sure in a document with errors: {first.message}",
            file=first.file,
            line=first.line,
            column=first.column,
            hint=f"petra check {main.file}",
        )
    fields = fields_of(before.configuration, operation.kind)
    _check_names(main, operation, fields)
    changes: list[Change] = []
    for document in documents.values():
        taken = next(references(document, catalog, fields, operation.kind, operation.new), None)
        if taken is not None:
            message = f"there is a {operation.kind} {operation.new!r} already"
            raise document.error(message, taken.leaf, "choose another name")
        found = references(document, catalog, fields, operation.kind, operation.old)
        leaves = {id(each.leaf): each for each in found}
        if leaves:
            changes.append(_change(document, list(leaves.values()), operation.new))
    if not changes:
        known = names_of(before.configuration, operation.kind, fields)
        if operation.old in known:
            message = f"the {operation.kind} {operation.old!r} is not written here"
            raise main.error(message, None, "a template makes it, or another file has it: change it there")
        meant = closest(operation.old, known)
        hint = f"did you mean {meant!r}?" if meant else ""
        raise main.error(f"there is no {operation.kind} {operation.old!r}", None, hint)
    _compare(documents, before, changes, operation, fields, catalog)
    return changes


def _loaded(documents: Mapping[str, Document], edited: Mapping[str, str], catalog: Catalog) -> Loaded:
    """Load the document of these files, with the texts of those that are edited."""
    texts = {file: edited.get(file, each.text).encode() for file, each in documents.items()}
    main = next(iter(documents))
    return load_bytes(texts.pop(main), catalog, name=main, folder=Path(main).parent, texts=texts)


def names_of(made: Configuration, kind: str, fields: Fields) -> set[str]:
    """Return the names of this kind that a configuration has."""
    if kind == "signal":
        return {signal.name for signal in made.plant.signals}
    if kind == "block":
        return {block.name for block in made.plant.blocks}
    if kind == "task":
        return {task.name for task in made.plant.tasks}
    return set(fields.names)


def _check_names(document: Document, rename: Rename, fields: Fields) -> None:
    kind = rename.kind
    if rename.old == rename.new:
        raise document.error(f"the {kind} {rename.old!r} has this name already")
    if kind == "signal" and (not is_name(rename.new) or rename.new.startswith(PREFIX)):
        raise document.error(
            f"{rename.new!r} is not a valid name for a signal", None, "letters, digits and `_ . : / -`"
        )
    if rename.old in fields.derived:
        raise document.error(
            f"the signal {rename.old!r} is one of those that the point {fields.derived[rename.old]!r} names",
            None,
            "rename the signals of an array by hand, and what reads them",
        )
    if kind == "task" and MAIN in (rename.old, rename.new):
        raise document.error(f"`{MAIN}` is the task of every block without `task`: it keeps its name")


def _change(document: Document, found: list[Reference], new: str) -> Change:
    edits: list[Edit] = []
    for reference in found:
        leaf = reference.leaf
        if leaf.block:
            raise document.error("the name is written over several lines", leaf, "write it in one line first")
        flow = reference.flow or leaf.style == ""
        if reference.short:
            made = {name: new if name == "name" else leaf.text for name in reference.short}
            edits.append(document.edit(leaf.body, leaf.end, flow_text(made)))
        else:
            edits.append(document.edit(leaf.body, leaf.end, scalar_text(new, flow=flow, style=leaf.style)))

    def mutate() -> None:
        for reference in found:
            if not reference.short:
                reference.leaf.text, reference.leaf.plain = new, False
                continue
            made = Pairs(flow=True)
            made.anchor = reference.leaf.anchor
            made.keys = [Leaf(name, plain=False) for name in reference.short]
            made.nodes = [
                Leaf(new if name == "name" else reference.leaf.text, plain=False) for name in reference.short
            ]
            assert isinstance(reference.listing, Listing)  # noqa: S101 - the short form is an item
            reference.listing.items[reference.index] = made

    return Change(document, tuple(edits), mutate, Effect.MOVED)


def _compare(
    documents: Mapping[str, Document],
    before: Loaded,
    changes: list[Change],
    rename: Rename,
    fields: Fields,
    catalog: Catalog,
) -> None:
    """Raise EditError if the new texts say anything else than the old ones with the other name."""
    edited = {each.document.file: apply_edits(each.document.text, each.edits) for each in changes}
    after = _loaded(documents, edited, catalog)
    if after.configuration is None:
        first = next(p for p in after.problems if p.severity is Severity.ERROR)
        line, column = first.line, first.column
        raise EditError(
            f"the document would have an error: {first.message}",
            file=first.file,
            line=line,
            column=column,
            hint=first.hint if first.file in documents else "the name is used there too: change it there",
        )
    comparison = _Comparison(rename, fields)
    assert before.configuration is not None  # noqa: S101 - the caller has looked
    wrong = comparison.models(before.configuration.plant, after.configuration.plant, "")
    for name, section in before.configuration.sections.items():
        wrong = wrong or comparison.values(section, after.configuration.sections.get(name), name)
    if wrong:
        raise changes[0].document.error(
            f"{rename.old!r} cannot be renamed for sure: {wrong} would change too",
            changes[0].edits[0].offset,
            "an alias or a reference uses the name for something else",
        )


@frozen
class _Comparison:
    """Compares configurations field by field; returns the path of the first difference, or an empty text."""

    rename: Rename
    fields: Fields

    def models(self, one: Any, two: Any, path: str) -> str:
        if one.__class__ is not two.__class__:
            return path or "the document"
        for setting in settings(one.__class__):
            name = setting.attribute.name
            first, second = getattr(one, name), getattr(two, name)
            where = f"{path}.{setting.name}" if path else setting.name
            if self._names(one, setting.name):
                first = self._renamed(first)
            if wrong := self.values(first, second, where):
                return wrong
        return ""

    def values(self, one: Any, two: Any, path: str) -> str:
        if attrs.has(one.__class__):
            return self.models(one, two, path)
        if one.__class__ is not two.__class__:
            return path
        if isinstance(one, list | tuple):
            if len(one) != len(two):
                return path
            return next(self._first(zip(one, two, strict=True), path), "")
        if isinstance(one, dict):
            if list(one) != list(two):
                return path
            return next((w for key in one if (w := self.values(one[key], two[key], f"{path}.{key}"))), "")
        return "" if one == two or (one != one and two != two) else path  # noqa: PLR0124 - NaN

    def _first(self, pairs: Any, path: str) -> Iterator[str]:
        for i, (one, two) in enumerate(pairs):
            if wrong := self.values(one, two, f"{path}[{i}]"):
                yield wrong

    def _names(self, model: Any, field: str) -> bool:
        """Return whether a field of a model holds names of this kind."""
        if isinstance(model, BlockConfig) and field in ("inputs", "outputs"):
            return self.rename.kind == "signal"
        return (model.__class__, field) in self.fields.models

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._renamed(inner) for key, inner in value.items()}
        return self.rename.new if value.__class__ is str and value == self.rename.old else value
