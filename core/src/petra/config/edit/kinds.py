"""The models behind the places of a document: keys that mean the same, lists, short forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

import attrs
from attrs import frozen

from petra.config.edit.tree import Leaf, Listing, Node, Pairs, resolved
from petra.config.models import BlockConfig, PlantConfig
from petra.config.reader import PROTOCOLS
from petra.config.shapes import CONNECTIONS, item_model
from petra.settings.model import optional, settings

if TYPE_CHECKING:
    from petra.plugin.catalog import Catalog

TEMPLATES = "templates"

_PORTS = {"inputs": ("inputs",), "outputs": ("outputs",), "params": ("params", "inputs")}


@frozen
class DocumentKind:
    """The root of a document, or with `within` the mapping of sections under `protocols`."""

    catalog: Catalog | None
    within: bool = False


@frozen
class SectionKind:
    """The section of a plugin, in any of the forms that a section of devices has."""

    model: Any


@frozen
class PortsKind:
    """The inputs, outputs or parameters of a block: names that mean the same."""

    names: tuple[tuple[str, ...], ...]


Kind = Any
"""One of the kinds above, the type of a setting, or None for what no model describes."""


def child_kind(kind: Kind, node: Node | None, key: str | None, catalog: Catalog | None) -> Kind:
    """Return the kind of the value of a key, or of an item where the key is None."""
    kind = optional(kind) if kind is not None else None
    if isinstance(kind, DocumentKind):
        return _section(kind, key)
    if isinstance(kind, SectionKind):
        return _within_section(kind, node, key, catalog)
    if kind is None or isinstance(kind, PortsKind):
        return None
    origin: Any = get_origin(kind)
    if key is None:
        return get_args(kind)[0] if origin in (list, tuple) else None
    if origin is dict:
        return get_args(kind)[1]
    if attrs.has(kind):
        setting = next((s for s in settings(kind) if key in s.keys), None)
        if setting is not None and kind is BlockConfig and setting.name in _PORTS and catalog is not None:
            return _ports(setting.name, node, catalog)
        return None if setting is None else setting.type
    return None


def same_keys(kind: Kind, key: str) -> tuple[str, ...]:
    """Return the keys that mean the same as this one, itself first."""
    kind = optional(kind) if kind is not None else None
    models: list[Any] = []
    if isinstance(kind, SectionKind):
        models = [kind.model, *([inner] if (inner := item_model(kind.model)) else [])]
    elif isinstance(kind, DocumentKind) and not kind.within:
        models = [PlantConfig]
    elif isinstance(kind, type) and attrs.has(kind):
        models = [kind]
    groups = kind.names if isinstance(kind, PortsKind) else [s.keys for m in models for s in settings(m)]
    return next(((key, *(k for k in keys if k != key)) for keys in groups if key in keys), (key,))


def known_keys(kind: Kind) -> list[str]:
    """Return the keys that a place can have, as far as that is known."""
    if isinstance(kind, DocumentKind):
        own = [] if kind.within else [s.name for s in settings(PlantConfig)]
        return [*own, *(kind.catalog.sections if kind.catalog is not None else ())]
    kind = kind.model if isinstance(kind, SectionKind) else optional(kind) if kind is not None else None
    return [s.name for s in settings(kind)] if isinstance(kind, type) and attrs.has(kind) else []


def is_list(kind: Kind) -> bool:
    """Return whether a place holds a list."""
    return kind is not None and get_origin(optional(kind)) in (list, tuple)


def short_keys(kind: Kind) -> tuple[str, ...]:
    """Return the keys that a single value in place of the whole mapping gives; none if that is not valid."""
    kind = optional(kind) if kind is not None else None
    if not (isinstance(kind, type) and attrs.has(kind)):
        return ()
    return tuple(setting.name for setting in settings(kind) if setting.about.shorthand)


def name_of(item: Node | None) -> str | None:
    """Return the name of an item: its `name` or `signal`, or a single value itself."""
    found = name_leaf(item)
    return None if found is None else found.text


def name_leaf(item: Node | None) -> Leaf | None:
    """Return the node with the name of an item."""
    item = resolved(item)
    if isinstance(item, Pairs):
        for key in ("name", "signal"):
            value = resolved(own_or_merged(item, key))
            if isinstance(value, Leaf):
                return value
        return None
    return item if isinstance(item, Leaf) else None


def own_or_merged(mapping: Pairs, *keys: str) -> Node | None:
    """Return the value of a key, also of one that `<<` merges."""
    value = mapping.get(*keys)
    if value is not None:
        return value
    for merged in merges_of(mapping):
        if (value := own_or_merged(merged, *keys)) is not None:
            return value
    return None


def merges_of(mapping: Pairs) -> list[Pairs]:
    """Return the mappings that `<<` merges into this one."""
    found: list[Pairs] = []
    for key, value in zip(mapping.keys, mapping.nodes, strict=True):
        if isinstance(key, Leaf) and key.plain and key.text == "<<":
            source = resolved(value)
            items = source.items if isinstance(source, Listing) else [source]
            found += [each for item in items if isinstance(each := resolved(item), Pairs)]
    return found


def _section(kind: DocumentKind, key: str | None) -> Kind:
    if not kind.within:
        if key == TEMPLATES:
            return dict[str, kind]  # type: ignore[valid-type]  # each has the keys of a document
        setting = next((s for s in settings(PlantConfig) if key in s.keys), None)
        if setting is not None:
            return setting.type
        if key == PROTOCOLS:
            return DocumentKind(kind.catalog, within=True)
    found = kind.catalog.section(key) if kind.catalog is not None and key is not None else None
    return None if found is None else SectionKind(found.config)


def _within_section(kind: SectionKind, node: Node | None, key: str | None, catalog: Catalog | None) -> Kind:
    inner = item_model(kind.model)
    if key is None:
        return kind.model if inner is None else inner
    if key == CONNECTIONS and inner is None:
        return list[kind.model]  # type: ignore[name-defined]  # made at run time, of the plugin's model
    for model in (kind.model, *([inner] if inner else [])):
        found = child_kind(model, node, key, catalog)
        if found is not None:
            return found
    return None


def _ports(section: str, block: Node | None, catalog: Catalog) -> Kind:
    """Return the names of a block's ports or parameters; a plain mapping where its type is not known."""
    named = resolved(own_or_merged(block, "type", "block_type")) if isinstance(block, Pairs) else block
    found = catalog.block(named.text) if isinstance(named, Leaf) else None
    if found is None:
        return None
    members = [m for part in _PORTS[section] for m in getattr(found.spec, part).values()]
    return PortsKind(tuple((member.name, *member.aliases) for member in members))
