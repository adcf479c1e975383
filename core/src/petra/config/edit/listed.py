"""Operations and values that programs and people write: JSON, and YAML for one value."""

from __future__ import annotations

import json
from typing import Any

from petra.config.edit.errors import EditError
from petra.config.edit.operations import Add, Operation, Remove, Rename, Set
from petra.config.edit.tree import Alias, Leaf, Listing, Node, Pairs, meaning, read_tree
from petra.config.scalars import Ambiguous

_FORMS = (
    '{"set": PATH, "value": VALUE}, {"add": PATH, "value": VALUE}, {"remove": PATH} or '
    '{"rename": KIND, "old": NAME, "new": NAME}'
)
_KEYS: dict[str, tuple[str, ...]] = {
    "set": ("value",),
    "add": ("value",),
    "remove": (),
    "rename": ("old", "new"),
}


def read_operations(data: bytes) -> list[Operation]:
    """Return the operations of a JSON list; raise ValueError for one that is not valid."""
    try:
        items = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(items, list):
        raise ValueError(f"it is not a list of operations such as {_FORMS}")  # noqa: TRY004 - of the text
    return [_operation(number, item) for number, item in enumerate(items, 1)]


def _operation(number: int, item: Any) -> Operation:
    act = next((act for act in _KEYS if isinstance(item, dict) and act in item), None)
    if act is None or item.keys() != {act, *_KEYS[act]}:
        raise ValueError(f"operation {number} is not one of {_FORMS}")
    texts = [item[key] for key in (act, *_KEYS[act]) if key != "value"]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"operation {number}: paths and names are texts")
    try:
        if act == "rename":
            return Rename(*texts)
        return (
            Remove(item[act]) if act == "remove" else (Set if act == "set" else Add)(item[act], item["value"])
        )
    except ValueError:
        raise ValueError(
            f"operation {number}: {item[act]!r} is not signal, block, task or connection"
        ) from None


def read_value(text: str) -> Any:
    """Return the value of a YAML text as PETRA reads it; raise EditError for one that is read in two ways."""
    return _plain(read_tree(text, "").root)


def _plain(node: Node | None) -> Any:
    if node is None:
        return None
    if isinstance(node, Alias):
        raise EditError("a value has no aliases")
    if isinstance(node, Leaf):
        value = meaning(node)
        if isinstance(value, Ambiguous):
            raise EditError(value.reading, hint=f"write {value.instead}")
        return value
    if isinstance(node, Listing):
        return [_plain(item) for item in node.items]
    assert isinstance(node, Pairs)  # noqa: S101 - there is no other node
    made: dict[str, Any] = {}
    for key, value in zip(node.keys, node.nodes, strict=True):
        if not isinstance(key, Leaf) or key.text in made:
            raise EditError("a key is a text, and given once")
        made[key.text] = _plain(value)
    return made
