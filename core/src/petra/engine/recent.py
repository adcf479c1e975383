"""The last while of all signals, in memory: looked at once a second, beside the scan and at no cost to it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from petra.plant.recent import Recent

if TYPE_CHECKING:
    from petra.signals import Image, Layout, Value

MOST = 200_000
"""Values that are kept: about 10 MB."""
EVERY = 1_000_000_000
"""Time between two looks, in ns."""


@frozen
class _Look:
    """What had changed when signals were looked at."""

    time: int
    layout: Layout
    indices: Sequence[int]
    values: Sequence[Value]
    qualities: Sequence[int]


class RecentChanges:
    """Keeps what one thread sees of the published images; any other thread asks."""

    def __init__(self, image: Image, now: int, most: int = MOST) -> None:
        self._most = most
        self._looks: deque[_Look] = deque()
        self._count = 0
        self._last = image
        self._since = self._looked_at = now
        self._before: dict[str, tuple[Value, int]] = {}
        """What signals were at `since`, of those that have changed later."""
        self._lock = threading.Lock()
        self._add(_look(image, range(len(image.layout)), now))

    def look(self, image: Image, now: int) -> None:
        """Note what has changed since the last look, once in `EVERY`; the clock may have been set back."""
        last = self._last
        if image is last or 0 <= now - self._looked_at < EVERY:
            return
        self._last, self._looked_at = image, now
        same = image.layout is last.layout
        changed = sorted(set(image.differences(last))) if same else range(len(image.layout))
        if changed:
            self._add(_look(image, changed, now))

    def read(self, names: Sequence[str], begin: int, now: int) -> Recent:
        """Return how these signals have changed from `begin` on."""
        with self._lock:
            looks, known, since = list(self._looks), dict(self._before), self._since
        place = {name: i for i, name in enumerate(names)}
        before = {name: known[name] for name in names if name in known}
        rows: list[tuple[int, int, Value, int]] = []
        layout, wanted = None, dict[int, str]()
        for each in looks:
            if each.layout is not layout:
                layout = each.layout
                wanted = {layout.index[name]: name for name in names if name in layout.index}
            for index, value, quality in zip(each.indices, each.values, each.qualities, strict=True):
                name = wanted.get(index)
                if name is None:
                    continue
                if each.time <= begin:
                    before[name] = (value, quality)
                else:
                    rows.append((each.time, place[name], value, quality))
        at = max(begin, since)
        rows = [(at, place[name], *held) for name, held in before.items()] + rows
        times, signals, values, qualities = zip(*rows, strict=True) if rows else ((), (), (), ())
        return Recent(tuple(names), at, now, times, signals, values, qualities)

    def _add(self, look: _Look) -> None:
        with self._lock:
            self._looks.append(look)
            self._count += len(look.indices)
            while self._count > self._most and len(self._looks) > 1:
                self._forget(self._looks.popleft())

    def _forget(self, look: _Look) -> None:
        self._count -= len(look.indices)
        signals = look.layout.signals
        told = zip(look.values, look.qualities, strict=True)
        self._before.update(zip((signals[i].name for i in look.indices), told, strict=True))
        self._since = max(self._since, look.time)
        known = self._last.layout.index
        if len(self._before) > 2 * len(known):  # after many reloads: what there is no more
            self._before = {name: held for name, held in self._before.items() if name in known}


def _look(image: Image, indices: Iterable[int], now: int) -> _Look:
    places = tuple(indices)
    qualities = [image.status(i).quality.value for i in places] if image.flawed else [0] * len(places)
    return _Look(now, image.layout, places, list(map(image.value, places)), qualities)
