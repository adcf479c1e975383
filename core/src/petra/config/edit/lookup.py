"""From a path to its place in the tree, with the containers on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from petra.closest import Names
from petra.config.edit.kinds import (
    DocumentKind,
    Kind,
    child_kind,
    known_keys,
    merges_of,
    name_of,
    own_or_merged,
    same_keys,
    short_keys,
)
from petra.config.edit.paths import PathStep, path_text
from petra.config.edit.tree import Alias, Leaf, Listing, Node, Pairs
from petra.config.reader import NOT_READ_PREFIX
from petra.config.shapes import CONNECTIONS

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.plugin.catalog import Catalog


@frozen
class Spot:
    """A place in a document, and the way to it.

    `node` is None where nothing is written yet: then `missing` are the steps that lead on from the last
    container of the way, or from `short`, a single value that can become a mapping.
    """

    document: Document
    node: Node | None
    kind: Kind = None
    way: tuple[tuple[Listing | Pairs, int], ...] = ()
    """The containers from the root on, each with the position of the entry that leads on."""
    missing: tuple[PathStep, ...] = ()

    @property
    def parent(self) -> tuple[Listing | Pairs, int] | None:
        """The innermost container, and the position in it."""
        return self.way[-1] if self.way else None

    @property
    def flow(self) -> bool:
        """Whether the place is inside brackets or braces."""
        return any(container.flow for container, _ in self.way)


class Lookup:
    """Finds places in one document."""

    def __init__(self, document: Document, catalog: Catalog | None) -> None:
        self._document = document
        self._catalog = catalog

    def find(self, steps: tuple[PathStep, ...]) -> Spot:
        """Return the place of a path; what is missing at its end is left over in `missing`."""
        root = self._document.tree.root
        spot = Spot(self._document, root, DocumentKind(self._catalog))
        for i, step in enumerate(steps):
            after = self._step(spot, step, steps[: i + 1])
            if after is None:
                return evolve(spot, missing=steps[i:])
            spot = after
        return spot

    def _step(self, spot: Spot, step: PathStep, so_far: tuple[PathStep, ...]) -> Spot | None:
        """Return the place one step further, or None if it is not there but could be."""
        node = spot.node
        if isinstance(node, Alias):
            line, _ = self._document.place(node.target)
            raise self._document.error(
                f"{path_text(so_far[:-1])} is the alias *{node.name} of line {line}: a change inside it "
                "would change every place that uses it",
                node,
                "change it where it is written, or replace the alias",
            )
        if isinstance(node, Pairs):
            return self._into_mapping(spot, node, step, so_far)
        if isinstance(node, Listing):
            return self._into_list(spot, node, step, so_far)
        if not isinstance(node, Leaf) or node.null:
            return None
        if step.name in short_keys(spot.kind):
            return evolve(spot, kind=child_kind(spot.kind, node, step.name, self._catalog))
        if short_keys(spot.kind):
            return None
        raise self._document.error(
            f"{path_text(so_far[:-1])} is a single value: it has no {path_text((step,))}", node
        )

    def _into_mapping(
        self, spot: Spot, node: Pairs, step: PathStep, so_far: tuple[PathStep, ...]
    ) -> Spot | None:
        keys = same_keys(spot.kind, step.name)
        found = [i for i, key in enumerate(node.keys) if isinstance(key, Leaf) and key.text in keys]
        if len(found) > 1:
            raise self._document.error(
                f"{path_text(so_far)} is given twice", node.keys[found[1]], "remove one of them first"
            )
        if found:
            return self._entered(spot, node, found[0], node.keys[found[0]].text)  # type: ignore[union-attr]
        listed = node.get(CONNECTIONS)
        if isinstance(listed, Listing) and step.name not in known_keys(spot.kind):
            inner = self._entered(spot, node, node.find(CONNECTIONS) or 0, CONNECTIONS)
            return self._into_list(inner, listed, step, so_far)
        if spot.kind is not None and name_of(node) == step.name and step.name not in known_keys(spot.kind):
            return spot  # a section with one device, named by its name
        return None

    def _entered(self, spot: Spot, node: Listing | Pairs, index: int, key: str | None) -> Spot:
        return evolve(
            spot,
            node=node.values()[index],
            kind=child_kind(spot.kind, node, key, self._catalog),
            way=(*spot.way, (node, index)),
        )

    def _into_list(
        self, spot: Spot, node: Listing, step: PathStep, so_far: tuple[PathStep, ...]
    ) -> Spot | None:
        size = len(node.items)
        if step.index is not None:
            if step.index < size:
                return self._entered(spot, node, step.index, None)
            if step.index == size:
                return None
            raise self._document.error(
                f"{path_text(so_far[:-1])} has {size} items: there is no item {step.index}", node
            )
        found = self._document.positions(node).get(step.name, [])
        if len(found) > 1:
            raise self._document.error(
                f"{path_text(so_far)} is not the only one of that name",
                node.items[found[1]],
                f"write its number: {path_text(so_far[:-1])}[{found[0]}]",
            )
        if not found:
            meant = Names(self._document.positions(node)).closest(step.name)
            raise self._document.error(
                f"{path_text(so_far[:-1])} has no item {step.name!r}",
                node,
                f"did you mean {meant!r}?" if meant else "",
            )
        return self._entered(spot, node, found[0], None)


def merged_from(spot: Spot, step: PathStep) -> Node | None:
    """Return the value of a key that is not written here but merged by `<<`."""
    node = spot.node
    if isinstance(node, Pairs) and merges_of(node):
        return own_or_merged(node, *same_keys(spot.kind, step.name))
    return None


def refuse_shared(spot: Spot, at: Node | None, what: str) -> None:
    """Raise EditError if a change here would also change the places of aliases."""
    document = spot.document
    if spot.way and _begins_with_x(spot.way[0]):
        return  # such a section is there to be shared
    for node in (*(container for container, _ in spot.way), at):
        aliases = document.tree.used.get(id(node), []) if node is not None else []
        if aliases:
            line, _ = document.place(aliases[0])
            more = f" and {len(aliases) - 1} more" if len(aliases) > 1 else ""
            name = aliases[0].name
            raise document.error(
                f"{what} is part of &{name}, which line {line}{more} uses as *{name}: the change would be "
                "made there too",
                at if at is not None else node,
                f"write the values out there first, or move &{name} into a section `x-...` to change all",
            )


def _begins_with_x(first: tuple[Listing | Pairs, int]) -> bool:
    container, index = first
    if not isinstance(container, Pairs):
        return False
    key = container.keys[index]
    return isinstance(key, Leaf) and key.text.startswith(NOT_READ_PREFIX)
