"""Asking a block how good its outputs are, where it knows better than the worst of its inputs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from petra.blocks import Block, Qualities
from petra.scan.network import Constant
from petra.signals import GOOD, Quality, Status, Value

if TYPE_CHECKING:
    from petra.scan.compiler import Unit

log = logging.getLogger("petra.engine")


@frozen
class _Source:
    """What one input reads: a slot, whether it is overwritten after the step has read it; or a constant."""

    slot: int | None
    past: bool
    constant: Value | None


class Judge:
    """Asks one block. It has an instance of its own, to which it shows what the step has seen.

    It asks again only when a value or a status has changed, and never while all inputs are good.
    """

    def __init__(self, unit: Unit, past: frozenset[int]) -> None:
        self._unit = unit
        self._shown: object = None
        self._block: Block | None = None
        self._asked = unit.wired.cls.spec.asked
        self._ports: list[tuple[str, bool, list[_Source]]] = []
        for name, port in unit.wired.cls.spec.inputs.items():
            sources = [
                _Source(slot, slot in past, wired.value if isinstance(wired, Constant) else None)
                for wired, slot in zip(unit.wired.sources[name], unit.inputs[name], strict=True)
            ]
            self._ports.append((name, port.many, sources))
        every = [s for _, _, sources in self._ports for s in sources if s.slot is not None]
        self.slots: tuple[int, ...] = tuple(s.slot for s in every if s.slot is not None)
        """The slots of all inputs."""
        self._past = tuple(s.slot for s in every if s.past and s.slot is not None)
        self._outputs = [name for name, slot in unit.outputs.items() if slot is not None]
        self._last: tuple[Any, ...] = ()
        self._good = (GOOD,) * len(self._outputs)
        self._statuses: tuple[Status, ...] = self._good
        self._failed = False

    def statuses(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, Status]
    ) -> tuple[Status, ...]:
        """Return how good each output is: as bad as the worst input where the block fails at saying it."""
        found = tuple(map(flawed.get, self.slots))
        if not any(found):
            return self._good
        read = [values[s] for s in self.slots], [seen[s] for s in self._past]
        now = (self._unit.wired, found, *read)
        if now != self._last:
            self._last, self._statuses = now, self._ask(values, seen, flawed)
        return self._statuses

    def _ask(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, Status]
    ) -> tuple[Status, ...]:
        found: list[Status] = []
        of: dict[str, Quality | tuple[Quality, ...]] = {}
        worst = Quality.GOOD
        block = self._instance()
        for name, many, sources in self._ports:
            statuses = [GOOD if s.slot is None else flawed.get(s.slot, GOOD) for s in sources]
            read = tuple(_read(source, values, seen) for source in sources)
            setattr(block, name, read if many else read[0])
            of[name] = tuple(s.quality for s in statuses) if many else statuses[0].quality
            found += statuses
            if name not in self._asked:
                worst = max([worst, *(s.quality for s in statuses)])
        said = self._said(block, Qualities(of, worst))
        return tuple(_with_reason(said.get(name, worst), found) for name in self._outputs)

    def _said(self, block: Block, qualities: Qualities) -> dict[str, Quality]:
        try:
            known = block.known(qualities)
            each = known if isinstance(known, Mapping) else dict.fromkeys(self._outputs, known)
            return {name: Quality(quality) for name, quality in each.items()}
        except BaseException:  # a stranger's method: what it does not say is not known
            if not self._failed:
                name = self._unit.wired.name
                log.exception("block %s: `known` fails; its outputs are as bad as its inputs", name)
            self._failed = True
            return {}

    def _instance(self) -> Block:
        wired = self._unit.wired
        if self._block is None or self._shown is not wired:  # a tuned parameter makes it another one
            self._shown, self._block = wired, wired.cls(**wired.params)
        return self._block


def _read(source: _Source, values: Sequence[Value], seen: Mapping[int, Value]) -> Any:
    if source.slot is None:
        return source.constant
    return seen[source.slot] if source.past else values[source.slot]


def _with_reason(quality: Quality, found: Sequence[Status]) -> Status:
    """Return a status with the reason of the first input that is as bad, or else of the worst one."""
    if quality is Quality.GOOD:
        return GOOD
    for status in found:
        if status.quality is quality:
            return status
    return Status(quality, max(found, key=lambda status: status.quality, default=GOOD).reason)
