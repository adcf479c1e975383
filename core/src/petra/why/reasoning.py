"""From a signal back to what decides it: blocks by their decisive inputs, to devices, commands and forces."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from petra.scan.engine_signals import PREFIX
from petra.scan.network import Constant
from petra.signals import Quality
from petra.why.decisive import Decider, Decision
from petra.why.sentence import answer
from petra.why.trial import Budget, OverBudgetError, Raised, Trial, UntriedError
from petra.why.values import DEEPEST, DEPTH, MOST, Cause, CauseInput, CauseKind, Why

if TYPE_CHECKING:
    from petra.signals import Value
    from petra.why.evidence import BlockEvidence, Evidence, SignalEvidence

_LOOKS = 10
"""Blocks that remember something for which it is looked up what they remember."""
_WIDEST = 20
"""Inputs of one block that are followed."""


def explain(evidence: Evidence, signal: str, *, depth: int = DEPTH, budget: Budget | None = None) -> Why:
    """Return why a signal is what it is; UnknownSignalError for one that does not exist."""
    return _Reasoning(evidence, max(0, min(depth, DEEPEST)), budget or Budget()).explain(signal)


class _Reasoning:
    """Answers one question. Each signal is looked at once, nearest first, so that a loop ends."""

    def __init__(self, evidence: Evidence, depth: int, budget: Budget) -> None:
        self._evidence = evidence
        self._depth = depth
        self._budget = budget
        self._looks = _LOOKS
        self._causes: list[Cause] = []
        self._place: dict[str, int] = {}
        self._waiting: deque[tuple[SignalEvidence, int]] = deque()

    def explain(self, name: str) -> Why:
        evidence = self._evidence
        self._enter(evidence.signal(name), 0)
        while self._waiting:
            signal, depth = self._waiting.popleft()
            self._causes[self._place[signal.name]] = self._cause(signal, depth)
        changes = evidence.changes(self._place)
        causes = tuple(
            evolve(cause, since=changes[cause.signal].time, longer=changes[cause.signal].longer)
            if cause.signal in changes
            else cause
            for cause in self._causes
        )
        said = answer(causes, evidence.time, evidence.notes)
        return Why(name, said, causes, evidence.scan, evidence.time, tuple(evidence.notes))

    def _enter(self, signal: SignalEvidence, depth: int) -> int | None:
        """Return the place of a signal's cause; None if there is no room for another one."""
        place = self._place.get(signal.name)
        if place is None and len(self._causes) < MOST:
            place = self._place[signal.name] = len(self._causes)
            status = signal.status
            self._causes.append(
                Cause(
                    signal.name,
                    signal.value,
                    CauseKind.NOTHING,
                    status.quality,
                    status.reason,
                    status.code,
                    signal.time,
                    force=signal.force,
                )
            )
            self._waiting.append((signal, depth))
        return place

    def _cause(self, signal: SignalEvidence, depth: int) -> Cause:
        cause = self._causes[self._place[signal.name]]
        points = self._evidence.points(signal.name)
        cause = evolve(cause, points=tuple(points or ()), command=self._evidence.command(signal.name))
        if writer := signal.signal.written_by:
            block = self._evidence.block(writer)
            return cause if block is None else self._computed(cause, signal, block, depth)
        if signal.force is not None:
            return evolve(cause, kind=CauseKind.FORCE)
        if signal.name.startswith(PREFIX):
            return evolve(cause, kind=CauseKind.ENGINE)
        if points is None:
            return evolve(cause, kind=CauseKind.OUTSIDE)
        read = next((point for point in points if point.reads), None)
        if read is not None:
            kind = CauseKind.POINT if read.serves and cause.is_good else CauseKind.DEVICE
            return evolve(cause, kind=kind, source=f"{read.driver} {read.address}".strip())
        return cause if cause.command is None else evolve(cause, kind=CauseKind.COMMAND)

    def _computed(self, cause: Cause, signal: SignalEvidence, block: BlockEvidence, depth: int) -> Cause:
        wired = block.wired
        cause = evolve(cause, kind=CauseKind.BLOCK, source=wired.name, type=wired.cls.spec.type)
        signals = {name: self._evidence.signal(name) for name in dict.fromkeys(wired.reads)}
        port = next(port for port, name in wired.targets.items() if name == signal.name)
        signals.update((name, self._evidence.signal(name)) for name in wired.targets.values())
        if signal.force is not None:
            otherwise = self._otherwise(block, signals, port)
            return evolve(cause, kind=CauseKind.FORCE, otherwise=otherwise)
        decision, became = self._decision(block, signals, port)
        cause = evolve(
            cause,
            kind=CauseKind.FAULT if block.fault else CauseKind.BLOCK,
            fault=block.fault.removeprefix(f"block {wired.name}: "),
            examined=decision.examined,
            remaining_s=decision.remaining,
            becomes=decision.becomes,
            pulse=decision.pulse,
            remembers=tuple((name, block.states[name]) for name in decision.memory),
            became=became,
            constants=_constants(block),
        )
        return self._with_inputs(cause, block, [signals[name] for name in decision.signals], signals, depth)

    def _with_inputs(
        self,
        cause: Cause,
        block: BlockEvidence,
        decisive: Sequence[SignalEvidence],
        signals: dict[str, SignalEvidence],
        depth: int,
    ) -> Cause:
        reads = dict.fromkeys(block.wired.reads)
        flawed = [] if cause.is_good or block.fault else _flawed(cause, [signals[name] for name in reads])
        wanted = {each.name: each for each in (*flawed, *decisive)}
        others = len(reads) - len(wanted)
        if depth >= self._depth:
            return evolve(cause, cut=bool(wanted), others=others)
        ports = _ports(block)
        by, why = {each.name for each in decisive}, {each.name for each in flawed}
        inputs = []
        first = (
            sorted(wanted.items(), key=lambda pair: pair[1].force is None)
            if len(wanted) > _WIDEST
            else [*wanted.items()]
        )
        for name, each in first[:_WIDEST]:
            place = self._enter(each, depth + 1)
            if place is not None:
                inputs.append(CauseInput(ports[name], place, name in why, name in by))
        return evolve(cause, inputs=tuple(inputs), others=others, left_out=len(wanted) - len(inputs))

    def _decision(
        self, block: BlockEvidence, signals: dict[str, SignalEvidence], port: str
    ) -> tuple[Decision, tuple[tuple[str, Value], ...]]:
        reads = list(dict.fromkeys(block.wired.reads))
        try:
            decider = Decider(Trial(block, signals, port, self._budget), block.period)
            decision = decider.decide()
            if not decision.memory or self._looks <= 0:
                return decision, ()
            self._looks -= 1
            changed = self._evidence.changed_at(reads, signals[block.wired.targets[port]].time)
            made = [each for each in changed if decider.made_by(*each, decision.memory)]
        except (OverBudgetError, UntriedError):
            return Decision(reads, examined=False), ()
        return decision, tuple(made)

    def _otherwise(self, block: BlockEvidence, signals: dict[str, SignalEvidence], port: str) -> Value | None:
        try:
            (found,) = Trial(block, signals, port, self._budget).outcome((block.period,))
        except (OverBudgetError, UntriedError):
            return None
        return None if isinstance(found, Raised) else found


