"""A second implementation of the scan, slow and plain: what the words of the design say, and nothing shared.

It orders nothing. Whatever is asked for is computed when it is asked for; a value from a loop's block further
down in the document (or from the block itself) is the one latched when the scan began.
"""

from __future__ import annotations

import ast
import functools
import itertools
import math
import re
from typing import Any

from attrs import evolve

from petra.errors import PetraError
from petra.library.expression import formula
from petra.scan import Constant, Wired
from petra.scan.network import Unwired
from petra.signals import GOOD, INT_MAX, INT_MIN, Quality, QualityReason, ReasonCode

Stamped = tuple[Any, QualityReason]

LOGIC = {
    "AND": all,
    "OR": any,
    "NAND": lambda values: not all(values),
    "NOR": lambda values: not any(values),
}


DOMINANT = {
    "SR_LATCH": [("set", True, {"q": ()})],
    "RS_LATCH": [("reset", True, {"q": ()})],
    "FLIP_FLOP": [("reset", True, {"q": ()})],
    "TON": [("input", False, {"q": (), "elapsed": ()})],
    "TOF": [("input", True, {"q": (), "elapsed": ()})],
    "TONR": [("reset", True, {"q": (), "elapsed": ()})],
    "CTU": [("reset", True, {"q": ("pv",), "count": ()})],
    "CTD": [("load", True, {"q": ("pv",), "count": ("pv",)})],
    "CTUD": [("reset", True, {"qu": ("pv",), "qd": (), "count": ()})],
    "LEAD_LAG_PUMPS": [("available1", False, {"pump1": ()}), ("available2", False, {"pump2": ()})],
    "PID": [("man", True, {"out": ("man_out",)})],
}
"""The inputs that decide outputs while they have this value, with which other inputs."""


