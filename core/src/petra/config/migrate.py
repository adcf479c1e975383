"""A document of either generation of the original, rewritten in our names: the text, not the tree.

Comments, order, quotes and line ends stay. What the document means stays too, or nothing is written: the
configurations before and after are compared.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen

from petra.config import nodes
from petra.config.document import Loaded, load_bytes
from petra.config.edits import CannotEditError, Edit, Source, applied
from petra.config.models import SYNONYMS, BlockConfig, PlantConfig, SignalConfig
from petra.config.problems import Severity
from petra.config.reader import PROTOCOLS
from petra.errors import PetraError
from petra.settings.model import not_read, settings
from petra.signals import SignalType

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plugin.catalog import Catalog

LATCH = {1: "RS", 2: "SR"}
"""What `SR_LATCH` meant, by generation."""


class MigrationError(PetraError):
    """The document cannot be rewritten without changing what it means."""


@frozen
class Change:
    """One thing that was rewritten, or that could not be."""

    line: int
    column: int
    said: str


@frozen
class Migrated:
    """A document rewritten, what was done, and what was left as it is."""

    data: bytes
    result: Loaded
    changes: tuple[Change, ...]
    left: tuple[Change, ...]


def migrate(
    data: bytes,
    catalog: Catalog,
    *,
    generation: int | None = None,
    name: str = "<text>",
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Migrated:
    """Return a document in our names. `generation` says what its latches mean; without, they are left."""

    def read(text: bytes) -> Loaded:
        return load_bytes(text, catalog, variables, name=name, folder=folder)

    before = read(data)
    if not isinstance(before.root, nodes.Mapping):
        return Migrated(data, before, (), ())
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data.removeprefix(mark).decode()
    writer = _Migration(Source(text), catalog, generation)
    writer.document(before.root)
    made = mark + applied(text, writer.edits).encode()
    after = read(made)
    if not _same(before, after, latches=generation is not None):
        raise MigrationError(
            f"{name}: it cannot be rewritten without changing what it means; nothing is written"
        )
    return Migrated(
        made, after, tuple(sorted(writer.changes, key=_place)), tuple(sorted(writer.left, key=_place))
    )


def _place(change: Change) -> tuple[int, int]:
    return change.line, change.column


def _same(before: Loaded, after: Loaded, *, latches: bool) -> bool:
    """Return whether a document means the same as before, types of latches apart."""

    def errors(loaded: Loaded) -> list[tuple[str, str]]:
        return sorted((p.code, p.message) for p in loaded.problems if p.severity is Severity.ERROR)

    first, second = before.configuration, after.configuration
    if first is None or second is None:
        return first is second and len(errors(before)) >= len(errors(after))
    if first.sections != second.sections:
        return False
    blocks = second.plant.blocks
    if latches:
        was = {block.name: block.type for block in first.plant.blocks}
        blocks = tuple(attrs.evolve(block, type=was.get(block.name, block.type)) for block in blocks)
    return first.plant == attrs.evolve(second.plant, blocks=blocks)


@frozen
class _Migration:
    """Collects the edits of one document."""

    source: Source
    catalog: Catalog
    generation: int | None
    edits: list[Edit] = field(factory=list)
    changes: list[Change] = field(factory=list)
    left: list[Change] = field(factory=list)

    def document(self, root: nodes.Mapping) -> None:
        owned = self.catalog.sections
        self._without(root, {k for k in not_read(PlantConfig) if k not in owned}, PlantConfig)
        for item in _items(root.get("signals")):
            self._names(item, SignalConfig)
            self._without(item, set(SignalConfig.NOT_READ), SignalConfig)
            self._kind(item)
        for item in _items(root.get("blocks")):
            self._names(item, BlockConfig)
            self._without(item, set(BlockConfig.NOT_READ), BlockConfig)
            self._latch(item)
        if PROTOCOLS in root.entries and PROTOCOLS not in owned:
            self._lift(root)

    def _try(self, at: nodes.Node, edits: Callable[[], list[Edit]], said: str) -> None:
        try:
            made = edits()
        except CannotEditError:
            self._note(self.left, at, f"{said}: not done, for what stands there is not plain")
            return
        self.edits.extend(made)
        self._note(self.changes, at, said)

    def _names(self, item: nodes.Mapping, model: type) -> None:
        """Write the names of settings that are ours in place of the others."""
        ours = {alias: setting.name for setting in settings(model) for alias in setting.about.aliases}
        for key in item.entries.keys() & ours.keys():
            at = item.entries[key].key
            self._replace(at, ours[key])

    def _replace(self, at: nodes.Scalar, instead: str) -> None:
        self._try(at, lambda: [self.source.replaced(at, instead)], f"{at.text} is now {instead}")

    def _without(self, mapping: nodes.Mapping, keys: set[str], model: type) -> None:
        """Take out the settings that have no effect; those for people stay."""
        reasons = not_read(model)
        found = {key for key in mapping.entries.keys() & keys if reasons[key]}
        own = {key for key in found if self.source.owns(mapping, mapping.entries[key])}
        try:
            self.edits.extend(self.source.without(mapping, own))
        except CannotEditError:
            own = set()
        how = "taken out" if mapping.flow else "now a comment"
        for key in found:
            at = mapping.entries[key].key
            if key in own:
                self._note(self.changes, at, f"{key} is {how}: {reasons[key]}")
            else:
                self._note(self.left, at, f"{key} has no effect, and cannot be taken out by itself")

    def _note(self, into: list[Change], at: nodes.Node, said: str) -> None:
        change = Change(at.line, at.column, said)
        if change not in into:  # an alias leads to the same place again
            into.append(change)

    def _kind(self, item: nodes.Mapping) -> None:
        for key in ("type", "signal_type", "data_type"):
            at = item.get(key)
            if isinstance(at, nodes.Scalar) and at.text in SYNONYMS[SignalType]:
                self._replace(at, SYNONYMS[SignalType][at.text])

    def _latch(self, item: nodes.Mapping) -> None:
        at = item.get("type") or item.get("block_type")
        if not isinstance(at, nodes.Scalar) or at.text != "SR_LATCH":
            return
        if self.generation is None:
            said = "SR_LATCH has two meanings: --generation 1 makes it RS, --generation 2 makes it SR"
            self._note(self.left, at, said)
        else:
            self._replace(at, LATCH[self.generation])

    def _lift(self, root: nodes.Mapping) -> None:
        """Put the sections under `protocols` at the top, where they are lines of their own."""
        entry = root.entries[PROTOCOLS]
        inner = entry.value
        if not isinstance(inner, nodes.Mapping) or inner.flow or inner.line == entry.key.line or root.flow:
            return
        entries = list(root.entries.values())
        last = self.source.last_line(entries, entries.index(entry))
        self._try(
            entry.key,
            lambda: [*self._headless(entry.key), *self._dedented(entry.key.line + 1, last, inner.column - 1)],
            "the sections under protocols are now at the top",
        )

    def _headless(self, key: nodes.Scalar) -> Iterator[Edit]:
        """Yield the edit that takes a key's line out, up to a comment behind it."""
        start, line = self.source.starts[key.line - 1], self.source.line(key.line)
        behind = line[line.index(":") + 1 :]
        if behind.strip() and not behind.lstrip().startswith("#"):
            raise CannotEditError
        comment = behind.lstrip()
        end = start + len(line) - len(comment) if comment else self.source.starts[key.line]
        yield Edit(start, end, "")

    def _dedented(self, first: int, last: int, columns: int) -> Iterator[Edit]:
        for number in range(first, last + 1):
            line = self.source.line(number)
            spaces = min(columns, len(line) - len(line.lstrip(" ")))
            start = self.source.starts[number - 1]
            yield Edit(start, start + spaces, "")


def _items(section: nodes.Node | None) -> Iterator[nodes.Mapping]:
    for item in section.items if isinstance(section, nodes.Sequence) else ():
        if isinstance(item, nodes.Mapping):
            yield item
