"""Blocks that have not begun: until what they need has been known once, their memory stays as it was.

A device that is there later than PETRA makes no difference then: a filter begins where its first measurement
is, and not at the zero that stood there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from petra.signals import Quality, Status

if TYPE_CHECKING:
    from petra.scan.compiler import Unit

BEGUN = ""
"""The name under which a snapshot says that a block has begun; no state is called so."""


class Beginning:
    """The blocks of one program that have not begun."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._waiting = {
            number: _needed(unit)
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
        """Take note that a block has begun before."""
        self._waiting.pop(number, None)

    def remember(self, states: Sequence[Any]) -> None:
        """Take what blocks remember before the first scan."""
        if self._memory is None:
            self._memory = {
                number: [(slot, states[slot]) for slot in self._slots[number]] for number in self._waiting
            }

    def settle(self, states: list[Any], flawed: Mapping[int, Status]) -> bool:
        """Give back their memory to blocks that lack something still; return whether all have begun."""
        assert self._memory is not None  # noqa: S101 - the scan has begun
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


def _needed(unit: Unit) -> list[int]:
    """Return the slots of the inputs that have to be wired."""
    ports = unit.wired.cls.spec.inputs
    needed = (slot for name, slots in unit.inputs.items() if ports[name].required for slot in slots)
    return [slot for slot in needed if slot is not None]
