"""A configuration as it was read: every value, with secrets redacted, and its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from petra.config.environment import Environment, SubstitutionError
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.origin import place_of
from petra.config.reader import PROTOCOLS
from petra.config.shapes import devices
from petra.settings.model import Setting, settings
from petra.settings.secret import REDACTED, Secret, without_credentials

if TYPE_CHECKING:
    from petra.config.document import Loaded
    from petra.config.reader import Configuration


@frozen
class Shown:
    """One value: the path, the redacted value, and the source."""

    path: str
    value: Any
    source: str


def shown(loaded: Loaded, made: Configuration) -> Iterator[Shown]:
    """Yield every value of a configuration, defaults included, in the order of the models."""
    walk = _Walk(loaded.file, loaded.environment)
    yield from walk.model(made.plant, loaded.root, "")
    for name, section in made.sections.items():
        node = _section_node(loaded.root, name)
        places = devices(node, section[0].__class__) if node is not None and section else []
        one = len(section) == 1 and not isinstance(node, Sequence)
        for i, (made_of, place) in enumerate(zip(section, places, strict=True)):
            yield from walk.value(made_of, place, name if one else f"{name}[{i}]")


class _Walk:
    """Walks models and nodes in parallel."""

    def __init__(self, file: str, environment: Environment) -> None:
        self._file = file
        self._environment = environment

    def value(self, value: Any, node: Node | None, path: str) -> Iterator[Shown]:
        if attrs.has(type(value)):
            yield from self.model(value, node, path)
        elif isinstance(value, list | tuple) and value:
            items: list[Node] = node.items if isinstance(node, Sequence) else []
            for i, item in enumerate(value):
                yield from self.value(item, items[i] if i < len(items) else None, f"{path}[{i}]")
        elif isinstance(value, dict) and value:
            # matched by order: ports have their declared names here, but aliases in the document
            entries = list(node.entries.values()) if isinstance(node, Mapping) else []
            for i, (key, item) in enumerate(value.items()):
                yield from self.value(item, entries[i].value if i < len(entries) else None, f"{path}.{key}")
        else:
            yield self._shown_leaf(value, node, path)

    def model(self, model: Any, node: Node | None, path: str) -> Iterator[Shown]:
        for setting in settings(model.__class__):
            inner = _find_node(setting, node)
            value = getattr(model, setting.attribute.name)
            yield from self.value(value, inner, f"{path}.{setting.name}" if path else setting.name)

    def _shown_leaf(self, value: Any, node: Node | None, path: str) -> Shown:
        if node is None:
            return Shown(path, _printable_value(value), "default")
        source = place_of(node, self._file)
        if isinstance(node, Scalar):
            try:
                sources = self._environment.substitute(node.text).sources
            except SubstitutionError:  # the file or variable has been removed since
                return Shown(path, REDACTED, source)
            if sources:
                source += f" ({', '.join(map(str, sources))})"
            if any(s.secretive for s in sources):
                return Shown(path, REDACTED, source)
        return Shown(path, _printable_value(value), source)


def _section_node(root: Node | None, name: str) -> Node | None:
    """Return the node of a plugin's section: at the top, or under `protocols`."""
    if not isinstance(root, Mapping):
        return None
    inner = root.get(PROTOCOLS)
    return root.get(name) or (inner.get(name) if isinstance(inner, Mapping) else None)


def _find_node(setting: Setting, node: Node | None) -> Node | None:
    if isinstance(node, Mapping):
        return next((found for key in setting.keys if (found := node.get(key)) is not None), None)
    if isinstance(node, Scalar) and not node.is_null and setting.about.shorthand:
        return node
    return None


def _printable_value(value: Any) -> Any:
    if isinstance(value, Secret):
        return REDACTED if value else ""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | Path):
        return without_credentials(str(value))
    return value


def as_text(value: Any) -> str:
    """Return a value in the notation of a document."""
    return json.dumps(value, ensure_ascii=False)
