"""Operations on a document, as values."""

from __future__ import annotations

from typing import Any, Literal, get_args

from attrs import field, frozen
from attrs.validators import in_

Value = Any
"""None, true or false, a number, a text, or a list or mapping of these."""

RenameKind = Literal["signal", "block", "task", "connection"]


@frozen
class Set:
    """Give the place at a path a value; what is not there yet is added."""

    path: str
    value: Value


@frozen
class Add:
    """Add an item to the list at a path, or before the item at a path, or a key to a mapping."""

    path: str
    value: Value


@frozen
class Remove:
    """Remove the key or item at a path, with the comments that belong to it."""

    path: str


@frozen
class Rename:
    """Give a signal, block, task or connection another name, at every place that names it."""

    kind: RenameKind = field(validator=in_(get_args(RenameKind)))
    old: str
    new: str


Operation = Set | Add | Remove | Rename
