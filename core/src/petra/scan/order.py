"""The order in which blocks run, and which of their inputs read the scan before.

A block runs after the blocks whose outputs it reads. Where blocks form a loop, the document decides: within
the loop a block reads this scan's value of the blocks above it, and the last scan's of itself and of those
below it. Two documents with the same blocks in the same order therefore always run alike. What only reads
from a loop runs after the whole of it, so that the quality of what it reads is settled by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen


@frozen
class Order:
    """Blocks by their place in the document: in the order they run, by level, and who reads the past."""

    blocks: tuple[int, ...]
    levels: tuple[int, ...]
    feedback: frozenset[tuple[int, int]]
    """(writer, reader) pairs where the reader sees what the writer computed in the last scan."""
    loops: tuple[int, ...]
    """The number of each block's loop, one of its own if it is in none. What it reads has lower ones."""


def order(reads: Sequence[Sequence[int]], types: Sequence[str]) -> Order:
    """Order blocks, given which blocks each one reads from."""
    loop = loops(reads)
    feedback = set()
    after: list[set[int]] = [set() for _ in reads]  # within a loop
    beyond: list[set[int]] = [set() for _ in reads]  # the loops before it
    for reader, writers in enumerate(reads):
        for writer in writers:
            if loop[writer] != loop[reader]:
                beyond[reader].add(loop[writer])
            elif writer >= reader:
                feedback.add((writer, reader))
                if writer != reader:
                    after[writer].add(reader)  # it must not overwrite what the reader has yet to read
            else:
                after[reader].add(writer)
    levels = _levels(loop, after, beyond)
    blocks = sorted(range(len(reads)), key=lambda block: (levels[block], types[block], block))
    return Order(tuple(blocks), tuple(levels), frozenset(feedback), tuple(loop))


def _levels(loop: Sequence[int], after: Sequence[set[int]], beyond: Sequence[set[int]]) -> list[int]:
    """Return how many steps of others come before each block: those of whole loops, then within its own."""
    members: list[list[int]] = [[] for _ in range(max(loop, default=-1) + 1)]
    for block, number in enumerate(loop):
        members[number].append(block)
    levels = [0] * len(loop)
    tops: list[int] = []
    for blocks in members:  # writers have lower numbers: their levels are known
        for block in blocks:
            levels[block] = max((tops[number] + 1 for number in beyond[block]), default=0)
        _raise_levels(levels, blocks, after)
        tops.append(max(levels[block] for block in blocks))
    return levels


def _raise_levels(levels: list[int], blocks: Sequence[int], after: Sequence[set[int]]) -> None:
    """Put the blocks of one loop above those that they run after; that has no cycle."""
    readers: dict[int, list[int]] = {block: [] for block in blocks}
    for reader in blocks:
        for writer in after[reader]:
            readers[writer].append(reader)
    missing = {block: len(after[block]) for block in blocks}
    ready = [block for block, count in missing.items() if not count]
    while ready:
        block = ready.pop()
        for reader in readers[block]:
            levels[reader] = max(levels[reader], levels[block] + 1)
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)


def loops(reads: Sequence[Sequence[int]]) -> list[int]:
    """Give blocks that reach each other the same number, writers a lower one (Tarjan, without recursion)."""
    count = len(reads)
    loop = [-1] * count
    index = [-1] * count
    low = [0] * count
    stack: list[int] = []
    found = 0
    clock = 0
    for root in range(count):
        if index[root] >= 0:
            continue
        index[root] = low[root] = clock
        clock += 1
        stack.append(root)
        work: list[tuple[int, Iterator[int]]] = [(root, iter(reads[root]))]
        while work:
            block, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[block])
                if low[block] == index[block]:
                    found = _close(stack, loop, block, found)
            elif index[following] < 0:
                index[following] = low[following] = clock
                clock += 1
                stack.append(following)
                work.append((following, iter(reads[following])))
            elif loop[following] < 0:
                low[block] = min(low[block], index[following])
    return loop


def _close(stack: list[int], loop: list[int], root: int, number: int) -> int:
    while True:
        block = stack.pop()
        loop[block] = number
        if block == root:
            return number + 1
