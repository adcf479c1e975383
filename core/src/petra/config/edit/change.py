"""What one operation does to a text: its edits, and what it does to the tree."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from petra.config.edit.document import Document
    from petra.config.edit.edits import Edit
    from petra.config.edit.tree import Listing, Pairs


class Effect(Enum):
    """Which other changes can be worked out from the same text as a change."""

    REPLACED = "replaced"  # nothing else has moved
    APPENDED = "appended"  # a container is longer at its end
    MOVED = "moved"  # the text has to be read again before anything else


@frozen
class Change:
    """The edits of one operation in one text. `mutate` makes the tree what it has to be after them."""

    document: Document
    edits: tuple[Edit, ...]
    mutate: Callable[[], None] = field(eq=False, repr=False)
    effect: Effect = Effect.MOVED
    container: Listing | Pairs | None = None
    """What is longer at its end."""
    names: frozenset[str] = frozenset()
    """The names or keys that are taken in it from now on."""


def unchanged(document: Document) -> Change:
    """Return the change that does nothing."""
    return Change(document, (), lambda: None, Effect.REPLACED)
