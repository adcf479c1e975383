"""The order in which blocks run, and which of their inputs read the previous scan.

A block runs after the blocks whose outputs it reads. Where blocks form a loop, the document decides: within
the loop, a block reads the values of this scan from the blocks above it, and the values of the previous scan
from itself and from the blocks below it. So two documents with the same blocks in the same order always give
the same results. A block that only reads from a loop runs after the whole loop: the quality of the loop's
outputs is settled by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen


@frozen
class BlockOrder:
    """The order of the blocks, which are numbered as in the document."""

    blocks: tuple[int, ...]
    levels: tuple[int, ...]
    feedback: frozenset[tuple[int, int]]
    """(writer, reader) pairs where the reader reads what the writer computed in the previous scan."""
    loops: tuple[int, ...]
    """The number of each block's loop; a block in no loop has its own. Writers have lower numbers."""


def order_blocks(reads: Sequence[Sequence[int]], types: Sequence[str]) -> BlockOrder:
    """Order blocks, given the numbers of the blocks that each block reads from."""
    loop = number_loops(reads)
    feedback = set()
    after: list[set[int]] = [set() for _ in reads]  # blocks of the same loop that run before it
    beyond: list[set[int]] = [set() for _ in reads]  # other loops that run before it, whole
    for reader, writers in enumerate(reads):
        for writer in writers:
            if loop[writer] != loop[reader]:
                beyond[reader].add(loop[writer])
            elif writer >= reader:
                feedback.add((writer, reader))
                if writer != reader:
                    after[writer].add(
                        reader
                    )  # the writer must not overwrite a value that the reader has yet to read
            else:
                after[reader].add(writer)
    levels = _block_levels(loop, after, beyond)
    # The position in the document breaks every tie, so that the order is the same on every computer.
    blocks = sorted(range(len(reads)), key=lambda block: (levels[block], types[block], block))
    return BlockOrder(tuple(blocks), tuple(levels), frozenset(feedback), tuple(loop))


def _block_levels(loop: Sequence[int], after: Sequence[set[int]], beyond: Sequence[set[int]]) -> list[int]:
    """Return the level of each block: above the loops that it reads, then above blocks of its own loop."""
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
    """Put the blocks of one loop above those that they run after.

    This relation has no cycle: within a loop it follows the order of the document (Kahn's algorithm).
    """
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


def number_loops(reads: Sequence[Sequence[int]]) -> list[int]:
    """Give blocks that reach each other the same number, and their writers a lower one.

    This is Tarjan's algorithm for strongly connected components, which yields the writers first. It keeps a
    stack of its own, because a chain of 1,000 blocks would exceed Python's recursion limit.
    """
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
                    found = _close_loop(stack, loop, block, found)
            elif index[following] < 0:
                index[following] = low[following] = clock
                clock += 1
                stack.append(following)
                work.append((following, iter(reads[following])))
            elif loop[following] < 0:
                low[block] = min(low[block], index[following])
    return loop


def _close_loop(stack: list[int], loop: list[int], root: int, number: int) -> int:
    while True:
        block = stack.pop()
        loop[block] = number
        if block == root:
            return number + 1
