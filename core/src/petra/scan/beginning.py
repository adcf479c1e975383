"""Blocks that have not begun: until what they need has been known once, their memory stays as it was.

A device that is there later than PETRA makes no difference then: a filter begins where its first measurement
is, and not at the zero that stood there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from petra.blocks import Block
from petra.signals import Quality, Status

if TYPE_CHECKING:
    from petra.scan.compiler import Unit

BEGUN = ""
"""The name under which a snapshot says that a block has begun; no state is called so."""


class Beginning:
    """The blocks of one program that have not begun."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._waiting = {number: _needed(unit) for number, unit in enumerate(units) if _waits(unit.wired.cls)}
        self._slots = {
            number: [units[number].states[name] for name in units[number].wired.cls.spec.states]
            for number in self._waiting
        }
        self._memory: dict[int, list[Any]] = {}

    def waits(self, number: int) -> bool:
        """Return whether a block has not begun."""
        return number in self._waiting

    def has_begun(self, number: int) -> None:
        """Take note that a block has begun before."""
        self._waiting.pop(number, None)

    def remember(self, states: Sequence[Any]) -> None:
        """Take what blocks remember before a scan."""
        self._memory = {number: [states[slot] for slot in self._slots[number]] for number in self._waiting}

    def settle(self, states: list[Any], flawed: Mapping[int, Status]) -> bool:
        """Give back their memory to blocks that lack something still; return whether all have begun."""
        for number, needed in list(self._waiting.items()):
            if any(slot in flawed and flawed[slot].quality is Quality.BAD for slot in needed):
                for slot, value in zip(self._slots[number], self._memory[number], strict=True):
                    states[slot] = value
            else:
                del self._waiting[number]
        return not self._waiting


def _waits(cls: type[Block]) -> bool:
    """Return whether a block remembers something and knows nothing with only a part of its inputs."""
    partly = cls.known is not Block.known and not cls.waits_for_all
    return bool(cls.spec.states) and not partly and not cls.spec.qualities


def _needed(unit: Unit) -> list[int]:
    """Return the slots of the inputs that have to be wired."""
    ports = unit.wired.cls.spec.inputs
    return [
        slot
        for name, slots in unit.inputs.items()
        if ports[name].required
        for slot in slots
        if slot is not None
    ]
