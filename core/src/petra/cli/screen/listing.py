"""Which signals are listed, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from petra.signals import Quality

if TYPE_CHECKING:
    from petra.cli.screen.scene import Scene
    from petra.plant import SignalValue


class Sort(Enum):
    """An order of signals; the value is what the foot calls it."""

    DOCUMENT = "as declared"
    NAME = "by name"
    VALUE = "greatest first"
    QUALITY = "worst first"
    AGE = "oldest first"
    CHANGED = "newest first"

    @property
    def live(self) -> bool:
        """Whether it depends on the values of all signals."""
        return self not in (Sort.DOCUMENT, Sort.NAME)

    @property
    def next(self) -> Sort:
        """The order that the key for sorting gives next."""
        orders = list(Sort)
        return orders[(orders.index(self) + 1) % len(orders)]


class Listing:
    """A search, two filters and an order. What it found is kept until something of them changes."""

    def __init__(self) -> None:
        self.query = ""
        self.only_bad = False
        self.only_forced = False
        self.sort = Sort.DOCUMENT
        self.reverse = False
        self._key: tuple[Any, ...] = ()
        self._found: Sequence[str] = ()

    @property
    def needs_everything(self) -> bool:
        """Whether it depends on the values of all signals."""
        return self.only_bad or self.sort.live

    def show_all(self) -> None:
        """Search and filter nothing; the order stays."""
        self.query, self.only_bad, self.only_forced = "", False, False

    def names(self, scene: Scene) -> Sequence[str]:
        """Return the signals that are listed, in order."""
        latest = scene.latest if self.needs_everything else None
        forced = frozenset(scene.status.forced) if self.only_forced and scene.status else frozenset()
        filters = (self.query, self.only_bad, self.only_forced, self.sort, self.reverse)
        key = (scene.signals, latest, forced, *filters)
        # latest is compared by identity: two states of ten thousand signals are not compared
        if len(key) != len(self._key) or not all(map(_same, key, self._key)):
            self._key, self._found = key, self._listed(scene, latest or {}, forced)
        return self._found

    def __str__(self) -> str:
        said = [] if self.sort is Sort.DOCUMENT and not self.reverse else [self.sort.value]
        if self.reverse:
            said.append("reversed")
        if self.query:
            said.append(f"with {self.query!r}")
        if self.only_bad:
            said.append("not good")
        if self.only_forced:
            said.append("forced")
        return " ".join(said)

    def _listed(
        self, scene: Scene, latest: Mapping[str, SignalValue], forced: frozenset[str]
    ) -> Sequence[str]:
        query = self.query.lower()
        found: list[str] = scene.signals.names
        if query:
            found = [n for n, low in zip(found, scene.signals.lower, strict=True) if query in low]
        if self.only_forced:
            found = [name for name in found if name in forced]
        if self.only_bad:
            found = [name for name in found if name in latest and latest[name].quality]
        found = self._sorted(found, latest)
        return found[::-1] if self.reverse else found

    def _sorted(self, names: list[str], latest: Mapping[str, SignalValue]) -> list[str]:
        if self.sort is Sort.DOCUMENT:
            return names
        if self.sort is Sort.NAME:
            return sorted(names)
        if not latest:
            return names
        known = [name for name in names if name in latest]
        if self.sort is Sort.VALUE:
            return sorted(known, key=lambda name: _falling(latest[name].value))
        if self.sort is Sort.QUALITY:
            return sorted(known, key=lambda name: -(latest[name].quality or Quality.GOOD))
        newest_first = self.sort is Sort.CHANGED
        return sorted(known, key=lambda name: latest[name].time, reverse=newest_first)


def _same(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, str | bool | frozenset) and bool(one == other))


def _falling(value: object) -> tuple[int, float, str]:
    """Return what sorts the greatest number first, then what is not a number, then texts."""
    if isinstance(value, str):
        return 2, 0.0, value
    assert isinstance(value, bool | int | float)  # noqa: S101 - the types of signals
    return (1, 0.0, "") if value != value else (0, -value, "")  # noqa: PLR0124 - NaN
