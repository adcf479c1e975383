"""The order of blocks: after what they read; in loops, by the document."""

from __future__ import annotations

import random

import pytest

from petra.scan.order import order_blocks


def position(result) -> dict[int, int]:
    return {block: at for at, block in enumerate(result.blocks)}


def test_a_block_runs_after_what_it_reads_whatever_the_document_says():
    result = order_blocks([[2], [0], []], ["A", "B", "C"])
    assert result.blocks == (2, 0, 1)
    assert result.feedback == frozenset()


def test_blocks_of_a_level_are_in_the_order_of_their_types_and_then_of_the_document():
    assert order_blocks([[], [], [], []], ["B", "A", "B", "A"]).blocks == (1, 3, 0, 2)


@pytest.mark.parametrize(
    ("reads", "feedback"),
    [
        ([[0]], {(0, 0)}),  # a block that reads itself
        ([[1], [0]], {(1, 0)}),  # the first reads the past of the second
        ([[2], [0], [1]], {(2, 0)}),
        ([[1], [2], [0]], {(1, 0), (2, 1)}),
    ],
)
def test_in_a_loop_whoever_stands_below_is_read_from_the_last_scan(reads, feedback):
    result = order_blocks(reads, ["T"] * len(reads))
    assert result.feedback == feedback
    at = position(result)
    for writer, reader in feedback:
        assert at[reader] <= at[writer], "the reader of the past runs before it is overwritten"


def test_random_networks_keep_every_promise():
    """Against reachability computed plainly: who is in a loop with whom, who comes before whom."""
    for seed in range(300):
        chance = random.Random(seed)
        count = chance.randint(1, 12)
        reads = [[chance.randrange(count) for _ in range(chance.randint(0, 3))] for _ in range(count)]
        result = order_blocks(reads, [chance.choice("ABC") for _ in range(count)])
        assert sorted(result.blocks) == list(range(count))
        at = position(result)
        reach = [{i} for i in range(count)]
        for _ in range(count):
            for i in range(count):
                for j in reads[i]:
                    reach[i] |= reach[j]
        for reader in range(count):
            for writer in reads[reader]:
                loop = writer in reach[reader] and reader in reach[writer]
                past = writer == reader or (loop and writer > reader)
                assert ((writer, reader) in result.feedback) is past
                assert (at[reader] <= at[writer]) if past else (at[writer] < at[reader])


def test_a_chain_of_a_hundred_thousand_blocks_is_no_recursion():
    count = 100_000
    result = order_blocks([[i + 1] for i in range(count - 1)] + [[]], ["T"] * count)
    assert result.blocks == tuple(reversed(range(count)))
    ring = order_blocks([[(i + 1) % count] for i in range(count)], ["T"] * count)
    assert len(ring.feedback) == count - 1
