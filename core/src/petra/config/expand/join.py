"""Joining the parts of a document: included files, the file itself, and the instances of templates.

One rule holds everywhere. Mappings are joined key by key, lists one after the other, and a single value may
be given several times if it is the same. In the section of a driver, connections with the same `name` are one
connection, so that each part can add its points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from attrs import define, field

from petra.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from petra.config.origin import line_of
from petra.config.reader import NOT_READ_PREFIX, PROTOCOLS
from petra.config.shapes import CONNECTIONS

if TYPE_CHECKING:
    from petra.config.problems import Problems

TOP_KEYS = ("include", "templates", "instances")
"""The keys that say what a document consists of; they are gone when it is written out."""


@define
class _Section:
    """The joined section of a driver, and where its named connections are."""

    key: Scalar
    value: Node
    places: dict[str, tuple[Sequence, int]] = field(factory=dict)


class Joined:
    """The document in the making. It changes only nodes that it has made: others may have aliases."""

    def __init__(
        self, first: Mapping, problems: Problems, is_driver: Callable[[str], bool], unread: frozenset[str]
    ) -> None:
        self.root = Mapping(first.line, first.column)
        self._problems = problems
        self._is_driver = is_driver
        self._unread = unread
        self._own: dict[int, Node] = {id(self.root): self.root}
        self._sections: dict[int, _Section] = {}

    def add(self, part: Mapping) -> None:
        """Add a part; report what contradicts the parts before it."""
        for key, entry in part.entries.items():
            if key not in TOP_KEYS:
                self._add_entry(self.root, key, entry, top=True)

    def _add_entry(self, to: Mapping, key: str, entry: Entry, *, top: bool = False) -> None:
        known = to.entries.get(key)
        if known is None:
            to.entries[key] = entry
        elif top and (key in self._unread or key.startswith(NOT_READ_PREFIX)):
            return  # not read: what the first part says stays
        elif (
            top and key == PROTOCOLS and isinstance(entry.value, Mapping) and isinstance(known.value, Mapping)
        ):
            inner = self._owned_mapping(known.value)
            to.entries[key] = Entry(known.key, inner)
            for name, section in entry.value.entries.items():
                self._add_section(inner, name, section)
        elif top:
            self._add_section(to, key, entry)
        else:
            to.entries[key] = Entry(known.key, self._join(known.value, entry.value, key))

    def _add_section(self, to: Mapping, key: str, entry: Entry) -> None:
        known = to.entries.get(key)
        if known is None:
            to.entries[key] = entry
            return
        if self._is_driver(key) and not _is_empty(known.value) and not _is_empty(entry.value):
            section = self._sections.get(id(known.value))
            if section is None:
                section = self._begin_section(known)
            self._join_section(section, entry.value)
            self._sections[id(section.value)] = section
            to.entries[key] = Entry(known.key, section.value)
        else:
            to.entries[key] = Entry(known.key, self._join(known.value, entry.value, key))

    # any value

    def _join(self, first: Node, second: Node, key: str) -> Node:
        if _is_empty(second):
            return first
        if _is_empty(first):
            return second
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            made = self._owned_mapping(first)
            for name, entry in second.entries.items():
                self._add_entry(made, name, entry)
            return made
        if isinstance(first, Sequence) and isinstance(second, Sequence):
            listed = self._owned_list(first)
            listed.items += second.items
            return listed
        if not _is_same(first, second):
            self._refuse(first, second, key)
        return first

    def _refuse(self, first: Node, second: Node, key: str) -> None:
        where = line_of(first, second, self._problems.file)
        if isinstance(first, Scalar) and isinstance(second, Scalar):
            message = f"{key!r} is given with another value in {where}"
        else:
            message = f"{key!r} is {second.noun} here, but {first.noun} in {where}"
        self._problems.add(second, "join-conflict", message, hint="give it once, or the same value")

    def _owned_mapping(self, node: Mapping) -> Mapping:
        if id(node) in self._own:
            return node
        made = Mapping(node.line, node.column, flow=node.flow)
        made.entries = dict(node.entries)
        self._own[id(made)] = made
        return made

    def _owned_list(self, node: Sequence) -> Sequence:
        if id(node) in self._own:
            return node
        made = Sequence(node.line, node.column, flow=node.flow)
        made.items = list(node.items)
        self._own[id(made)] = made
        return made

    # the section of a driver: one device, a list of devices, or a mapping with `connections`

    def _begin_section(self, entry: Entry) -> _Section:
        section = _Section(entry.key, entry.value)
        for listed in self._own_lists(section):
            for i, item in enumerate(listed.items):
                if (name := _name_of(item)) is not None:
                    section.places.setdefault(name, (listed, i))
        return section

    def _own_lists(self, section: _Section) -> Iterator[Sequence]:
        """Yield the lists of connections in a section, after replacing them by lists that may be changed."""
        if isinstance(section.value, Sequence):
            section.value = self._owned_list(section.value)
            yield section.value
            for i, item in enumerate(section.value.items):
                if isinstance(item, Mapping) and isinstance(item.get(CONNECTIONS), Sequence):
                    section.value.items[i], inner = self._own_connections(item)
                    yield inner
        elif isinstance(section.value, Mapping) and isinstance(section.value.get(CONNECTIONS), Sequence):
            section.value, inner = self._own_connections(section.value)
            yield inner

    def _own_connections(self, node: Mapping) -> tuple[Mapping, Sequence]:
        made, entry = self._owned_mapping(node), node.entries[CONNECTIONS]
        assert isinstance(entry.value, Sequence)  # noqa: S101 - the callers have looked
        listed = self._owned_list(entry.value)
        made.entries[CONNECTIONS] = Entry(entry.key, listed)
        return made, listed

    def _join_section(self, section: _Section, more: Node) -> None:
        if any(map(_is_nameless, (section.value, more))) and not _are_both_nameless(section.value, more):
            where = line_of(section.value, more, self._problems.file)
            message = f"one of the connections here and in {where} has no `name`, so they cannot be joined"
            self._problems.add(more, "join-conflict", message, hint="give each connection a name")
            return
        if isinstance(section.value, Mapping) and isinstance(more, Mapping) and _are_one(section.value, more):
            section.value = self._join(section.value, more, section.key.text)
            return
        if not isinstance(more, Mapping | Sequence) or not isinstance(section.value, Mapping | Sequence):
            self._refuse(section.value, more, section.key.text)
            return
        connections, common = _parts_of(more)
        if common.entries and isinstance(section.value, Sequence):
            self._list_inside(section, more)
        if common.entries:
            section.value = self._join(section.value, common, section.key.text)
        listed = self._list_of(section, more)
        before = dict(section.places)  # two of one part with the same name stay two, and are reported
        for item in connections:
            name = _name_of(item)
            if name is not None and name in before:
                place, i = before[name]
                place.items[i] = self._join(place.items[i], item, name)
            else:
                if name is not None:
                    section.places.setdefault(name, (listed, len(listed.items)))
                listed.items.append(item)

    def _list_of(self, section: _Section, more: Node) -> Sequence:
        """Return the list to which connections are added."""
        if isinstance(section.value, Sequence):
            return section.value
        assert isinstance(section.value, Mapping)  # noqa: S101 - the caller has looked
        listed = section.value.get(CONNECTIONS)
        if isinstance(listed, Sequence):
            return listed
        made = Sequence(more.line, more.column)
        self._own[id(made)] = made
        if _name_of(section.value) is None and not isinstance(more, Mapping):  # keys common to all
            return self._under_connections(section, self._owned_mapping(section.value), made)
        made.items = [section.value]
        if (name := _name_of(section.value)) is not None:
            section.places[name] = (made, 0)
        section.value = made
        return made

    def _list_inside(self, section: _Section, more: Node) -> None:
        """Put a list of connections under the key `connections`, for the keys that are common to all."""
        assert isinstance(section.value, Sequence)  # noqa: S101 - the caller has looked
        outer = Mapping(more.line, more.column)
        self._own[id(outer)] = outer
        self._under_connections(section, outer, section.value)

    def _under_connections(self, section: _Section, outer: Mapping, listed: Sequence) -> Sequence:
        key = Scalar(listed.line, listed.column, CONNECTIONS, plain=True)
        outer.entries[CONNECTIONS] = Entry(key, listed)
        section.value = outer
        return listed


def _parts_of(node: Mapping | Sequence) -> tuple[list[Node], Mapping]:
    """Return the connections of a section, and the keys that are common to all of them."""
    common = Mapping(node.line, node.column)
    if isinstance(node, Sequence):
        return node.items, common
    listed = node.get(CONNECTIONS)
    if not isinstance(listed, Sequence):
        if _name_of(node) is not None:
            return [node], common
        common.entries = dict(node.entries)
        return [], common
    common.entries = {key: entry for key, entry in node.entries.items() if key != CONNECTIONS}
    return listed.items, common


def _are_one(first: Mapping, second: Mapping) -> bool:
    """Return whether two mappings describe one device, or both only the keys common to a section."""
    if CONNECTIONS in first.entries or CONNECTIONS in second.entries:
        return False
    names = _name_of(first), _name_of(second)
    return names[0] == names[1] or None in names


def _is_nameless(node: Node) -> bool:
    """Return whether a mapping describes a device, with points or a transport, and has no name."""
    if not isinstance(node, Mapping) or CONNECTIONS in node.entries or _name_of(node) is not None:
        return False
    return any(not isinstance(entry.value, Scalar) for entry in node.entries.values())


def _are_both_nameless(first: Node, second: Node) -> bool:
    both = isinstance(first, Mapping) and isinstance(second, Mapping)
    return both and _name_of(first) is None and _name_of(second) is None


def _name_of(node: Node) -> str | None:
    name = node.get("name") if isinstance(node, Mapping) else None
    return name.text if isinstance(name, Scalar) and not name.is_null else None


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_null


def _is_same(first: Node, second: Node) -> bool:
    """Return whether two single values are written alike."""
    both = isinstance(first, Scalar) and isinstance(second, Scalar)
    return both and (first.text, first.plain) == (second.text, second.plain)  # type: ignore[attr-defined]
