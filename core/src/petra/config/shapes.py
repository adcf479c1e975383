"""The forms of a section of devices: one mapping, a list of mappings, or a list under `connections`.

Some plugins have a model for one device, and their section holds one device or a list. Other plugins have a
model with a field `connections`. Users expect the form that they know from another plugin, so every section
accepts all forms.
"""

from __future__ import annotations

from typing import get_args, get_origin

import attrs

from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.settings.model import not_read, settings

CONNECTIONS = "connections"


def item_model(model: type) -> type | None:
    """Return the model of one connection if the model of a section has a list `connections`, or None."""
    for setting in settings(model):
        if setting.name == CONNECTIONS and get_origin(setting.type) in (list, tuple):
            inner = get_args(setting.type)[0]
            return inner if attrs.has(inner) else None
    return None


def devices(node: Node, model: type) -> list[Node]:
    """Return one node for each instance of a section's model."""
    items = node.items if isinstance(node, Sequence) else [node]
    inner = item_model(model)
    if inner is not None:
        return _gather_connections(items, model, inner)
    if isinstance(node, Mapping) and CONNECTIONS not in _model_keys(model):
        listed = node.get(CONNECTIONS)
        if isinstance(listed, Sequence):
            return _spread_connections(node, listed, model)
    return list(items)


def _gather_connections(items: list[Node], model: type, inner: type) -> list[Node]:
    """Move connections that are written as items of the section under one `connections` key."""
    own = _model_keys(model)
    theirs = _model_keys(inner) - own
    alone = [
        item
        for item in items
        if isinstance(item, Mapping) and CONNECTIONS not in item.entries and theirs & item.entries.keys()
    ]
    if not alone:
        return list(items)
    first = alone[0]
    together = Sequence(first.line, first.column)
    together.items = list(alone)
    made = Mapping(first.line, first.column)
    key = Scalar(first.line, first.column, CONNECTIONS, plain=True)
    made.entries = {CONNECTIONS: Entry(key, together)}
    taken = {id(item) for item in alone}
    return [made, *(item for item in items if id(item) not in taken)]


def _spread_connections(node: Mapping, listed: Sequence, model: type) -> list[Node]:
    """Return each connection of a list, merged with the keys beside the list, as with `<<`."""
    shared = {key: entry for key, entry in node.entries.items() if key != CONNECTIONS}
    if not shared:
        return list(listed.items)
    made: list[Node] = []
    for item in listed.items:
        if isinstance(item, Mapping):
            whole = Mapping(item.line, item.column)
            given = item.entries.keys()
            instead = {key for s in settings(model) if given & set(s.keys) for key in s.keys}
            whole.entries = {k: e for k, e in shared.items() if k not in instead} | item.entries
            made.append(whole)
        else:
            made.append(item)
    return made


def _model_keys(model: type) -> set[str]:
    return {key for setting in settings(model) for key in setting.keys} | set(not_read(model))
