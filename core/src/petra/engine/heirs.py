"""Who is in charge of the outputs of devices: before a reload, and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from petra.drivers.contract.point import Direction
from petra.engine.drivers import place_of, written

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point


class Heirs:
    """Who is in charge of the outputs of devices once these drivers run."""

    def __init__(self, drivers: Sequence[Driver], computed: Callable[[str], bool]) -> None:
        self._fed = {p.signal for driver in drivers for p in driver.points if p.direction is Direction.READ}
        self._computed = computed
        self._signals: dict[tuple[str, str], set[str]] = {}
        for driver in drivers:
            for point in written(driver):
                self._signals.setdefault((place_of(driver), point.address), set()).add(point.signal)

    def lost(self, driver: Driver, point: Point) -> str:
        """Return why nothing writes any more what a point has written; empty if its signal or another does.

        Another signal is in charge if a block or a device says what it is: one that waits for a command
        writes nothing, and what stood there would stay.
        """
        signals = self._signals.get((place_of(driver), point.address), set())
        if not signals:
            return "no point writes it any more"
        if point.signal in signals or any(name in self._fed or self._computed(name) for name in signals):
            return ""
        return f"nothing computes {' or '.join(sorted(signals))}, which has it now"

    def keeps(self, driver: Driver, point: Point) -> bool:
        """Return whether the same signal has the output."""
        return point.signal in self._signals.get((place_of(driver), point.address), ())
