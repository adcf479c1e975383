"""What becomes of forces in a reload: a signal that goes takes its force with it, and that is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from petra.engine.difference import Change, ChangeAct

if TYPE_CHECKING:
    from petra.signals import Layout, Store, Value


def held(store: Store) -> dict[str, Value]:
    """Return the signals that are forced, with their values; between two scans."""
    return {store.layout.signals[index].name: value for index, value in store.forced.items()}


def forces_changed(
    before: Mapping[str, Value], after: Mapping[str, Value], layout: Layout
) -> Iterator[Change]:
    """Yield the forces that a reload has ended, and those that are outside the limits now."""
    for name, value in before.items():
        if name not in after:
            effect = "its signal is gone, or of another type"
            yield Change(ChangeAct.REMOVE, "force", name, f"of {value!r}", effect)
        elif outside := layout.outside(layout.index[name], value):
            yield Change(ChangeAct.CHANGE, "force", name, outside, "it stays")
