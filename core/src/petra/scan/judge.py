"""Output quality of blocks with a method `known`, where it can be better than the worst input."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from petra.blocks import Block, Qualities
from petra.errors import DeclarationError
from petra.scan.network import Constant
from petra.signals import GOOD, Quality, QualityReason, ReasonCode, Value

if TYPE_CHECKING:
    from petra.scan.compiler import Unit

log = logging.getLogger("petra.engine")


@frozen
class _Source:
    """What one input reads: a constant, or a slot (`past`: overwritten after the step has read it)."""

    slot: int | None
    past: bool
    constant: Value | None


class Judge:
    """Calls `known` of one block, on a separate instance with the input values that the step has read.

    `known` is called only when a value or a status has changed, and never while all inputs are good. If
    `known` breaks its rules (it reads a state, or names an output that does not exist), the outputs are bad
    and the reason names the fault.
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
        self._statuses: tuple[QualityReason, ...] = self._good
        self._failed = False

    def statuses(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, QualityReason]
    ) -> tuple[QualityReason, ...]:
        """Return the status of each output; where `known` fails, the status of the worst input."""
        found = tuple(map(flawed.get, self.slots))
        if not any(found):  # a slot that is not good is in `flawed`, so all inputs are good
            return self._good
        read = [values[s] for s in self.slots], [seen[s] for s in self._past]
        now = (self._unit.wired, found, *read)
        # Values are compared too: an AND with a bad input is good only while another input is false. A NaN
        # makes the lists equal only if it is the same object, so at worst `known` is called once more.
        if now != self._last:
            self._last, self._statuses = now, self._call_known(values, seen, flawed)
        return self._statuses

    def _call_known(
        self, values: Sequence[Value], seen: Mapping[int, Value], flawed: Mapping[int, QualityReason]
    ) -> tuple[QualityReason, ...]:
        found: list[QualityReason] = []
        of: dict[str, Quality | tuple[Quality, ...]] = {}
        worst = Quality.GOOD
        block = self._instance()
        for name, many, sources in self._ports:
            statuses = [GOOD if s.slot is None else flawed.get(s.slot, GOOD) for s in sources]
            read = tuple(_read_value(source, values, seen) for source in sources)
            setattr(block, name, read if many else read[0])
            of[name] = tuple(s.quality for s in statuses) if many else statuses[0].quality
            found += statuses
            if name not in self._asked:
                worst = max([worst, *(s.quality for s in statuses)])
        try:
            answer = self._answer(block, Qualities(of, worst))
        except DeclarationError as error:
            return (
                QualityReason(Quality.BAD, f"block {self._unit.wired.name}: {error}", ReasonCode.BLOCK_FAULT),
            ) * len(self._outputs)
        return tuple(_with_reason(answer.get(name, worst), found) for name in self._outputs)

    def _answer(self, block: Block, qualities: Qualities) -> dict[str, Quality]:
        try:
            known = block.known(qualities)
            each = known if isinstance(known, Mapping) else dict.fromkeys(self._outputs, known)
            _check_answer(each, self._unit.wired.cls.spec.outputs)
            return {name: Quality(quality) for name, quality in each.items()}
        except DeclarationError as error:
            self._log_once("its outputs are bad", error)
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's: without an answer, the worst input counts
            self._log_once("its outputs are as bad as its inputs", error)
            return {}

    def _log_once(self, consequence: str, error: BaseException) -> None:
        if not self._failed:
            log.error("block %s: `known` fails; %s", self._unit.wired.name, consequence, exc_info=error)
        self._failed = True

    def _instance(self) -> Block:
        wired = self._unit.wired
        if self._block is None or self._shown is not wired:  # tuned since: `known` must see the new parameter
            self._shown, self._block = wired, _without_memory(wired.cls(**wired.params))
        return self._block


def _without_memory(block: Block) -> Block:
    """Return an instance on which only inputs and parameters can be read.

    Its states, outputs and qualities never take part in a scan, so their values would mislead `known`.
    """
    spec = block.spec
    hidden = {
        **{name: _Hidden("state", name) for name in spec.states},
        **{name: _Hidden("output", name) for name in spec.outputs},
        **{name: _Hidden("quality", name) for name in spec.qualities},
    }
    with suppress(Exception):  # a plugin's class may forbid subclassing: then nothing is hidden
        block.__class__ = type(type(block).__name__, (type(block),), hidden)
    return block


class _Hidden:
    """A member that `known` must not read: it runs after `step`, on a separate instance."""

    def __init__(self, kind: str, name: str) -> None:
        self._message = f"`known` reads the {kind} {name!r}: it may read inputs and parameters only"

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is not None:
            raise DeclarationError(self._message)
        return self

    def __set__(self, instance: object, value: object) -> None:
        raise DeclarationError(self._message.replace("reads", "changes"))


def _check_answer(each: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    for name, quality in each.items():
        if name not in outputs:
            known = ", ".join(outputs)
            raise DeclarationError(
                f"`known` names {name!r}, which is not an output (the outputs are {known})"
            )
        if isinstance(quality, bool) or quality not in tuple(Quality):
            raise DeclarationError(f"`known` returns {quality!r} for {name!r}, which is not a Quality")


def _read_value(source: _Source, values: Sequence[Value], seen: Mapping[int, Value]) -> Any:
    if source.slot is None:
        return source.constant
    return seen[source.slot] if source.past else values[source.slot]


def _with_reason(quality: Quality, found: Sequence[QualityReason]) -> QualityReason:
    """Return a status with the reason of the first input of this quality, or else of the worst input."""
    if quality is Quality.GOOD:
        return GOOD
    for status in found:
        if status.quality is quality:
            return status
    worst = max(found, key=lambda status: status.quality, default=GOOD)
    return evolve(worst, quality=quality) if worst is not GOOD else QualityReason(quality)
