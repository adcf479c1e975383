"""The order in which blocks run, and which of their inputs read the scan before.

A block runs after the blocks whose outputs it reads. Where blocks form a loop, the document decides: within
the loop a block reads this scan's value of the blocks above it, and the last scan's of itself and of those
below it. Two documents with the same blocks in the same order therefore always run alike.
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


def order(reads: Sequence[Sequence[int]], types: Sequence[str]) -> Order:
    """Order blocks, given which blocks each one reads from."""
    loop = _loops(reads)
    feedback = set()
    after: list[set[int]] = [set() for _ in reads]
    for reader, writers in enumerate(reads):
        for writer in writers:
            if loop[writer] == loop[reader] and writer >= reader:
                feedback.add((writer, reader))
                if writer != reader:
                    after[writer].add(reader)  # it must not overwrite what the reader has yet to read
            else:
                after[reader].add(writer)
    levels = _levels(after)
    blocks = sorted(range(len(reads)), key=lambda block: (levels[block], types[block], block))
    return Order(tuple(blocks), tuple(levels), frozenset(feedback))


def _levels(after: Sequence[set[int]]) -> list[int]:
    """Return how many steps of others come before each block; the constraints have no cycle."""
    readers: list[list[int]] = [[] for _ in after]
    for reader, writers in enumerate(after):
        for writer in writers:
            readers[writer].append(reader)
    missing = [len(writers) for writers in after]
    levels = [0] * len(after)
    ready = [block for block, count in enumerate(missing) if not count]
    while ready:
        block = ready.pop()
        for reader in readers[block]:
            levels[reader] = max(levels[reader], levels[block] + 1)
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    return levels


def _loops(reads: Sequence[Sequence[int]]) -> list[int]:
    """Give blocks that reach each other the same number (Tarjan, without recursion)."""
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