BEGIN_LATE = ["STATISTICS", "MIN_MAX", "STDDEV", "TOTALIZER", "DEADBAND", "RAMP", "LAG", "LEADLAG", "PID"]
"""What remembers measurements begins with the first one."""


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
        self.faults: dict[str, QualityReason] = {}
        self.waiting = {i for i, each in enumerate(blocks) if each.cls.spec.type in BEGIN_LATE}
        """Blocks that have not had all that they need yet: what they remember is not moved by a scan."""

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
        done: dict[int, dict[str, Any]] = {}
        seen: dict[int, dict[str, list[Any]]] = {}
        self.faults = {}

        def loop(one: int, other: int) -> bool:
            return one == other or (one in self.reaches[other] and other in self.reaches[one])

        def read(reader: int, name: str) -> Any:
            writer = self.writer.get(name)
            if writer is None or name in forced or (loop(reader, writer) and writer >= reader):
                return latched[name][0]
            return run(writer)[name]

        def asked(reader: int, name: str) -> Quality:
            """This scan's quality, as a block asks for it; of what its own loop computes, the last scan's."""
            writer = self.writer.get(name)
            if writer is None or name in forced or loop(reader, writer):
                return latched[name][1].quality
            before = {writer, *self.reaches[writer]}
            for block in before:
                run(block)
            return self._qualities(before, latched, forced, seen)[name].quality

        def run(i: int) -> dict[str, Any]:
            if i not in done:
                done[i], seen[i] = self._step(i, read, asked, latched, dt)
            return done[i]

        after = dict(latched)
        memory = {i: self._memory(i) for i in self.waiting}
        for i in range(len(self.blocks)):
            run(i)
        found = self._qualities(set(range(len(self.blocks))), latched, forced, seen)
        for values in done.values():
            after.update((name, (value, found[name])) for name, value in values.items() if name not in forced)
        self._begin(memory, found)
        return after

    def _memory(self, i: int) -> dict[str, Any]:
        return {name: getattr(self.instances[i], name) for name in self.blocks[i].cls.spec.states}

    def _begin(self, memory: dict[int, dict[str, Any]], found: dict[str, QualityReason]) -> None:
        for i, remembered in memory.items():
            block = self.blocks[i]
            needed = [
                s
                for name, port in block.cls.spec.inputs.items()
                if port.required
                for s in block.sources[name]
            ]
            if any(not isinstance(s, Constant) and found[s].quality is Quality.BAD for s in needed):
                for name, value in remembered.items():
                    setattr(self.instances[i], name, value)
            else:
                self.waiting.discard(i)

    def _qualities(
        self, blocks: set[int], latched: dict[str, Stamped], forced: set[str], seen: dict[int, Any]
    ) -> dict[str, QualityReason]:
        """Return how good each signal is: as bad as what reaches it, and no worse."""
        found = {
            name: GOOD if self.writer.get(name) in blocks and name not in forced else status
            for name, (_, status) in latched.items()
        }
        worse = True
        while worse:
            worse = False
            for i in sorted(blocks):
                block = self.blocks[i]
                fault = self.faults.get(block.name)
                for port, name in block.targets.items():
                    status = fault or self._known(i, port, found, seen[i])
                    if name not in forced and status.quality > found[name].quality:
                        found[name], worse = status, True
        return found

    def _known(
        self, i: int, out: str, found: dict[str, QualityReason], seen: dict[str, list[Any]]
    ) -> QualityReason:
        block, spec = self.blocks[i], self.blocks[i].cls.spec
        of = {
            name: [GOOD if isinstance(source, Constant) else found[source] for source in block.sources[name]]
            for name in spec.inputs
        }
        everything = [status for statuses in of.values() for status in statuses]
        asked_for = {quality.port for quality in spec.qualities.values()}
        passed = [status for name, statuses in of.items() if name not in asked_for for status in statuses]
        worst = max((status.quality for status in passed), default=Quality.GOOD)
        quality = self._rule(
            f"{spec.type}.{out}", seen, {n: [s.quality for s in ss] for n, ss in of.items()}, worst, block
        )
        if quality is Quality.GOOD:
            return GOOD
        alike = [status for status in everything if status.quality is quality]
        return (alike or [evolve(max(everything, key=lambda status: status.quality), quality=quality)])[0]

    def _rule(
        self,
        kind: str,
        seen: dict[str, list[Any]],
        of: dict[str, list[Quality]],
        worst: Quality,
        block: Wired,
    ) -> Quality:
        kind, _, out = kind.partition(".")
        if kind in LOGIC:
            return known(LOGIC[kind], seen["inputs"], of["inputs"])
        if kind == "SELECT":
            chosen = dict(enumerate([*of["in0"], *of["in1"], *of["more"]])).get(int(seen["selector"][0]))
            return of["selector"][0] if chosen is None else max(of["selector"][0], chosen)
        if kind == "MUX":
            number = seen["selector"][0]
            return max(of["selector"][0], of["inputs"][number]) if 0 <= number < len(of["inputs"]) else worst
        if kind == "INTERLOCK":
            failed = [q for q, holds in zip(of["conditions"], seen["conditions"], strict=True) if not holds]
            idle = failed + (of["request"] if not seen["request"][0] else [])
            either = max(*of["reset"], *of["conditions"])
            alone = {"run": idle, "tripped": failed}.get(out)
            return min(alone) if alone else worst if out == "run" else either
        for port, value, outs in DOMINANT.get(kind, ()):
            if bool(seen[port][0]) is value and out in outs:
                return max(of[each][0] for each in (port, *outs[out]))
        if kind == "EXPR":
            return self._formula(block.params["expression"], seen, of)
        if kind == "FIRST_GOOD":
            return min(of["inputs"])
        if kind == "FALLBACK":
            own = of["input"][0]
            if own is Quality.GOOD or (own is Quality.UNCERTAIN and block.params["uncertain"]):
                return own
            return Quality(max([Quality.UNCERTAIN, *of["fallback"][:1]]))
        return worst

    @staticmethod
    def _formula(text: str, seen: dict[str, list[Any]], of: dict[str, list[Quality]]) -> Quality:
        """Walk the formula with a value and a quality for each part of it."""
        values = {name: seen[name][0] for name in seen}

        def look(node: ast.expr) -> Quality:
            if isinstance(node, ast.Name):
                return of[node.id][0] if node.id in of else Quality.GOOD
            if isinstance(node, ast.BoolOp):
                ends = isinstance(node.op, ast.Or)
                found = [(value(part), look(part)) for part in node.values]
                alone = [quality for each, quality in found if each is ends]
                kinds = tuple((name, type(each)) for name, each in values.items())
                if all(always_bool(ast.unparse(part), kinds) for part in node.values):
                    return min(alone) if alone else max(quality for _, quality in found)
                upto = []
                for each, quality in found:
                    upto.append(quality)
                    if each is not None and bool(each) is ends:
                        break
                return max(upto)
            if isinstance(node, ast.IfExp):
                test = value(node.test)
                if test is None:
                    raise ValueError("it cannot be chosen")
                return max(look(node.test), look(node.body if test else node.orelse))
            parts = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
            return max(map(look, parts), default=Quality.GOOD)

        def value(node: ast.expr) -> Any:
            try:
                return formula(ast.unparse(node)).compute(*(values[name] for name in "abcdefgh"))
            except (ArithmeticError, ValueError, PetraError):
                return None

        try:
            return look(ast.parse(text, mode="eval").body)
        except ValueError:
            return max((of[name][0] for name in of), default=Quality.GOOD)

    def _zero(self, i: int, port: Any) -> Any:
        """Return what an input that is not wired reads: the zero of the type that its result has."""
        outputs = self.blocks[i].cls.spec.outputs
        found = next((self.kinds[i][n] for n, out in outputs.items() if out.types == port.types), port.type)
        return found()

    def _as_float(self, i: int, port: Any) -> bool:
        """Return whether ints are floats here: all inputs are ints, and a quotient goes to a float."""
        block, spec = self.blocks[i], self.blocks[i].cls.spec
        if not any(out.widens and out.types == port.types for out in spec.outputs.values()) or port.alone:
            return False
        sources = [
            (source, each)
            for name, each in spec.inputs.items()
            if each.types == port.types and not each.alone
            for source in block.sources[name]
            if not isinstance(source, Unwired)
        ]
        read = {p.taken(type(s.value) if isinstance(s, Constant) else self.types[s]) for s, p in sources}
        given = {self.kinds[i][n] for n in block.targets if spec.outputs[n].types == port.types}
        return read == {int} and given == {float}

    def _step(
        self, i: int, read: Any, asked: Any, latched: dict[str, Stamped], dt: float
    ) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        block, instance, spec = self.blocks[i], self.instances[i], self.blocks[i].cls.spec
        seen: dict[str, list[Any]] = {}
        for name, port in spec.inputs.items():
            seen[name] = []
            as_float = self._as_float(i, port)
            for source in block.sources[name]:
                value = source.value if isinstance(source, Constant) else read(i, source)
                if isinstance(source, Unwired):
                    value = self._zero(i, port)
                if as_float:
                    value = float(value)
                if type(value) not in port.types:
                    value = int(value) if type(value) is bool and int in port.types else float(value)
                seen[name].append(value)
            setattr(instance, name, tuple(seen[name]) if port.many else seen[name][0])
        for name, quality in spec.qualities.items():
            sources = block.sources[quality.port]
            said = tuple(Quality.GOOD if isinstance(s, Constant) else asked(i, s) for s in sources)
            setattr(instance, name, said if spec.inputs[quality.port].many else said[0])
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
            self.faults[block.name] = QualityReason(Quality.BAD, said[:200], ReasonCode.BLOCK_FAULT)
            return {target: latched[target][0] for target in block.targets.values()}, seen
        for name, value in states.items():
            setattr(instance, name, value)
        for name, value in outputs.items():
            self.own[i, name] = value
        return {target: outputs[name] for name, target in block.targets.items()}, seen


