"""A document that is written out, as YAML or as plain data."""

from __future__ import annotations

from typing import Any

import yaml

from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.scalars import Ambiguous, read_plain

_WIDTH = 110
_RESOLVER: Any = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"


def as_yaml(root: Node) -> str:
    """Return a document as YAML that means the same; a text in quotes stays in quotes."""
    made: str = yaml.serialize(_yaml_node(root), Dumper=_Dumper, allow_unicode=True, width=_WIDTH)
    return made


def as_data(root: Node) -> Any:
    """Return a document as lists, mappings and values."""
    if isinstance(root, Mapping):
        return {key: as_data(entry.value) for key, entry in root.entries.items()}
    if isinstance(root, Sequence):
        return [as_data(item) for item in root.items]
    assert isinstance(root, Scalar)  # noqa: S101 - there are no other nodes
    meaning = read_plain(root.text) if root.plain else root.text
    return root.text if isinstance(meaning, Ambiguous) else meaning


class _Dumper(yaml.SafeDumper):
    """Writes what several places share out in each of them."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _yaml_node(node: Node) -> yaml.Node:
    if isinstance(node, Mapping):
        pairs = [(_yaml_node(key), _yaml_node(value)) for key, value in node.entries.values()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=node.flow)
    if isinstance(node, Sequence):
        items = [_yaml_node(item) for item in node.items]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=node.flow)
    assert isinstance(node, Scalar)  # noqa: S101 - there are no other nodes
    if node.plain:
        return yaml.ScalarNode(_RESOLVER.resolve(yaml.ScalarNode, node.text, (True, False)), node.text)
    return yaml.ScalarNode(_TEXT, node.text, style="|" if "\n" in node.text else '"')
