"""What devices are to be given: a signal's value, or what replaces one that is bad or was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from petra.drivers.commands.lapses import Instead, Lapsed, Lapses
from petra.signals import Quality

if TYPE_CHECKING:
    from petra.drivers.commands.delivery import Delivery
    from petra.signals import Image, Layout, Signal, Value


class Substitutes:
    """Decides for the signals of one driver's outputs, by the time of the loop."""

    def __init__(self, before: Mapping[str, Lapsed]) -> None:
        self._bad = Lapses(before)
        self._refused = Lapses({}, "is not taken by its device")

    def wanted(self, image: Image, index: int, now: float) -> Instead | None:
        """Return what the device of a signal is to be given; None for nothing."""
        signal, status = image.layout.signals[index], image.status(index)
        if status.quality is not Quality.BAD:
            value = image.value(index)
            if not image.stopped:
                self._bad.over(signal, value)
            return Instead(value, safe=image.stopped and signal.safe is not None)
        if image.stopped:
            return None
        instead = self._bad.instead(signal, status.reason, now)
        return instead and Instead(image.layout.converted(index, instead.value), instead.safe)

    def fitting(
        self, delivery: Delivery, layout: Layout, index: int, wanted: Instead, now: float
    ) -> Instead | None:
        """Return what one point is given: what it takes of the program's value, or what it gets instead."""
        known = delivery.refused is None and delivery.given == wanted.value
        if wanted.safe or delivery.safe_only or known:
            return wanted
        value = delivery.within(wanted.value, layout)
        if delivery.may_try(value, now):
            return Instead(value, safe=False)
        instead = self._refused.instead(layout.signals[index], delivery.refusal, now)
        return instead and Instead(layout.converted(index, instead.value), instead.safe, stands_in=True)

    def taken(self, signal: Signal, value: Value) -> None:
        """Note that every point of a signal takes what the program wants."""
        self._refused.over(signal, value)

    def due(self, now: float) -> list[str]:
        """Return the signals whose safe value is to be written now, each once."""
        return [*self._bad.due(now), *self._refused.due(now)]

    def next_at(self) -> float:
        """Return when the next signal is due."""
        return min(self._bad.next_at(), self._refused.next_at())

    def handed_over(self) -> Mapping[str, Lapsed]:
        """Return since when signals are bad and what was good last, for the next driver of these points."""
        return self._bad.handed_over()
