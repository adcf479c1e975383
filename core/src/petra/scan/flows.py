"""How quality passes through a program: a least fixed point from good, and what can be known.

An output is as bad as what reaches it now from outside: signals that are not good, and blocks that fault. It
is computed from good every time, through loops too, so that a loop is good again in the same scan as its
sources. Blocks are looked at in rings, those that reach each other together, and writers before readers. Only
what is within reach of something that is not good is looked at at all.
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
from petra.scan.order import loops
from petra.signals import GOOD, Status, Store, Value

if TYPE_CHECKING:
    from petra.scan.compiler import Unit


@define(eq=False)
class Flow:
    """How quality passes through one block."""

    name: str
    inputs: tuple[int, ...]
    """The slots whose quality matters to its outputs."""
    outputs: tuple[int, ...]
    judge: Judge | None = None
    own: bool = True
    """Whether this task runs it: of others' blocks, those in a loop with its own are looked at as well."""

    def statuses(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, Status]
    ) -> Iterable[Status]:
        """Return how good each output is."""
        if self.judge is not None:
            return self.judge.statuses(values, seen, flawed)
        found = GOOD
        for slot in self.inputs:
            if slot in flawed and flawed[slot].quality > found.quality:
                found = flawed[slot]
        return repeat(found)


def flow(unit: Unit, past: frozenset[int] = frozenset(), *, own: bool = True) -> Flow:
    """Return how quality passes through a block; what it reads of the last scan is in `past`."""
    outputs = tuple(slot for slot in unit.outputs.values() if slot is not None)
    if unit.wired.cls.known is Block.known:
        return Flow(unit.wired.name, unit.passes_quality, outputs, own=own)
    judge = Judge(unit, past)
    return Flow(unit.wired.name, judge.slots, outputs, judge, own)


@define(eq=False)
class Ring:
    """Blocks that reach each other, or a single one."""

    number: int
    flows: tuple[Flow, ...]
    part: int
    """The part of the program at whose end all of them have run."""
    readers: Mapping[int, Sequence[Flow]]
    """Who of them reads each of their outputs; nobody in a ring of one that does not read itself."""

    @property
    def outputs(self) -> list[int]:
        """The slots of all their outputs."""
        return [slot for each in self.flows for slot in each.outputs]


class Flows:
    """The quality of all that one task computes. It belongs to the thread that scans."""

    def __init__(
        self, flows: Sequence[Flow], parts: Sequence[int], past: Iterable[int], faulted: dict[str, Status]
    ) -> None:
        """Take flows in the order of the document, the part of each, and the slots that are read of the past.

        `faulted` holds the blocks of all tasks that faulted in their last scan; all tasks share it.
        """
        self._faulted = faulted
        self._rings = _rings(flows, parts)
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
        """What picks the values out of the bus that the judges of each part look at."""
        self._last: list[Any] = [None] * self._parts
        self._fresh = False
        self._settled = -1

    @property
    def remembers(self) -> bool:
        """Whether steps read anything of the last scan that a block is asked about."""
        return self._pick is not None

    def begin(self, values: Sequence[Value]) -> None:
        """Remember what this scan's steps read of the last one."""
        if self._pick is not None:
            self._picked = self._pick(values)

    def look_again(self) -> None:
        """Take note that other blocks fault than before, or that other signals are held."""
        self._settled = -1

    def settle(self, part: int, store: Store) -> None:
        """Carry quality through the rings that are complete with this part."""
        if self._settled != store.flaws:
            self._find_work(store)
        moved = self._moved(part, store.values)
        if not (self._fresh or moved):
            return
        seen = self._seen()
        changed = [self._settle(ring, store, seen) for ring in self._work[part]]
        if any(changed):
            self._fresh = True  # what follows reads what has just changed
            store.flaws += 1
            self._settled = store.flaws

    def end(self) -> None:
        """Take note that the scan is over: without news, only what depends on values is looked at again."""
        self._fresh = False

    def _moved(self, part: int, values: Sequence[Value]) -> bool:
        """Return whether a value has changed that a block is asked about."""
        pick = self._watched[part]
        if pick is None:
            return False
        now = pick(values), self._picked
        moved: bool = now != self._last[part]
        self._last[part] = now
        return moved

    def _seen(self) -> Mapping[int, Value]:
        if len(self._past) == 1:
            return {self._past[0]: self._picked}
        return dict(zip(self._past, self._picked, strict=True))

    def _find_work(self, store: Store) -> None:
        """Find the rings within reach of what is not good, and those that were until now."""
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
        self._watched = [_watch(work) for work in self._work]

    def _settle(self, ring: Ring, store: Store, seen: Mapping[int, Value]) -> bool:
        """Settle one ring; return whether anything is of another quality now."""
        flawed, forced = store.flawed, store.forced
        slots = [slot for slot in ring.outputs if slot not in forced]
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
        _give_back(ring, before, flawed, forced)
        return any(flawed.get(slot) != before.get(slot) for slot in slots)


def _watch(rings: Sequence[Ring]) -> itemgetter[Any] | None:
    judges = (each.judge for ring in rings for each in ring.flows if each.judge is not None)
    slots = dict.fromkeys(slot for judge in judges for slot in judge.slots)
    return itemgetter(*slots) if slots else None


def _give_back(
    ring: Ring, before: Mapping[int, Status], flawed: dict[int, Status], forced: Collection[int]
) -> None:
    """Leave the outputs of other tasks' blocks as they were: their own scan says what they are."""
    for each in ring.flows:
        for slot in () if each.own else each.outputs:
            if slot in before:
                flawed[slot] = before[slot]
            elif slot not in forced:
                flawed.pop(slot, None)


def _rings(flows: Sequence[Flow], parts: Sequence[int]) -> list[Ring]:
    """Return the rings, writers first; a ring is complete with the last part that any of its blocks is in."""
    writer = {slot: i for i, each in enumerate(flows) for slot in each.outputs}
    numbers = loops([[writer[slot] for slot in each.inputs if slot in writer] for each in flows])
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
