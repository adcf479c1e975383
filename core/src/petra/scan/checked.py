"""A checked program: blocks wired, typed and ordered, before they are compiled for a layout of signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from petra.scan.network import Network, Wired, entangled
from petra.scan.resolve import Resolution

if TYPE_CHECKING:
    from petra.signals import Value


@frozen
class CheckedTask:
    """The blocks of one task in the order in which they run, with the types of their ports."""

    network: Network
    resolution: Resolution


@frozen
class CheckedProgram:
    """Everything about the blocks of a plant that does not depend on where signals are kept.

    It is made once, when a document is checked, and is what every build of the document begins with.
    """

    blocks: tuple[Wired, ...]
    resolution: Resolution
    tasks: Mapping[str, CheckedTask]

    @property
    def writers(self) -> dict[str, str]:
        """The block that writes each signal, by the name of the signal."""
        return {signal: block.name for block in self.blocks for signal in block.targets.values()}


def order_program(
    blocks: Sequence[Wired], resolution: Resolution, tasks: Iterable[str], task_of: Mapping[str, str]
) -> CheckedProgram:
    """Return a checked program of blocks whose types are resolved; `task_of` has the task of each block."""
    by_task: dict[str, list[Wired]] = {task: [] for task in tasks}
    for block in blocks:
        by_task[task_of[block.name]].append(block)
    beside = entangled(by_task)
    ordered = {
        task: CheckedTask(Network(mine, beside[task]), Resolution(mine, resolution.types))
        for task, mine in by_task.items()
    }
    return CheckedProgram(tuple(blocks), resolution, ordered)


def check_program(
    blocks: Sequence[Wired],
    declared: Mapping[str, type[Value]],
    tasks: Iterable[str],
    task_of: Mapping[str, str],
) -> CheckedProgram:
    """Resolve the types of wired blocks and order them; its resolution has the mismatches."""
    return order_program(blocks, Resolution(blocks, declared), tasks, task_of)
