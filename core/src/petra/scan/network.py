"""Blocks with their wiring: which signal or constant each port is connected to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.scan.order import Order, loops, order
from petra.signals import Value, literal

if TYPE_CHECKING:
    from petra.blocks import Block


@frozen
class Constant:
    """A value that stands where a signal could."""

    value: Value


@frozen
class Unwired(Constant):
    """Nothing, where an input may be left out: the zero of the type that the input comes to have."""


Source = str | Constant
"""What an input reads: the signal of that name, or a constant."""


@frozen
class Wired:
    """A block and what its ports are connected to, all by the names that its class declares."""

    name: str
    cls: type[Block]
    params: Mapping[str, Value]
    sources: Mapping[str, tuple[Source, ...]]
    targets: Mapping[str, str]

    @property
    def reads(self) -> list[str]:
        """The signals that it reads."""
        return [source for sources in self.sources.values() for source in sources if isinstance(source, str)]


def wire(
    name: str,
    cls: type[Block],
    inputs: Mapping[str, Value],
    outputs: Mapping[str, str],
    params: Mapping[str, Value],
) -> Wired:
    """Connect a block as a checked configuration says.

    Keys of `inputs` that are no other port belong to the input that takes many, in their order.
    """
    spec = cls.spec
    many = spec.many
    sources: dict[str, tuple[Source, ...]] = {}
    for port in spec.inputs.values():
        if port is many:
            keys = [key for key in inputs if key not in spec.inputs or key == port.name]
            sources[port.name] = _many({key: inputs[key] for key in keys}, port)
        elif port.constant and port.name in params:  # a constant that was tuned since it was written
            sources[port.name] = (Constant(port.exact(params[port.name])),)
        elif port.name in inputs:
            sources[port.name] = (_source(inputs[port.name], port),)
        elif port.optional:
            sources[port.name] = (Unwired(port.type()),)
        else:
            default = port.type() if port.default is None else port.exact(port.default)
            sources[port.name] = (Constant(default),)
    given = {p.name: params.get(p.name, p.default) for p in spec.params.values()}
    return Wired(name, cls, {n: spec.params[n].exact(value) for n, value in given.items()}, sources, outputs)


def _many(wires: Mapping[str, Value], port: Any) -> tuple[Source, ...]:
    positions = port.positions(wires)
    found: list[Source] = [Unwired(port.type())] * (positions[-1] + 1 if positions else 0)
    for at, written in zip(positions, wires.values(), strict=True):
        found[at] = _source(written, port)
    return tuple(found)


def _source(written: Value, port: Any) -> Source:
    value = literal(written) if isinstance(written, str) else written
    return written if value is None else Constant(port.exact(value))  # type: ignore[return-value]


class Network:
    """The blocks of one task in the order in which they run.

    `beside` holds blocks of other tasks that are in a loop with some of these.
    """

    def __init__(self, blocks: Sequence[Wired], beside: Sequence[Wired] = ()) -> None:
        self.document = tuple(blocks)
        self.beside = tuple(beside)
        self.order: Order = order(_reads(blocks), [block.cls.spec.type for block in blocks])
        self.blocks = tuple(blocks[i] for i in self.order.blocks)

    def feedback(self) -> list[tuple[str, str]]:
        """Return the (writer, reader) pairs of blocks where the reader sees the scan before."""
        return sorted((self.document[w].name, self.document[r].name) for w, r in self.order.feedback)

    def overwritten(self) -> dict[str, set[str]]:
        """Return the signals that a block reads of the scan before, by the names of blocks."""
        found: dict[str, set[str]] = {}
        for writer, reader in self.order.feedback:
            written = set(self.document[writer].targets.values())
            block = self.document[reader]
            found.setdefault(block.name, set()).update(written.intersection(block.reads))
        return found


def entangled(tasks: Mapping[str, Sequence[Wired]]) -> dict[str, list[Wired]]:
    """Return, for each task, the blocks of other tasks that are in a loop with some of its own."""
    placed = [(task, block) for task, blocks in tasks.items() for block in blocks]
    numbers = loops(_reads([block for _, block in placed]))
    concerned: dict[int, set[str]] = {}
    for number, (task, _) in zip(numbers, placed, strict=True):
        concerned.setdefault(number, set()).add(task)
    found: dict[str, list[Wired]] = {task: [] for task in tasks}
    for number, (own, block) in zip(numbers, placed, strict=True):
        for task in concerned[number] - {own}:
            found[task].append(block)
    return found


def _reads(blocks: Sequence[Wired]) -> list[list[int]]:
    written_by = {signal: i for i, block in enumerate(blocks) for signal in block.targets.values()}
    return [[written_by[s] for s in block.reads if s in written_by] for block in blocks]
