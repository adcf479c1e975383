"""Blocks with their wiring: which signal or constant each port is connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.scan.order import BlockOrder, number_loops, order_blocks
from petra.signals import Value, literal

if TYPE_CHECKING:
    from petra.blocks import Block


@frozen
class Constant:
    """A value in the place of a signal."""

    value: Value


@frozen
class Unwired(Constant):
    """An optional input without a wire: the zero of the type that the input is resolved to."""


Source = str | Constant
"""What an input reads: the signal of that name, or a constant."""


@frozen
class Wired:
    """A block and the connection of each port, by the names that the block's class declares."""

    name: str
    cls: type[Block]
    params: Mapping[str, Value]
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, str]

    @property
    def reads(self) -> list[str]:
        """The signals that the block reads."""
        return [source for sources in self.sources.values() for source in sources if isinstance(source, str)]


def wire(
    name: str,
    cls: type[Block],
    inputs: Mapping[str, Value],
    outputs: Mapping[str, str],
    params: Mapping[str, Value],
) -> Wired:
    """Connect the ports of a block from a checked configuration.

    Keys of `inputs` that do not name a port belong to the input that takes many, in their order.
    """
    spec = cls.spec
    many = spec.many
    sources: dict[str, tuple[Source, ...]] = {}
    for port in spec.inputs.values():
        if port is many:
            keys = [key for key in inputs if key not in spec.inputs or key == port.name]
            sources[port.name] = _many_sources({key: inputs[key] for key in keys}, port)
        elif (
            port.constant and port.name in params
        ):  # tuned after the document was written: the tuned value wins
            sources[port.name] = (Constant(port.exact(params[port.name])),)
        elif port.name in inputs:
            sources[port.name] = (_make_source(inputs[port.name], port),)
        elif port.optional:
            sources[port.name] = (Unwired(port.type()),)
        else:
            default = port.type() if port.default is None else port.exact(port.default)
            sources[port.name] = (Constant(default),)
    given = {p.name: params.get(p.name, p.default) for p in spec.params.values()}
    return Wired(name, cls, {n: spec.params[n].exact(value) for n, value in given.items()}, sources, outputs)


def _many_sources(wires: Mapping[str, Value], port: Any) -> tuple[Source, ...]:
    positions = port.positions(wires)
    # Numbers that the document leaves out (in2, in5) are places without a wire, so that in5 is the fourth.
    found: list[Source] = [Unwired(port.type())] * (positions[-1] + 1 if positions else 0)
    for at, written in zip(positions, wires.values(), strict=True):
        found[at] = _make_source(written, port)
    return tuple(found)


def _make_source(written: Value, port: Any) -> Source:
    value = literal(written) if isinstance(written, str) else written
    return written if value is None else Constant(port.exact(value))  # type: ignore[return-value]


class Network:
    """The blocks of one task in the order in which they run.

    `beside` holds the blocks of other tasks that form a loop with blocks of this one.
    """

    def __init__(self, blocks: Sequence[Wired], beside: Sequence[Wired] = ()) -> None:
        self.document = tuple(blocks)
        self.beside = tuple(beside)
        self.order: BlockOrder = order_blocks(
            _writers_read(blocks), [block.cls.spec.type for block in blocks]
        )
        self.blocks = tuple(blocks[i] for i in self.order.blocks)

    def feedback(self) -> list[tuple[str, str]]:
        """Return the (writer, reader) pairs of blocks where the reader reads the previous scan."""
        return sorted((self.document[w].name, self.document[r].name) for w, r in self.order.feedback)

    def overwritten(self) -> dict[str, set[str]]:
        """Return, by the name of a block, the signals that the block reads from the previous scan."""
        found: dict[str, set[str]] = {}
        for writer, reader in self.order.feedback:
            written = set(self.document[writer].targets.values())
            block = self.document[reader]
            found.setdefault(block.name, set()).update(written.intersection(block.reads))
        return found


def entangled(tasks: Mapping[str, Sequence[Wired]]) -> dict[str, list[Wired]]:
    """Return, for each task, the blocks of other tasks that form a loop with blocks of that task."""
    placed = [(task, block) for task, blocks in tasks.items() for block in blocks]
    # Over the blocks of all tasks: a loop may leave a task and come back.
    numbers = number_loops(_writers_read([block for _, block in placed]))
    concerned: dict[int, set[str]] = {}
    for number, (task, _) in zip(numbers, placed, strict=True):
        concerned.setdefault(number, set()).add(task)
    found: dict[str, list[Wired]] = {task: [] for task in tasks}
    for number, (own, block) in zip(numbers, placed, strict=True):
        for task in concerned[number] - {own}:
            found[task].append(block)
    return found


def _writers_read(blocks: Sequence[Wired]) -> list[list[int]]:
    written_by = {signal: i for i, block in enumerate(blocks) for signal in block.targets.values()}
    return [[written_by[s] for s in block.reads if s in written_by] for block in blocks]
