"""What signals were lately, for trends and notebooks. It is no history: it ends with the plant."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from petra.signals.types import Value


@frozen
class Recent:
    """Changes of some signals in the last while, in the order of time: columns of equal length.

    The first rows are what the signals were at `since`, as far as that is known. In between, only the state
    at the end of each second is kept.
    """

    names: tuple[str, ...]
    since: int
    """From when on the changes are complete: what was asked for, or what is kept, began then."""
    until: int
    times: Sequence[int]
    """When the value was seen, in ns."""
    signals: Sequence[int]
    """Which signal, as a place in `names`."""
    values: Sequence[Value]
    qualities: Sequence[int]