def _flawed(cause: Cause, inputs: Sequence[SignalEvidence]) -> list[SignalEvidence]:
    """Return the inputs that an output has its quality from: those with its reason, if there are any."""
    found = [each for each in inputs if each.status.quality is not Quality.GOOD]
    same = [each for each in found if each.status.reason == cause.reason]
    return same or found


def _ports(block: BlockEvidence) -> dict[str, str]:
    """Return the input of each signal; of an input that takes many, with its number."""
    found = dict[str, str]()
    for name, port in block.wired.cls.spec.inputs.items():
        first = port.first if port.first is not None else 1
        for i, source in enumerate(block.wired.sources[name]):
            if isinstance(source, str):
                found.setdefault(source, f"in{first + i}" if port.many else name)
    return found


def _constants(block: BlockEvidence) -> tuple[tuple[str, Value], ...]:
    """Return the constants and parameters that decide: no flags, no defaults, and no NaN for "not given"."""
    wired, spec = block.wired, block.wired.cls.spec
    found = [
        (name, source.value)
        for name, port in spec.inputs.items()
        if not port.many
        for source in wired.sources[name]
        if type(source) is Constant
    ]
    found += [(name, value) for name, value in wired.params.items() if value != spec.params[name].default]
    return tuple(
        (name, value) for name, value in found if not isinstance(value, bool) and repr(value) != "nan"
    )
