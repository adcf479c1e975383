"""Rewriting a document of either generation of the original in the names of this version.

The text is edited, not the tree: comments, order, quotes and line breaks stay. The meaning stays too: the
configurations before and after are compared, and an edit that would change the meaning is not made.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
from attrs import field, frozen

from petra.config import nodes
from petra.config.document import Loaded, load_bytes
from petra.config.edit.edits import Edit, apply_edits
from petra.config.edit.source import CannotEditError, SourceText
from petra.config.models import SYNONYMS, BlockConfig, PlantConfig, SignalConfig
from petra.config.problems import Severity
from petra.config.reader import PROTOCOLS
from petra.settings.model import not_read, settings
from petra.signals import SignalType

if TYPE_CHECKING:
    from pathlib import Path

    from petra.plugin.catalog import Catalog

LATCH = {1: "RS", 2: "SR"}
"""The meaning of `SR_LATCH`, by generation."""

_RESET_FIRST = "with both inputs true, SR_LATCH is reset in the first generation, but set in this version"


@frozen
class Rewrite:
    """One edit that was made, or could not be made; `wrong` if the document now has another meaning there."""

    line: int
    column: int
    message: str
    wrong: bool = False


@frozen
class Migrated:
    """A rewritten document, the changes, and what was left unchanged."""

    data: bytes
    result: Loaded
    changes: tuple[Rewrite, ...]
    left: tuple[Rewrite, ...]


def migrate_document(
    data: bytes,
    catalog: Catalog,
    *,
    generation: int | None = None,
    name: str = "<text>",
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Migrated:
    """Return a rewritten document. `generation` decides the meaning of its latches; None leaves them."""

    def read(text: bytes) -> Loaded:
        return load_bytes(text, catalog, variables, name=name, folder=folder)

    before = read(data)
    if not isinstance(before.root, nodes.Mapping):
        return Migrated(data, before, (), ())
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data.removeprefix(mark).decode()
    writer = _Migration(SourceText(text), catalog, generation)
    writer.document(before.root)

    def written(steps: list[_Step]) -> bytes:
        return mark + apply_edits(text, {edit for step in steps for edit in step.edits}).encode()

    done = _accepted_steps(
        writer.steps, lambda steps: _same_meaning(before, read(written(steps)), generation)
    )
    made = written(done)
    changes = {change for step in done for change in step.changes}
    undone = writer.steps.keys() - done
    left = {*writer.left, *(change for step in undone for change in step.undone)}
    if generation == 1:
        left |= _latches_left(before, {_position(change) for change in changes | left})
    return Migrated(
        made, read(made), tuple(sorted(changes, key=_position)), tuple(sorted(left, key=_position))
    )


def _accepted_steps(steps: Iterable[_Step], holds: Callable[[list[_Step]], bool]) -> list[_Step]:
    """Return the steps that can be taken together: all, or those that keep the meaning of the document."""

    def more(taken: list[_Step], offered: list[_Step]) -> list[_Step]:
        if not offered or holds(taken + offered):
            return taken + offered
        if len(offered) == 1:
            return taken
        half = len(offered) // 2  # bisection: a check costs a whole load, and few steps are refused
        return more(more(taken, offered[:half]), offered[half:])

    return more([], [*steps])


def _latches_left(before: Loaded, known: set[tuple[int, int]]) -> set[Rewrite]:
    """Return the latches of the first generation without a change so far: those named by a reference."""
    at = {(p.line, p.column) for p in before.problems if p.code == "two-meanings"} - known
    return {Rewrite(line, column, f"{_RESET_FIRST}: write RS", wrong=True) for line, column in at}


def _position(change: Rewrite) -> tuple[int, int]:
    return change.line, change.column


def _same_meaning(before: Loaded, after: Loaded, generation: int | None) -> bool:
    """Return whether a document has the same meaning as before, except latches of the first generation."""
    first, second = before.configuration, after.configuration
    if first is None or second is None:  # a document with errors: no edit may add one
        return first is second and not _error_counts(after) - _error_counts(before)
    if first.sections != second.sections or len(first.plant.blocks) != len(second.plant.blocks):
        return False
    blocks = second.plant.blocks
    if generation == 1:
        latches = {b.name for b in first.plant.blocks if b.type == "SR_LATCH"}
        blocks = tuple(
            attrs.evolve(b, type="SR_LATCH") if b.name in latches and b.type == "RS_LATCH" else b
            for b in blocks
        )
    return first.plant == attrs.evolve(second.plant, blocks=blocks)


def _error_counts(loaded: Loaded) -> Counter[str]:
    return Counter(p.code for p in loaded.problems if p.severity is Severity.ERROR)


@frozen
class _Step:
    """Edits that belong together, and their descriptions."""

    edits: tuple[Edit, ...]
    changes: tuple[Rewrite, ...]
    wrong: bool = False
    """Whether the document has another meaning without this step."""

    @property
    def undone(self) -> tuple[Rewrite, ...]:
        """The descriptions of a step that is not made because it would change the meaning of the document."""
        why = "not done, because the document would have another meaning"
        return tuple(attrs.evolve(c, message=f"{c.message}: {why}", wrong=self.wrong) for c in self.changes)


@frozen
class _Migration:
    """Collects the edits of one document."""

    source: SourceText
    catalog: Catalog
    generation: int | None
    steps: dict[_Step, None] = field(factory=dict)
    """In order, each once: an alias leads to the same place again."""
    left: list[Rewrite] = field(factory=list)

    def document(self, root: nodes.Mapping) -> None:
        owned = self.catalog.sections
        self._remove_settings(root, {k for k in not_read(PlantConfig) if k not in owned}, PlantConfig)
        for item in _mapping_items(root.get("signals")):
            self._rename_keys(item, SignalConfig)
            self._remove_settings(item, set(SignalConfig.NOT_READ), SignalConfig)
            self._rename_type(item)
        for item in _mapping_items(root.get("blocks")):
            self._rename_keys(item, BlockConfig)
            self._remove_settings(item, set(BlockConfig.NOT_READ), BlockConfig)
            self._rewrite_latch(item)
        if PROTOCOLS in root.entries and PROTOCOLS not in owned:
            self._lift_protocols(root)

    def _try_step(
        self, at: nodes.Node, edits: Callable[[], Iterable[Edit]], message: str, *, wrong: bool = False
    ) -> None:
        try:
            made = tuple(edits())
        except CannotEditError:
            why = "not done, because the text there cannot be edited safely"
            self.left.append(Rewrite(at.line, at.column, f"{message}: {why}", wrong=wrong))
            return
        self._add_step(made, [Rewrite(at.line, at.column, message)], wrong=wrong)

    def _add_step(self, edits: Iterable[Edit], changes: list[Rewrite], *, wrong: bool = False) -> None:
        self.steps[_Step(tuple(edits), tuple(changes), wrong)] = None

    def _rename_keys(self, item: nodes.Mapping, model: type) -> None:
        """Replace aliases of settings by their names."""
        ours = {alias: setting.name for setting in settings(model) for alias in setting.about.aliases}
        for key, entry in item.entries.items():
            if key in ours:
                self._replace_text(entry.key, ours[key])

    def _replace_text(self, at: nodes.Scalar, instead: str, *, wrong: bool = False) -> None:
        message = f"{at.text} is now {instead}"
        self._try_step(at, lambda: [self.source.replaced(at, instead)], message, wrong=wrong)

    def _remove_settings(self, mapping: nodes.Mapping, keys: set[str], model: type) -> None:
        """Remove settings that have no effect; settings that are documentation stay."""
        reasons = not_read(model)
        found = [entry for key, entry in mapping.entries.items() if key in keys and reasons[key]]
        own = [entry for entry in found if self.source.owns(mapping, entry)]
        how = "removed" if mapping.flow else "now a comment"
        changes = [
            Rewrite(key.line, key.column, f"{key.text} is {how}: {reasons[key.text]}") for key, _ in own
        ]
        try:
            edits = self.source.without(mapping, {entry.key.text for entry in own})
        except CannotEditError:
            own = []
        else:
            self._add_step(edits, changes)
        for entry in found:
            if entry not in own:
                message = f"{entry.key.text} has no effect, and cannot be removed separately"
                self.left.append(Rewrite(entry.key.line, entry.key.column, message))

    def _rename_type(self, item: nodes.Mapping) -> None:
        for key in ("type", "signal_type", "data_type"):
            at = item.get(key)
            if isinstance(at, nodes.Scalar) and at.text in SYNONYMS[SignalType]:
                self._replace_text(at, SYNONYMS[SignalType][at.text])

    def _rewrite_latch(self, item: nodes.Mapping) -> None:
        at = item.get("type") or item.get("block_type")
        if not isinstance(at, nodes.Scalar) or at.text != "SR_LATCH":
            return
        if self.generation is None:
            message = "SR_LATCH has two meanings: --generation 1 makes it RS, --generation 2 makes it SR"
            self.left.append(Rewrite(at.line, at.column, message))
        else:
            self._replace_text(at, LATCH[self.generation], wrong=self.generation == 1)

    def _lift_protocols(self, root: nodes.Mapping) -> None:
        """Move the sections under `protocols` to the top, if they are written in block style."""
        entry = root.entries[PROTOCOLS]
        inner = entry.value
        if not isinstance(inner, nodes.Mapping) or inner.flow or inner.line == entry.key.line or root.flow:
            return
        entries = list(root.entries.values())
        last = self.source.last_line(entries, entries.index(entry))
        self._try_step(
            entry.key,
            lambda: (
                *self._cut_key_line(entry.key),
                *self._dedent_lines(entry.key.line + 1, last, inner.column - 1),
            ),
            "the sections under protocols are now at the top",
        )

    def _cut_key_line(self, key: nodes.Scalar) -> Iterator[Edit]:
        """Yield the edit that removes the line of a key, up to a comment after it."""
        start, line = self.source.starts[key.line - 1], self.source.line(key.line)
        behind = line[line.index(":") + 1 :]
        if behind.strip() and not behind.lstrip().startswith("#"):
            raise CannotEditError
        comment = behind.lstrip()
        end = start + len(line) - len(comment) if comment else self.source.starts[key.line]
        yield self.source.edit(start, end, "")

    def _dedent_lines(self, first: int, last: int, columns: int) -> Iterator[Edit]:
        for number in range(first, last + 1):
            line = self.source.line(number)
            spaces = min(columns, len(line) - len(line.lstrip(" ")))
            start = self.source.starts[number - 1]
            yield self.source.edit(start, start + spaces, "")


def _mapping_items(section: nodes.Node | None) -> Iterator[nodes.Mapping]:
    for item in section.items if isinstance(section, nodes.Sequence) else ():
        if isinstance(item, nodes.Mapping):
            yield item
