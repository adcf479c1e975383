"""One operation as a change of one text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.closest import closest
from petra.config.edit.change import Change, unchanged
from petra.config.edit.edits import Edit
from petra.config.edit.errors import EditError
from petra.config.edit.insert import inserted, made_mapping
from petra.config.edit.kinds import child_kind, is_list, name_of, same_keys, short_keys
from petra.config.edit.lookup import Lookup, Spot, merged_from, refuse_shared
from petra.config.edit.operations import Add, Remove, Set
from petra.config.edit.paths import PathStep, parse_path, path_text
from petra.config.edit.remove import refuse_anchors, removed
from petra.config.edit.render import BlockWriter, node_of
from petra.config.edit.replace import replaced
from petra.config.edit.tree import MERGE, Leaf, Listing, Pairs, difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from petra.config.edit.document import Document
    from petra.plugin.catalog import Catalog


def change_of(
    documents: Mapping[str, Document], operation: Set | Add | Remove, catalog: Catalog | None
) -> Change | list[Set | Add | Remove]:
    """Return the change that an operation makes, or the smaller operations that it consists of."""
    steps = parse_path(operation.path)
    spot = find_spot(documents, steps, catalog, several=isinstance(operation, Add))
    if isinstance(operation, Remove):
        return _remove(spot, steps)
    if isinstance(operation, Add):
        return _add(spot, steps, operation.value, catalog)
    return _set(spot, steps, operation.value)


def find_spot(
    documents: Mapping[str, Document],
    steps: tuple[PathStep, ...],
    catalog: Catalog | None,
    *,
    several: bool = False,
) -> Spot:
    """Return the place of a path in the file that has it; in the first file if none does.

    What is added to a whole section, with `several`, belongs into the first file.
    """
    if several and len(steps) == 1:
        return Lookup(next(iter(documents.values())), catalog).find(steps)
    found: list[Spot] = []
    errors: list[EditError] = []
    for document in documents.values():
        try:
            found.append(Lookup(document, catalog).find(steps))
        except EditError as error:
            errors.append(error)
    there = [spot for spot in found if not spot.missing]
    if len(there) > 1 and not several:
        names = " and ".join(spot.document.file for spot in there[:2])
        raise EditError(f"{path_text(steps)} is in {names}: edit one of these files by itself")
    if there:
        return there[0]
    nearest = min(found, key=lambda spot: len(spot.missing), default=None)
    if nearest is None or (errors and len(nearest.missing) == len(steps)):
        raise errors[0]  # of a file that has the section, and says what was probably meant
    return nearest


def _set(spot: Spot, steps: tuple[PathStep, ...], value: Any) -> Change | list[Set | Add | Remove]:
    if spot.missing:
        return _extend(spot, value)
    node = spot.node
    assert node is not None  # noqa: S101 - nothing is missing
    if difference(node_of(value), _bare(node)) is None:
        return unchanged(spot.document)
    refuse_shared(spot, node, path_text(steps))
    if isinstance(node, Pairs) and isinstance(value, dict) and node.nodes and value:
        parts = _parts(node, value, spot)
        if parts is not None:
            return parts
    elif isinstance(node, Listing) and isinstance(value, list | tuple) and len(value) == len(node.items) > 0:
        return [Set(f"{_numbered_path(spot)}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(node, Listing | Pairs):
        for inner in node.values():
            refuse_anchors(spot.document, inner)
    if (
        isinstance(node, Leaf)
        and spot.parent is not None
        and spot.parent[0].values()[spot.parent[1]] is not node
    ):
        raise spot.document.error(f"{path_text(steps)} cannot be set", node)
    return replaced(spot, value)


def _bare(node: Any) -> Any:
    """Return a node as if it had no anchor, for the comparison with a value."""
    if getattr(node, "anchor", None) is None:
        return node
    if isinstance(node, Leaf):
        return Leaf(node.text, plain=node.plain)
    made = Listing(flow=True) if isinstance(node, Listing) else Pairs(flow=True)
    if isinstance(made, Listing):
        made.items = node.items
    else:
        made.keys, made.nodes = node.keys, node.nodes
    return made


def _parts(node: Pairs, value: dict[str, Any], spot: Spot) -> list[Set | Add | Remove] | None:
    """Return the operations that make one mapping of another, key by key; None where that is not possible."""
    keys = [key.text if isinstance(key, Leaf) else None for key in node.keys]
    if any(key is None or key == MERGE or '"' in key for key in (*keys, *value)) or len(set(keys)) < len(
        keys
    ):
        return None
    path = _numbered_path(spot)
    given = {same: key for key in value for same in same_keys(spot.kind, key)}
    made: list[Set | Add | Remove] = [
        Set(f'{path}["{key}"]', value[given[key]]) for key in keys if key in given
    ]
    there = {given[key] for key in keys if key in given}
    made += [Set(f'{path}["{key}"]', value[key]) for key in value if key not in there]
    made += [Remove(f'{path}["{key}"]') for key in keys if key not in given]
    return made


def _numbered_path(spot: Spot) -> str:
    """Return the path of a place by numbers, which stays right while names change."""
    parts = []
    for container, index in spot.way:
        key = container.keys[index] if isinstance(container, Pairs) else None
        parts.append(f'["{key.text}"]' if isinstance(key, Leaf) else f"[{index}]")
    return "".join(parts)


def _add(
    spot: Spot, steps: tuple[PathStep, ...], value: Any, catalog: Catalog | None
) -> Change | list[Set | Add | Remove]:
    if spot.missing:
        last = (
            child_kind(spot.kind, spot.node, spot.missing[-1].name, catalog)
            if len(spot.missing) == 1
            else None
        )
        return _extend(spot, [value] if is_list(last) and not isinstance(value, list | tuple) else value)
    document, node = spot.document, spot.node
    if isinstance(node, Listing) and (spot.parent is None or steps[-1].index is None):
        refuse_shared(spot, node, path_text(steps))
        return inserted(spot, None, value, names=_free_name(spot, node, value))
    if steps[-1].index is not None and spot.parent is not None and isinstance(spot.parent[0], Listing):
        listing, index = spot.parent
        assert isinstance(listing, Listing)  # noqa: S101 - mypy cannot see it in a pair
        above = evolve(spot, node=listing, way=spot.way[:-1])
        refuse_shared(above, listing, path_text(steps[:-1]))
        _free_name(above, listing, value)
        return inserted(above, None, value, index)
    if isinstance(node, Leaf) and node.null and (is_list(spot.kind) or isinstance(value, dict)):
        return replaced(spot, [value] if is_list(spot.kind) else value)
    raise document.error(f"{path_text(steps)} is there already", node, "use set to change it")


def _free_name(spot: Spot, listing: Listing, value: Any) -> frozenset[str]:
    """Return the name of a new item; raise EditError if the list has an item of that name."""
    name = name_of(node_of(value)) if isinstance(value, dict | str) else None
    if name is None:
        return frozenset()
    if isinstance(value, str) and not any(map(short_keys, (child_kind(spot.kind, listing, None, None),))):
        return frozenset()
    if taken := spot.document.positions(listing).get(name):
        at = listing.items[taken[0]]
        raise spot.document.error(f"there is an item {name!r} already", at, "use set to change it")
    return frozenset((name,))


def _extend(spot: Spot, value: Any) -> Change:
    """Return the change that adds what is missing of a path."""
    document, node = spot.document, spot.node
    first, *rest = spot.missing
    inner = value
    for step in reversed(rest):
        if step.bracket and step.index not in (None, 0):
            raise document.error(f"there is no list for the item [{step.name}]", node)
        if step.bracket and step.index is None and not step.quoted:
            raise document.error(f"there is no item {step.name!r}, and no list for it", node)
        inner = [inner] if step.index == 0 else {step.name: inner}
    shown = path_text((first,))
    refuse_shared(spot, node, shown)
    if isinstance(node, Pairs):
        if first.bracket and first.index is not None:
            raise document.error(f"this is a mapping: it has no item [{first.name}]", node)
        merged = merged_from(spot, first)
        if merged is not None and rest:
            line, _ = document.place(merged)
            hint = "change it there, or set the whole value here"
            raise document.error(f"{first.name} is merged by `<<` from line {line}", node, hint)
        return inserted(spot, first.name, inner, names=frozenset(same_keys(spot.kind, first.name)))
    if isinstance(node, Listing):
        return inserted(spot, None, inner, names=_free_name(spot, node, inner))
    if isinstance(node, Leaf) and not node.null:
        return made_mapping(spot, short_keys(spot.kind), first.name, inner)
    made = [inner] if first.index == 0 else {first.name: inner}
    if node is None or spot.parent is None:
        return _first_section(document, node, made)
    return replaced(spot, made)


def _first_section(document: Document, node: Any, value: Any) -> Change:
    """Return the change that writes the first section of an empty document."""
    if node is not None and not (isinstance(node, Leaf) and node.empty and node.anchor is None):
        raise document.error("the document is a single value: remove it first", node)
    if not isinstance(value, dict):
        raise document.error("a document is a mapping of sections")
    lines = BlockWriter(2, 2).key_lines(*next(iter(value.items())), 0, block=True)
    text, newline = document.text, document.newline
    before = "" if not text or text[-1:] in "\n\r\x85\u2028\u2029\ufeff" else newline
    edit = Edit(len(text), "", before + newline.join(lines) + newline)

    def mutate() -> None:
        document.tree.root = node_of(value)

    return Change(document, (edit,), mutate)


def _remove(spot: Spot, steps: tuple[PathStep, ...]) -> Change:
    if spot.missing:
        document = spot.document
        merged = merged_from(spot, spot.missing[0])
        if merged is not None:
            line, _ = document.place(merged)
            raise document.error(
                f"{path_text(steps)} is merged by `<<` from line {line}", spot.node, "remove it there"
            )
        node = spot.node
        known = [key.text for key in node.keys if isinstance(key, Leaf)] if isinstance(node, Pairs) else []
        meant = closest(spot.missing[0].name, known)
        hint = f"did you mean {meant!r}?" if meant else ""
        raise document.error(f"there is no {path_text(steps)}", node, hint)
    if spot.parent is None or spot.parent[0].values()[spot.parent[1]] is not spot.node:
        raise spot.document.error(f"{path_text(steps)} cannot be removed", spot.node)
    container, _ = spot.parent
    refuse_shared(evolve(spot, way=spot.way[:-1]), container, path_text(steps))
    return removed(spot)
