"""The quality of what a program computes: a least fixed point that starts from good.

An output is as bad as the worst that reaches it in this scan: signals from outside that are not good, and
blocks that fault. Quality is computed from good each time, through loops too, so a loop is good again in the
same scan as its sources. Blocks that reach each other form a ring; rings are settled in order, writers before
readers. Only rings that something not good can reach are computed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from attrs import define

from petra.blocks import Block
from petra.scan.judge import Judge
from petra.scan.order import number_loops
from petra.signals import GOOD, QualityReason, Store, Value

if TYPE_CHECKING:
    from petra.scan.compiler import Unit


@define(eq=False)
class Flow:
    """How one block turns the quality of its inputs into that of its outputs."""

    name: str
    inputs: tuple[int, ...]
    """The slots whose quality its outputs depend on."""
    outputs: tuple[int, ...]
    judge: Judge | None = None
    own: bool = True
    """Whether this task runs the block; the flows also hold other tasks' blocks that share a loop with it."""

    def statuses(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, QualityReason]
    ) -> Iterable[QualityReason]:
        """Return the status of each output."""
        if self.judge is not None:
            return self.judge.statuses(values, seen, flawed)
        found = GOOD
        for slot in self.inputs:
            if slot in flawed and flawed[slot].quality > found.quality:
                found = flawed[slot]
        return repeat(found)


def make_flow(unit: Unit, past: frozenset[int] = frozenset(), *, own: bool = True) -> Flow:
    """Return the flow of a block; `past` holds the slots that it reads from the previous scan."""
    outputs = tuple(slot for slot in unit.outputs.values() if slot is not None)
    if unit.wired.cls.known is Block.known:
        return Flow(unit.wired.name, unit.passes_quality, outputs, own=own)
    judge = Judge(unit, past)
    return Flow(unit.wired.name, judge.slots, outputs, judge, own)


@define(eq=False)
class Ring:
    """Blocks that reach each other, or a single block."""

    number: int
    flows: tuple[Flow, ...]
    part: int
    """The part of the program after which all of these blocks have run."""
    readers: Mapping[int, Sequence[Flow]]
    """The blocks of the ring that read each of its outputs; empty for a block that does not read itself."""

    @property
    def outputs(self) -> list[int]:
        """The slots of the outputs of all its blocks."""
        return [slot for each in self.flows for slot in each.outputs]


