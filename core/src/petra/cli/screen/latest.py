"""The newest state of all signals, followed only while something needs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from petra.plant import SignalValue
from petra.signals.quality import GOOD

if TYPE_CHECKING:
    from petra.plant import BlockingPlant, Snapshot

EVERY = 1.0
"""Seconds between two states: ten thousand signals that all change cost a few milliseconds each time."""


class LatestValues:
    """Follows all signals of a plant in its own thread, until `leave`."""

    def __init__(self, plant: BlockingPlant) -> None:
        self.values: Mapping[str, SignalValue] | None = None
        """The newest state; it is replaced, and never changed."""
        self._plant = plant
        self._left = False
        self._thread = threading.Thread(target=self._run, name="petra-view-all", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it follows nothing any more."""
        return not self._thread.is_alive()

    def leave(self) -> None:
        """End with the next change."""
        self._left = True

    def _run(self) -> None:
        with suppress(Exception):  # the poll finds out why, and says so
            for snapshot in self._plant.watch("*", every=EVERY):
                if self._left:
                    return
                self._take(snapshot)

    def _take(self, snapshot: Snapshot) -> None:
        flawed = snapshot.flawed
        values = dict(self.values or {})
        for name, index, value, time in zip(
            snapshot.names, snapshot.indices, snapshot.data, snapshot.times, strict=True
        ):
            status = flawed.get(index, GOOD)
            values[name] = SignalValue(value, status.quality, status.reason, time)
        self.values = values
