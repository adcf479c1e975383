"""Several operations as one: rounds of changes that are worked out from one reading of a text.

Reading a text is what an edit costs. Changes that do not touch each other are made from the same reading;
then the text is read again and compared with the tree that the changes mean.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from attrs import field, frozen

from petra.config.edit.change import Change, Effect
from petra.config.edit.document import Document
from petra.config.edit.edits import Edit, EditLog, apply_edits, inverse_of
from petra.config.edit.errors import EditError
from petra.config.edit.operations import Add, Operation, Remove, Rename, Set
from petra.config.edit.paths import parse_path
from petra.config.edit.perform import change_of
from petra.config.edit.rename import rename_changes
from petra.config.edit.tree import difference

if TYPE_CHECKING:
    from petra.plugin.catalog import Catalog


@frozen
class EditedFile:
    """The new text of one file, the edits that lead to it, and those that lead back."""

    text: str = field(repr=False)
    edits: tuple[Edit, ...]
    inverse: tuple[Edit, ...]


@frozen
class Edited:
    """The result of operations: each file that changed."""

    files: Mapping[str, EditedFile]

    @property
    def changed(self) -> bool:
        """Whether anything changed."""
        return bool(self.files)


def edit_texts(
    texts: Mapping[str, str], operations: Iterable[Operation], catalog: Catalog | None = None
) -> Edited:
    """Return the texts with all operations done, or raise EditError with nothing done.

    `texts` holds the files of one document by their names, the main one first. A catalog is needed for
    `Rename`; it also makes paths find keys by their other names (`unit` where `units` is written).
    """
    transaction = _Transaction(texts, catalog)
    pending = list(reversed(list(operations)))
    while pending:
        parts = transaction.perform(pending.pop())
        pending += reversed(parts)
    return transaction.finish()


class _Transaction:
    def __init__(self, texts: Mapping[str, str], catalog: Catalog | None) -> None:
        self._catalog = catalog
        self._documents = {file: Document(file, text) for file, text in texts.items()}
        self._logs = {file: EditLog(text) for file, text in texts.items()}
        self._round = _Round()

    def perform(self, operation: Operation) -> list[Set | Add | Remove]:
        """Do one operation; return the operations that it consists of, if it has to be done in parts."""
        if isinstance(operation, Rename):
            self._flush()
            for change in rename_changes(self._documents, operation, self._catalog):
                self._round.take(change)
            self._flush()
            return []
        try:
            made = self._fitting_change(operation)
        except EditError:
            if not self._round.changes:
                raise
            made = None
        if made is None:  # it meets what this round has changed: from the new text, then
            self._flush()
            made = change_of(self._documents, operation, self._catalog)
        if isinstance(made, list):
            return made
        self._round.take(made)
        if made.effect is Effect.MOVED and made.edits:
            self._flush()
        return []

    def _fitting_change(self, operation: Set | Add | Remove) -> Change | list[Set | Add | Remove] | None:
        numbered = any(step.index is not None for step in parse_path(operation.path))
        if numbered and self._round.appended:
            return None
        made = change_of(self._documents, operation, self._catalog)
        return made if isinstance(made, list) or self._round.fits(made) else None

    def _flush(self) -> None:
        """Make the changes of the round, and check that the texts mean what they have to."""
        done, self._round = self._round, _Round()
        for file, document in list(self._documents.items()):
            changes = [change for change in done.changes if change.document is document]
            edits = [edit for change in changes for edit in change.edits]
            if not edits:
                continue
            text = apply_edits(document.text, edits)
            for change in changes:
                change.mutate()
            after = _read_again(document, text, edits)
            self._logs[file].add(edits)
            self._documents[file] = after

    def finish(self) -> Edited:
        self._flush()
        files: dict[str, EditedFile] = {}
        for file, log in self._logs.items():
            if edits := log.edits():
                files[file] = EditedFile(self._documents[file].text, edits, inverse_of(edits))
        return Edited(files)


def _read_again(document: Document, text: str, edits: list[Edit]) -> Document:
    """Return the document of an edited text; raise EditError if it does not mean what it has to."""
    at = min(edit.offset for edit in edits)
    try:
        after = Document(document.file, text)
        wrong = difference(document.tree.root, after.tree.root)
    except EditError as error:
        raise document.error(f"the text here cannot be edited safely: {error.message}", at) from None
    if wrong is not None or (document.tree.root is None) is not (after.tree.root is None):
        raise document.error("the text here cannot be edited safely: it would mean something else", at)
    return after


class _Round:
    """Changes that are worked out from one reading of the texts."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.appended: dict[int, set[str]] = {}
        """The names that lists and mappings have been given, by the id of their node."""
        self._spans: dict[str, list[tuple[int, int, int]]] = {}

    def take(self, change: Change) -> None:
        """Add a change."""
        self.changes.append(change)
        if change.container is not None:
            self.appended.setdefault(id(change.container), set()).update(change.names)
        for edit in change.edits:
            spans = self._spans.setdefault(change.document.file, [])
            insort(spans, (edit.offset, edit.end, id(change.container) if change.container else 0))

    def fits(self, change: Change) -> bool:
        """Return whether a change touches none of the others."""
        if change.effect is Effect.MOVED and self.changes and change.edits:
            return False
        if change.container is not None and self.appended.get(id(change.container), set()) & change.names:
            return False
        spans = self._spans.get(change.document.file, [])
        own = id(change.container) if change.container else 0
        for edit in change.edits:
            at = bisect_left(spans, (edit.offset, 0, 0))
            near = [*reversed(spans[max(0, at - 1) : at])]
            while at < len(spans) and spans[at][0] <= edit.end:
                near.append(spans[at])
                at += 1
            for start, end, container in near:
                if start <= edit.end and end >= edit.offset and not (own and own == container):
                    return False
        return True
