"""Which signals are meant: names, and patterns such as `pump*`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.plant.interface import Names
    from petra.signals.layout import Layout

_ALL = ("*",)
_PATTERN = frozenset("*?[")


class Selection:
    """The signals that some names and patterns select, of one layout after the other."""

    def __init__(self, names: Names) -> None:
        given: Iterable[str] = (names,) if isinstance(names, str) else names
        self.names = tuple(given)
        self.is_all = self.names == _ALL
        self._layout: Layout | None = None
        self._found: Sequence[int] = ()

    @property
    def exact(self) -> tuple[str, ...] | None:
        """The names, when there is no pattern among them."""
        return None if any(map(is_pattern, self.names)) else self.names

    def check(self, layout: Layout) -> None:
        """Raise UnknownSignalError for a name that is no pattern and no signal."""
        for name in self.names:
            if not is_pattern(name):
                layout.place(name)

    def indices(self, layout: Layout) -> Sequence[int]:
        """Return the signals of a layout that are selected, each once: in the order of the names."""
        if layout is not self._layout:
            self._found = range(len(layout)) if self.is_all else tuple(_selected(self.names, layout))
            self._layout = layout
        return self._found


def is_pattern(name: str) -> bool:
    """Return whether a name has wildcards."""
    return not _PATTERN.isdisjoint(name)


def _selected(names: Iterable[str], layout: Layout) -> dict[int, None]:
    found: dict[int, None] = {}
    for name in names:
        if is_pattern(name):
            fits = re.compile(translate(name)).match
            found.update((i, None) for i, signal in enumerate(layout.signals) if fits(signal.name))
        elif name in layout.index:
            found[layout.index[name]] = None
    return found
