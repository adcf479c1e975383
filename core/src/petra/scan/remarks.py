"""Notes on how blocks are wired: nothing here stops a configuration from running."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from petra.scan.network import Unwired, Wired


@frozen
class Remark:
    """A note on one port of one block; `at` is the position within a port that takes many."""

    block: int
    port: str
    at: int
    message: str
    output: bool = False
    code: str = "wrong-type"
    """The problem code."""


def without_outputs(blocks: Sequence[Wired]) -> Iterable[Remark]:
    """Yield the blocks that have no output wired."""
    for i, block in enumerate(blocks):
        if not block.targets:
            message = f"no output of {block.cls.spec.type} is wired: nothing reads what the block computes"
            yield Remark(i, "", 0, message, output=True, code="no-outputs")


def left_out(blocks: Sequence[Wired]) -> Iterable[Remark]:
    """Yield the optional inputs that are not wired."""
    for i, block in enumerate(blocks):
        for port in block.cls.spec.inputs.values():
            for at, source in enumerate(block.sources[port.name]):
                if isinstance(source, Unwired):
                    name = port.name if port.first is None else f"in{port.first + at}"
                    message = f"the input {name!r} of {block.cls.spec.type} is not wired: it counts as zero"
                    yield Remark(i, port.name, at, message, code="left-out")


def closed_loops(blocks: Sequence[Wired]) -> Iterable[Remark]:
    """Yield the blocks of stateless bool logic in a loop that no other signal reaches, such as NOTs."""
    inside = {i for i, block in enumerate(blocks) if _is_plain_logic(block)}
    written = {name for i in inside for name in blocks[i].targets.values()}
    readers: dict[str, list[int]] = {}
    reached = []
    for i in inside:
        sources = [source for each in blocks[i].sources.values() for source in each]
        for name in blocks[i].reads:
            readers.setdefault(name, []).append(i)
        if not written.issuperset(sources):
            reached.append(i)
    while reached:
        i = reached.pop()
        if i in inside:
            inside.remove(i)
            for name in blocks[i].targets.values():
                reached += readers.get(name, ())
    for i in sorted(inside):
        block = blocks[i]
        message = (
            f"{block.cls.spec.type}: this block is part of a loop that no other signal reaches: "
            "its output never changes, or it changes in every scan"
        )
        yield Remark(i, next(iter(block.targets), ""), 0, message, output=True, code="closed-loop")


def _is_plain_logic(block: Wired) -> bool:
    spec = block.cls.spec
    ports = (*spec.inputs.values(), *spec.outputs.values())
    if spec.states or spec.qualities or not block.reads:
        return False
    return all(port.types == (bool,) for port in ports)
