"""A second implementation of the scan, slow and plain: what the words of the design say, and nothing shared.

It orders nothing. Whatever is asked for is computed when it is asked for; a value from a loop's block further
down in the document (or from the block itself) is the one latched when the scan began.
"""

from __future__ import annotations

import math
from typing import Any

from petra.scan import Constant, Wired
from petra.signals import GOOD, INT_MAX, INT_MIN, Quality, Status

Stamped = tuple[Any, Status]


class Reference:
    def __init__(self, blocks: list[Wired], kinds: list[dict[str, type]], types: dict[str, type]) -> None:
        self.blocks = blocks
        self.kinds = kinds
        self.types = types
        self.instances = [block.cls(**block.params) for block in blocks]
        self.own: dict[tuple[int, str], Any] = {
            (i, name): kinds[i][name]() for i, b in enumerate(blocks) for name in b.cls.spec.outputs
        }
        self.writer = {signal: i for i, b in enumerate(blocks) for signal in b.targets.values()}
        direct = [{self.writer[s] for s in block.reads if s in self.writer} for block in blocks]
        self.reaches = [self._closure(i, direct) for i in range(len(blocks))]
        self.faults: dict[str, Status] = {}

    @staticmethod
    def _closure(start: int, direct: list[set[int]]) -> set[int]:
        found: set[int] = set()
        waiting = list(direct[start])
        while waiting:
            block = waiting.pop()
            if block not in found:
                found.add(block)
                waiting += direct[block]
        return found

    def scan(self, signals: dict[str, Stamped], forced: set[str], dt: float) -> dict[str, Stamped]:
        """Return the signals after one scan."""
        latched = dict(signals)
        done: dict[int, dict[str, Stamped]] = {}
        self.faults = {}

        def read(reader: int, name: str) -> Stamped:
            writer = self.writer.get(name)
            if writer is None or name in forced:
                return latched[name]
            loop = reader in self.reaches[writer] and writer in self.reaches[reader]
            if writer == reader or (loop and writer > reader):
                return latched[name]
            return run(writer)[name]

        def run(i: int) -> dict[str, Stamped]:
            if i not in done:
                done[i] = self._step(i, read, latched, forced, dt)
            return done[i]

        after = dict(latched)
        for i in range(len(self.blocks)):
            after.update((name, stamped) for name, stamped in run(i).items() if name not in forced)
        return after

    def _step(
        self, i: int, read: Any, latched: dict[str, Stamped], forced: set[str], dt: float
    ) -> dict[str, Stamped]:
        block, instance, spec = self.blocks[i], self.instances[i], self.blocks[i].cls.spec
        seen: dict[str, list[Stamped]] = {}
        for name, port in spec.inputs.items():
            seen[name] = []
            for source in block.sources[name]:
                value, status = (source.value, GOOD) if isinstance(source, Constant) else read(i, source)
                value = float(value) if type(value) not in port.types else value
                seen[name].append((value, status))
            values = tuple(value for value, _ in seen[name])
            setattr(instance, name, values if port.many else values[0])
        for name, quality in spec.qualities.items():
            asked = tuple(status.quality for _, status in seen[quality.port])
            setattr(instance, name, asked if spec.inputs[quality.port].many else asked[0])
        for name in spec.outputs:
            target = block.targets.get(name)
            setattr(instance, name, self.own[i, name] if target is None else latched[target][0])
        before = {name: getattr(instance, name) for name in spec.states}
        try:
            instance.step(dt)
            outputs = {name: convert(getattr(instance, name), self.kinds[i][name]) for name in spec.outputs}
            states = {
                name: convert(getattr(instance, name), state.type) for name, state in spec.states.items()
            }
        except Exception as error:  # noqa: BLE001 - whatever a block raises is its fault
            for name, value in before.items():
                setattr(instance, name, value)
            said = f"block {block.name}: {type(error).__name__}" + (f": {error}" if str(error) else "")
            status = Status(Quality.BAD, said[:200])
            self.faults[block.name] = status
            return {target: (latched[target][0], status) for target in block.targets.values()}
        for name, value in states.items():
            setattr(instance, name, value)
        inherited = GOOD
        asked_for = {quality.port for quality in spec.qualities.values()}
        for name in spec.inputs:
            for _, status in seen[name]:
                if name not in asked_for and status.quality > inherited.quality:
                    inherited = status
        for name, value in outputs.items():
            self.own[i, name] = value
        return {target: (outputs[name], inherited) for name, target in block.targets.items()}


def convert(value: Any, kind: type) -> Any:
    if kind is bool:
        if not isinstance(value, bool | int | float):
            raise TypeError("a value of type str is neither true nor false")
        return bool(value)
    if kind is float:
        return float(value)
    if kind is int:
        if isinstance(value, float) and math.isnan(value):
            raise ValueError("NaN is no whole number")
        if isinstance(value, float) and math.isinf(value):
            return INT_MAX if value > 0 else INT_MIN
        number = round(value) if isinstance(value, float) else int(value)
        return max(INT_MIN, min(INT_MAX, number))
    if kind is str and not isinstance(value, str):
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return value
