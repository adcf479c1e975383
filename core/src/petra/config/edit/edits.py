"""Edits of a text: what is removed and inserted at an offset, their inverse, and several in a row as one."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen


@frozen
class Edit:
    """The replacement of `removed` by `inserted` at an offset, in code points of the text before the edit."""

    offset: int
    removed: str
    inserted: str

    @property
    def end(self) -> int:
        """The end of the removed part."""
        return self.offset + len(self.removed)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with the edits applied.

    All offsets are those of this text, and edits must not overlap. Of edits at one offset the first comes
    first.
    """
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.offset, edit.end)):
        parts += [text[at : edit.offset], edit.inserted]
        at = edit.end
    return "".join([*parts, text[at:]])


def inverse_of(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits that restore the text before these edits, with the offsets of the text after them."""
    made, shift = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.offset, edit.end)):
        made.append(Edit(edit.offset + shift, edit.inserted, edit.removed))
        shift += len(edit.inserted) - len(edit.removed)
    return tuple(made)


class EditLog:
    """Edits made one after another, kept as edits of the first text.

    The text is a row of pieces: a part of the first text by its start and end, or an inserted text.
    """

    def __init__(self, text: str) -> None:
        self._first = text
        self._pieces: list[tuple[int, int] | str] = [(0, len(text))]

    def add(self, edits: Iterable[Edit]) -> None:
        """Record edits of the present text."""
        made: list[tuple[int, int] | str] = []
        at = 0  # the offset, in the present text, up to which pieces are done
        pending = list(reversed(self._pieces))
        for edit in sorted(edits, key=lambda edit: (edit.offset, edit.end)):
            at = _move(pending, made, edit.offset - at) + at
            at = _move(pending, None, len(edit.removed)) + at
            if edit.inserted:
                made.append(edit.inserted)
        self._pieces = [*made, *reversed(pending)]

    def edits(self) -> tuple[Edit, ...]:
        """Return all edits so far, with the offsets of the first text."""
        found: list[Edit] = []
        at, inserted = 0, ""
        for piece in [*self._pieces, (len(self._first), len(self._first))]:
            if isinstance(piece, str):
                inserted += piece
                continue
            start, end = piece
            if start > at or inserted:
                found += _narrowed(at, self._first[at:start], inserted)
            at, inserted = end, ""
        return tuple(found)


def _move(pending: list[tuple[int, int] | str], to: list[tuple[int, int] | str] | None, length: int) -> int:
    """Move pieces of this length in all from the end of one list to another; None drops them."""
    left = length
    while left > 0:
        piece = pending.pop()
        size = len(piece) if isinstance(piece, str) else piece[1] - piece[0]
        if size > left:
            rest = piece[left:] if isinstance(piece, str) else (piece[0] + left, piece[1])
            pending.append(rest)
            piece, size = (
                piece[:left] if isinstance(piece, str) else (piece[0], piece[0] + left),
                left,
            )
        left -= size
        if to is not None:
            to.append(piece)
    return length


def _narrowed(offset: int, removed: str, inserted: str) -> list[Edit]:
    """Return the edit without what its two texts have in common at both ends; none if they are equal."""
    if removed == inserted:
        return []
    start = 0
    most = min(len(removed), len(inserted))
    while start < most and removed[start] == inserted[start]:
        start += 1
    end = 0
    while end < most - start and removed[-1 - end] == inserted[-1 - end]:
        end += 1
    return [Edit(offset + start, removed[start : len(removed) - end], inserted[start : len(inserted) - end])]
