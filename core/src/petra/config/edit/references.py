"""The places of a document that name a signal, block, task or connection, as its models tell them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from petra.config.edit.kinds import DocumentKind, Kind, SectionKind, child_kind, merges_of, short_keys
from petra.config.edit.tree import Leaf, Listing, Node, Pairs, resolved
from petra.config.environment import Environment, SubstitutionError
from petra.config.models import BlockConfig, SignalConfig, TaskConfig
from petra.config.providers import LATER
from petra.config.shapes import item_model
from petra.settings.contracts import NamesDrivers, UsesSignals
from petra.settings.model import optional, settings

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.config.reader import Configuration
    from petra.plugin.catalog import Catalog


@frozen
class Fields:
    """The fields that hold names of one kind."""

    models: frozenset[tuple[Any, str]]
    """Models, each with the name of such a field."""
    names: frozenset[str] = frozenset()
    """The names of connections."""
    derived: dict[str, str] = field(factory=dict)
    """Signals whose names a model makes from the text of a field, and that text."""


@frozen
class Reference:
    """A single value that is a name; `short` if it is the short form of a whole item."""

    leaf: Leaf
    flow: bool
    short: tuple[str, ...] = ()
    listing: Listing | None = field(default=None, eq=False)
    index: int = 0


def fields_of(made: Configuration, kind: str) -> Fields:
    """Return the fields of a configuration's models that hold names of this kind."""
    own: dict[str, set[tuple[Any, str]]] = {
        "signal": {(SignalConfig, "name")},
        "block": {(BlockConfig, "name")},
        "task": {(TaskConfig, "name"), (BlockConfig, "task")},
        "connection": set(),
    }
    found, names, derived = own[kind], set(), {}
    for model in _models(made.sections):
        cls = model.__class__
        if kind == "signal":
            found |= {(cls, s.name) for s in settings(cls) if s.about.signal is not None}
            for used in model.signals_used() if issubclass(cls, UsesSignals) else ():
                found.add((cls, used.field))
                text = getattr(model, used.field, used.name)
                if text != used.name:
                    derived[used.name] = str(text)
                    derived[str(text)] = str(text)
        elif kind == "connection" and issubclass(cls, NamesDrivers):
            for each in model.drivers_named():
                found.add((cls, each.field))
                names.add(each.name)
    return Fields(frozenset(found), frozenset(names), derived=derived)