@functools.cache
def always_bool(text: str, kinds: tuple[tuple[str, type], ...]) -> bool:
    """Return whether a formula is a bool with all values that inputs of these kinds can have."""
    made = formula(text)
    pools = [
        ([False, True] if k is bool else [0.0, 1.0, -1.5]) if n in made.inputs else [0.0] for n, k in kinds
    ]
    for values in itertools.product(*pools):
        given = dict(zip((name for name, _ in kinds), values, strict=True))
        try:
            found = made.compute(*(given[name] for name in "abcdefgh"))
        except (ArithmeticError, ValueError, PetraError):
            continue
        if not isinstance(found, bool):
            return False
    return True


def known(result: Any, values: list[bool], qualities: list[Quality]) -> Quality:
    """Return the best quality that suffices: with all worse inputs unknown, the result is the same."""
    if len(values) > 12:
        raise ValueError("too many to try")
    for quality in Quality:
        tried = [[v] if q <= quality else [False, True] for v, q in zip(values, qualities, strict=True)]
        if len({result(each) for each in itertools.product(*tried)}) == 1:
            return quality
    raise AssertionError("with all inputs known, the result is")


SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def number_of(text: str) -> float:
    if not re.search(r"[^-+.0-9einfaty]", text.lower()):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    raise ValueError(f"{text!r} is not a number")


def convert(value: Any, kind: type) -> Any:
    if kind is bool:
        if isinstance(value, float) and math.isnan(value):
            raise ValueError("NaN is neither true nor false")
        if isinstance(value, str) and value.lower() not in SWITCHES:
            raise ValueError(f"{value!r} is neither true nor false")
        return SWITCHES[value.lower()] if isinstance(value, str) else bool(value)
    if isinstance(value, str) and kind in (int, float):
        value = number_of(value)
    if kind is float:
        return float(value)
    if kind is int:
        if isinstance(value, float) and math.isnan(value):
            raise ValueError("NaN is not a whole number")
        if isinstance(value, float) and math.isinf(value):
            return INT_MAX if value > 0 else INT_MIN
        number = round(value) if isinstance(value, float) else int(value)
        return max(INT_MIN, min(INT_MAX, number))
    if kind is str and not isinstance(value, str):
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return value
