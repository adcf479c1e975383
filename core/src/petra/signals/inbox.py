"""What waits for the scan: writes that become visible together, and forces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

if TYPE_CHECKING:
    from petra.signals.layout import Layout
    from petra.signals.quality import Status
    from petra.signals.types import Value


class Write(NamedTuple):
    """Values for signals, to become visible together; checked by whoever puts it into the inbox."""

    indices: Sequence[int]
    values: Sequence[Value]
    status: Status
    time: int | None
    span: slice | None
    """The indices once more, where they follow each other: a slice is written much faster."""
    layout: Layout
    """The layout that the indices are of."""


@frozen
class Force:
    """Who set which signal to what, and when; no value means that the signal was let go."""

    time: int
    actor: str
    signal: str
    value: Value | None
