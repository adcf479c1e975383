"""Blocks that have not begun: their state is kept until each required input has been other than bad once.

So a device that connects after the engine has started makes no difference: a filter begins at its first
measurement, and not at the zero that the signal held before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from petra.signals import Quality, QualityReason

if TYPE_CHECKING:
    from petra.scan.compiler import Unit

BEGUN = ""
"""The key in a snapshot that marks a block as begun; no state can have an empty name."""


class Beginning:
    """The blocks of one program that have not begun."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._waiting = {
            number: _required_slots(unit)
            for number, unit in enumerate(units)
            if unit.wired.cls.waits_for_all and unit.wired.cls.spec.states
        }
        self._slots = {
            number: [units[number].states[name] for name in units[number].wired.cls.spec.states]
            for number in self._waiting
        }
        self._memory: dict[int, list[tuple[int, Any]]] | None = None

    def waits(self, number: int) -> bool:
        """Return whether a block has not begun."""
        return number in self._waiting

    def has_begun(self, number: int) -> None:
        """Record that a block has begun already, in a program before this one."""
        self._waiting.pop(number, None)

    def remember(self, states: Sequence[Any]) -> None:
        """Save the states of the waiting blocks before the first scan; later calls do nothing."""
        if self._memory is None:
            self._memory = {
                number: [(slot, states[slot]) for slot in self._slots[number]] for number in self._waiting
            }

    def settle(self, states: list[Any], flawed: Mapping[int, QualityReason]) -> bool:
        """Restore the states of blocks that still lack an input; return whether all blocks have begun."""
        assert self._memory is not None  # noqa: S101 - `remember` ran before the first part
        # The scan runs whole and the states are put back after it: what a block has computed from a bad input
        # is marked bad on the bus, but a state has no quality and would carry it into the next scan.
        for number, needed in list(self._waiting.items()):
            for slot in needed:
                status = flawed.get(slot)
                if status is not None and status.quality is Quality.BAD:
                    break
            else:
                del self._waiting[number]
                continue
            for slot, value in self._memory[number]:
                states[slot] = value
        return not self._waiting


def _required_slots(unit: Unit) -> list[int]:
    """Return the slots of the inputs that must be wired; an input with a default never holds a block back."""
    ports = unit.wired.cls.spec.inputs
    needed = (slot for name, slots in unit.inputs.items() if ports[name].required for slot in slots)
    return [slot for slot in needed if slot is not None]