def _models(value: Any) -> Iterator[Any]:
    """Yield every model in a part of a configuration."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _models(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _models(each)
    elif attrs.has(value.__class__):
        yield value
        for setting in settings(value.__class__):
            yield from _models(getattr(value, setting.attribute.name))


def references(
    document: Document, catalog: Catalog, fields: Fields, kind: str, name: str
) -> Iterator[Reference]:
    """Yield the places that hold a name; raise EditError at one where that is not certain."""
    yield from _Walk(document, catalog, fields, kind, name).node(
        document.tree.root, DocumentKind(catalog), flow=False
    )


class _Walk:
    def __init__(self, document: Document, catalog: Catalog, fields: Fields, kind: str, name: str) -> None:
        self._document = document
        self._catalog = catalog
        self._fields = fields
        self._kind = kind
        self._name = name
        self._environment = Environment(os.environ, Path(document.file).parent)
        self._seen: set[tuple[int, str]] = set()

    def node(self, written: Node | None, kind: Kind, *, flow: bool) -> Iterator[Reference]:
        node = resolved(written)
        kind = optional(kind) if kind is not None else None
        if not isinstance(node, Pairs | Listing) or (id(node), repr(kind)) in self._seen:
            return
        self._seen.add((id(node), repr(kind)))
        flow = flow or node.flow
        if isinstance(node, Listing):
            inner = child_kind(kind, node, None, self._catalog)
            for i, item in enumerate(node.items):
                leaf = resolved(item)
                if isinstance(leaf, Leaf) and not leaf.null:
                    yield from self._short(leaf, inner, node, i)
                yield from self.node(item, inner, flow=flow)
            return
        for merged in merges_of(node):
            yield from self.node(merged, kind, flow=flow)
        for key, value in zip(node.keys, node.nodes, strict=True):
            if not isinstance(key, Leaf):
                continue
            if (
                isinstance(kind, DocumentKind)
                and self._catalog.section(key.text) is None
                and key.text in LATER
            ):
                yield from self._later(value)
                continue
            leaf = resolved(value)
            if isinstance(leaf, Leaf) and self._holds_name(kind, key.text):
                yield from self._reference(leaf, flow=flow)
            if self._wires(kind, key.text) and isinstance(leaf, Pairs):
                yield from self._ports(leaf, flow=flow)
            yield from self.node(value, child_kind(kind, node, key.text, self._catalog), flow=flow)

    def _short(self, leaf: Leaf, kind: Kind, listing: Listing, index: int) -> Iterator[Reference]:
        short = short_keys(kind)
        names = [name for name in short if (optional(kind), name) in self._fields.models]
        if names and self._is_name(leaf):
            if len(short) > 1 and listing.items[index] is not leaf:
                raise self._document.error(
                    "the name is an alias, which is also the type", listing.items[index]
                )
            yield Reference(leaf, listing.flow, short if len(short) > 1 else (), listing, index)

    def _holds_name(self, kind: Kind, key: str) -> bool:
        models = [kind]
        if isinstance(kind, SectionKind):
            models = [kind.model, *([inner] if (inner := item_model(kind.model)) else [])]
        return any(
            (model, setting.name) in self._fields.models
            for model in models
            if isinstance(model, type) and attrs.has(model)
            for setting in settings(model)
            if key in setting.keys
        )

    def _wires(self, kind: Kind, key: str) -> bool:
        return self._kind == "signal" and kind is BlockConfig and key in ("inputs", "outputs")

    def _ports(self, ports: Pairs, *, flow: bool) -> Iterator[Reference]:
        for merged in merges_of(ports):
            yield from self._ports(merged, flow=flow)
        for value in ports.nodes:
            leaf = resolved(value)
            if isinstance(leaf, Leaf):
                yield from self._reference(leaf, flow=flow or ports.flow)

    def _reference(self, leaf: Leaf, *, flow: bool) -> Iterator[Reference]:
        if self._is_name(leaf):
            yield Reference(leaf, flow)

    def _is_name(self, leaf: Leaf) -> bool:
        """Return whether a value is the name; raise EditError if it only becomes it by a reference."""
        if "${" in leaf.text:
            try:
                text = self._environment.substitute(leaf.text).text
            except SubstitutionError:
                return False
            if text == self._name:
                message = f"the name {self._name!r} comes from a reference here"
                raise self._document.error(message, leaf, "write the name out first")
        return leaf.text == self._name

    def _later(self, section: Node) -> Iterator[Reference]:
        """Yield the signals of a section of a later version, as far as its keys tell."""
        node = resolved(section)
        if self._kind != "signal" or not isinstance(node, Pairs | Listing):
            return
        if (id(node), "later") in self._seen:
            return
        self._seen.add((id(node), "later"))
        if isinstance(node, Pairs):
            for key, value in zip(node.keys, node.nodes, strict=True):
                leaf = resolved(value)
                named = isinstance(key, Leaf) and (key.text == "signal" or key.text.endswith("_signal"))
                if isinstance(leaf, Leaf) and named:
                    yield from self._reference(leaf, flow=node.flow)
                elif (
                    isinstance(leaf, Leaf)
                    and self._is_name(leaf)
                    and isinstance(key, Leaf)
                    and key.text != "name"
                ):
                    raise self._document.error(
                        f"it is not certain that {key.text!r} names the signal: this version cannot read it",
                        leaf,
                        "change it by hand first",
                    )
        for value in node.values():
            yield from self._later(value)