class Flows:
    """The quality of all outputs of one task. The scan thread owns it."""

    def __init__(
        self,
        flows: Sequence[Flow],
        parts: Sequence[int],
        past: Iterable[int],
        faulted: dict[str, QualityReason],
    ) -> None:
        """Take the flows in document order, the part of each, and the slots read from the previous scan.

        `faulted` holds the blocks of all tasks that faulted in their last scan; the tasks share it.
        """
        self._faulted = faulted
        self._rings = _make_rings(flows, parts)
        self._readers: dict[int, list[Ring]] = {}
        self._writer: dict[int, Ring] = {}
        self._of_block: dict[str, Ring] = {}
        for ring in self._rings:
            for each in ring.flows:
                self._of_block[each.name] = ring
                for slot in each.inputs:
                    self._readers.setdefault(slot, []).append(ring)
                if each.own:
                    self._writer.update(dict.fromkeys(each.outputs, ring))
        self._past = tuple(sorted(past))
        self._pick = itemgetter(*self._past) if self._past else None
        self._picked: Any = ()
        self._parts = max((ring.part for ring in self._rings), default=0) + 1
        self._work: list[list[Ring]] = []
        self._watched: list[itemgetter[Any] | None] = []
        """For each part, the getter of the values that its judges depend on."""
        self._last: list[Any] = [None] * self._parts
        self._fresh = False
        self._settled = -1

    @property
    def remembers(self) -> bool:
        """Whether a judge depends on a value that its step reads from the previous scan."""
        return self._pick is not None

    def begin(self, values: Sequence[Value]) -> None:
        """Save the values that the steps of this scan read from the previous one."""
        if self._pick is not None:
            self._picked = self._pick(values)

    def invalidate(self) -> None:
        """Settle all rings in the next scan: other blocks fault, or other signals are forced, than before."""
        self._settled = -1

    def settle(self, part: int, store: Store) -> None:
        """Settle the rings whose last block is in this part."""
        if self._settled != store.flaws:
            self._find_work(store)
        moved = self._values_changed(part, store.values)
        if not (self._fresh or moved):
            return
        seen = self._past_values()
        changed = [self._settle_ring(ring, store, seen) for ring in self._work[part]]
        if any(changed):
            self._fresh = True  # the parts that follow read what has just changed
            store.flaws += 1
            self._settled = store.flaws

    def end(self) -> None:
        """End the scan: the next one settles a part only if a watched value or a flaw has changed."""
        self._fresh = False

    def _values_changed(self, part: int, values: Sequence[Value]) -> bool:
        """Return whether a value has changed that a judge of this part depends on."""
        pick = self._watched[part]
        if pick is None:
            return False
        now = pick(values), self._picked
        moved: bool = now != self._last[part]
        self._last[part] = now
        return moved

    def _past_values(self) -> Mapping[int, Value]:
        if len(self._past) == 1:  # an itemgetter of one key returns the value itself, not a tuple
            return {self._past[0]: self._picked}
        return dict(zip(self._past, self._picked, strict=True))

    def _find_work(self, store: Store) -> None:
        """Find the rings that something not good reaches, and those that it has reached until now."""
        self._settled, self._fresh = store.flaws, True
        sources = [slot for slot in store.flawed if slot not in self._writer]
        waiting = [ring for slot in sources for ring in self._readers.get(slot, ())]
        waiting += [self._of_block[name] for name in self._faulted if name in self._of_block]
        reached: dict[int, Ring] = {}
        while waiting:
            ring = waiting.pop()
            if ring.number not in reached:
                reached[ring.number] = ring
                waiting += [
                    each
                    for flow in ring.flows
                    if flow.own
                    for slot in flow.outputs
                    for each in self._readers.get(slot, ())
                ]
        for slot in store.flawed:
            if slot in self._writer:
                reached[self._writer[slot].number] = self._writer[slot]
        self._work = [[] for _ in range(self._parts)]
        for number in sorted(reached):
            self._work[reached[number].part].append(reached[number])
        self._watched = [_value_getter(work) for work in self._work]

    def _settle_ring(self, ring: Ring, store: Store, seen: Mapping[int, Value]) -> bool:
        """Settle one ring; return whether the status of any output has changed."""
        flawed, forced = store.flawed, store.forced
        slots = [slot for slot in ring.outputs if slot not in forced]
        # Start from good and only ever worsen: a slot worsens at most twice (uncertain, bad), so this ends. A
        # loop of blocks cannot keep itself bad after its sources are good again.
        before = {slot: flawed.pop(slot) for slot in slots if slot in flawed}
        waiting = deque(ring.flows)
        queued = set(ring.flows)
        while waiting:
            each = waiting.popleft()
            queued.discard(each)
            fault = self._faulted.get(each.name)
            statuses = each.statuses(store.values, seen, flawed) if fault is None else repeat(fault)
            for slot, status in zip(each.outputs, statuses, strict=False):
                if slot not in forced and status.quality > flawed.get(slot, GOOD).quality:
                    flawed[slot] = status
                    woken = [reader for reader in ring.readers.get(slot, ()) if reader not in queued]
                    waiting += woken
                    queued.update(woken)
        _restore_outputs(ring, before, flawed, forced)
        return any(flawed.get(slot) != before.get(slot) for slot in slots)


def _value_getter(rings: Sequence[Ring]) -> itemgetter[Any] | None:
    judges = (each.judge for ring in rings for each in ring.flows if each.judge is not None)
    slots = dict.fromkeys(slot for judge in judges for slot in judge.slots)
    return itemgetter(*slots) if slots else None


def _restore_outputs(
    ring: Ring, before: Mapping[int, QualityReason], flawed: dict[int, QualityReason], forced: Collection[int]
) -> None:
    """Restore the outputs of other tasks' blocks: the scan of their own task settles them."""
    for each in ring.flows:
        for slot in () if each.own else each.outputs:
            if slot in before:
                flawed[slot] = before[slot]
            elif slot not in forced:
                flawed.pop(slot, None)


def _make_rings(flows: Sequence[Flow], parts: Sequence[int]) -> list[Ring]:
    """Return the rings, writers first; a ring belongs to the last part that holds one of its blocks."""
    writer = {slot: i for i, each in enumerate(flows) for slot in each.outputs}
    numbers = number_loops([[writer[slot] for slot in each.inputs if slot in writer] for each in flows])
    members: dict[int, list[int]] = {}
    for i, number in enumerate(numbers):
        members.setdefault(number, []).append(i)
    rings: list[Ring] = []
    for number in sorted(members):
        within = tuple(flows[i] for i in members[number])
        written = {slot for each in within for slot in each.outputs}
        readers: dict[int, list[Flow]] = {}
        for each in within:
            for slot in written.intersection(each.inputs):
                readers.setdefault(slot, []).append(each)
        rings.append(Ring(len(rings), within, max(parts[i] for i in members[number]), readers))
    return rings
