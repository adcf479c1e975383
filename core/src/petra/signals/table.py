"""Readings by name: one look-up each. Readers renew the table; the scan only notes what has aged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from petra.signals.quality import Quality
    from petra.signals.store import Store
    from petra.signals.types import Value

_WAITING = 64


class Reading(NamedTuple):
    """A signal's value with its quality and time."""

    value: Value
    quality: Quality
    time: int


class Table:
    """The readings of all signals by name. The scan says what has aged, readers renew it when they need it.

    What waits to be renewed is bounded: when there was no reader for long, everything counts as aged.
    """

    __slots__ = ("_aged", "_layout", "_lock", "_readings", "_store", "read")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._layout = store.layout
        self._aged: deque[Sequence[int]] = deque([range(len(store.layout))])
        self._readings: dict[str, Reading] = {}
        self._lock = Lock()  # held by readers only
        self.read = self._reader()

    def _reader(self) -> Callable[[str], Reading]:
        """Return `read`, with what it uses as defaults: a tenth faster than a method."""

        def read(
            name: str,
            _aged: deque[Sequence[int]] = self._aged,
            _readings: dict[str, Reading] = self._readings,
        ) -> Reading:
            """Return a signal's value, quality and time from the published image."""
            if _aged:
                self._renew()
            try:
                return _readings[name]
            except KeyError:
                return self._missing(name)

        return read

    def _missing(self, name: str) -> Reading:
        with self._lock:  # in the middle of a reload another reader may be filling the table
            found = self._readings.get(name)
        if found is None:
            raise self._store.layout.unknown(name) from None
        return found

    def age(self, written: Iterable[Sequence[int]]) -> None:
        """Take note of what is no longer as it was; the scan calls it after it has published."""
        if len(self._aged) >= _WAITING:
            self._aged.clear()  # a reader in between reads what was, as it may until this method is done
            self._aged.append(range(len(self._store.layout)))
            return
        self._aged.extend(filter(None, written))

    def _renew(self) -> None:
        with self._lock:
            while self._aged:
                try:
                    indices = self._aged.popleft()
                except IndexError:  # the scan has just made one of many
                    break
                image = self._store.image  # after the look at what has aged: it is at least as new
                if image.layout is not self._layout:
                    self._layout = image.layout
                    self._readings.clear()
                    indices = range(len(image.layout))
                signals = image.layout.signals
                for i in indices:
                    if i >= len(signals):  # of the layout before a reload, when there were more
                        break
                    reading = Reading(image.value(i), image.status(i).quality, image.when(i))
                    self._readings[signals[i].name] = reading
