"""Groups of signals: what a group says holds for all signals below it in the tree of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from petra.config.nodes import Node, within
from petra.signals import SignalType

if TYPE_CHECKING:
    from petra.config.models import GroupConfig, SignalConfig
    from petra.config.problems import Problems

_SEPARATORS = "./:"
_OF_ALL = ("description", "category")
_OF_NUMBERS = ("unit", "minimum", "maximum")


class Groups:
    """The groups of a document by their names."""

    def __init__(self, groups: Iterable[tuple[Node, GroupConfig]]) -> None:
        self._nodes = {group.name: (node, group) for node, group in groups}
        self._used: set[str] = set()

    def apply(self, signal: SignalConfig) -> SignalConfig:
        """Return a signal with what its groups say and the signal does not; the nearest group counts.

        Units and limits are for numbers: a switch of the same group has none.
        """
        above = [group for name in _above(signal.name) if (group := self._group(name)) is not None]
        if not above:
            return signal
        number = signal.type in (SignalType.INT, SignalType.FLOAT)
        found: dict[str, Any] = {}
        for name in (*_OF_ALL, *_OF_NUMBERS) if number else _OF_ALL:
            if getattr(signal, name) in ("", None):
                value = next((v for group in above if (v := getattr(group, name)) not in ("", None)), None)
                if value is not None:
                    found[name] = value
        return evolve(signal, **found) if found else signal

    def report(self, names: Sequence[str], problems: Problems) -> None:
        """Warn of groups that no signal belongs to: their names may be misspelled."""
        for name, (node, _) in self._nodes.items():
            if name not in self._used:
                known = {above for signal in names for above in _above(signal)}
                message = f"no signal belongs to the group {name!r}"
                hint = problems.meant(name, sorted(known))
                problems.warn(within(node, "name"), "empty-group", message, hint=hint)

    def _group(self, name: str) -> GroupConfig | None:
        found = self._nodes.get(name)
        if found is None:
            return None
        self._used.add(name)
        return found[1]


def _above(name: str) -> Iterator[str]:
    """Yield the names of the groups that a signal may belong to, the nearest first."""
    for at in range(len(name) - 1, 0, -1):
        if name[at] in _SEPARATORS:
            yield name[:at]
