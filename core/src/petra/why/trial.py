"""Trials: the step of a block, run on a copy with other inputs. The block of the plant is never touched."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from petra.scan.convert import CONVERSIONS, to_float, to_int
from petra.scan.network import Constant
from petra.signals import INT_MAX, INT_MIN, Quality

if TYPE_CHECKING:
    from petra.blocks import Block, In
    from petra.scan.network import Wired
    from petra.signals import Value
    from petra.why.evidence import BlockEvidence, SignalEvidence

_RUNS = 50_000
_SECONDS = 3.0
_NUMBERS = 12
"""Other numbers that are tried for one input, at most."""


class OverBudgetError(BaseException):
    """An answer has cost enough: blocks that are left are not examined. No step handles it."""


class UntriedError(Exception):
    """There is no copy of a block: its class does not make one."""


class Budget:
    """How many steps one answer may run, and for how long: a step of a plugin may take any time."""

    def __init__(self, runs: int = _RUNS, seconds: float = _SECONDS) -> None:
        self._runs = runs
        self._until = monotonic() + seconds

    def spend(self) -> None:
        """Take one run; OverBudgetError when none is left."""
        self._runs -= 1
        if self._runs < 0 or monotonic() > self._until:
            raise OverBudgetError

    def trace(self, *_: object) -> Any:
        """End a step that takes longer: with other inputs than the plant's, one of a plugin may never end."""
        if monotonic() > self._until:
            raise OverBudgetError
        return self.trace


class Raised:
    """The outcome of a step that raises."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raised)

    def __hash__(self) -> int:
        return 0


Outcome = tuple[Any, ...]
"""What an output is after each step of a trial."""


class Trial:
    """The output of a block as a function of its signals and states.

    A signal that is wired to several inputs changes in all of them.
    """

    def __init__(
        self,
        block: BlockEvidence,
        signals: Mapping[str, SignalEvidence],
        target: str,
        budget: Budget,
    ) -> None:
        wired = block.wired
        self.values: dict[str, Value] = {name: signals[name].value for name in dict.fromkeys(wired.reads)}
        """The signals that it reads."""
        self.states = dict(block.states)
        self.initial = {name: state.default for name, state in wired.cls.spec.states.items()}
        """What the states begin with."""
        self.target = target
        self.current = signals[wired.targets[target]].value
        self._block = block
        self._budget = budget
        self._instance = _made(wired)
        self._outputs = {port: signals[name].value for port, name in wired.targets.items()}
        self._convert = CONVERSIONS[type(self.current)]
        good = Quality.GOOD
        self._qualities = {
            name: tuple(
                good if isinstance(s, Constant) else signals[s].status.quality
                for s in wired.sources[each.port]
            )
            for name, each in wired.cls.spec.qualities.items()
        }

    def outcome(
        self,
        dts: Sequence[float],
        values: Mapping[str, Value] | None = None,
        states: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Return the output after each of these steps, one after the other; changes are given by name."""
        read = {**self.values, **values} if values else self.values
        instance, found = self._instance, list[Any]()
        try:
            for name, value in {**self._outputs, **self.states, **(states or {})}.items():
                setattr(instance, name, value)
            self._wire(read)
        except Exception:  # noqa: BLE001 - a plugin's class may have setters of its own
            return (Raised(),) * len(dts)
        for dt in dts:
            self._budget.spend()
            try:
                self._step(dt)
                found.append(self._convert(getattr(instance, self.target)))
            except OverBudgetError:
                raise
            except BaseException:  # noqa: BLE001 - a step of a plugin may raise anything, also SystemExit
                found.append(Raised())
        return tuple(found)

    def _step(self, dt: float) -> None:
        before = sys.gettrace()
        sys.settrace(self._budget.trace)
        try:
            self._instance.step(dt)
        finally:
            sys.settrace(before)

    def _wire(self, read: Mapping[str, Value]) -> None:
        spec, instance = self._block.wired.cls.spec, self._instance
        for name, port in spec.inputs.items():
            as_float = name in self._block.floats
            given = tuple(
                _as_read(s.value if isinstance(s, Constant) else read[s], port, as_float=as_float)
                for s in self._block.wired.sources[name]
            )
            setattr(instance, name, given if port.many else given[0])
        for name, qualities in self._qualities.items():
            many = spec.inputs[spec.qualities[name].port].many
            setattr(instance, name, qualities if many else qualities[0])

    def alternatives(self, name: str) -> list[Value]:
        """Return other values for a signal: those near which a step may decide otherwise."""
        value = self.values[name]
        if isinstance(value, bool):
            return [not value]
        wired = self._block.wired
        near: list[Value] = [v for each, v in self.values.items() if each != name]
        near += [s.value for sources in wired.sources.values() for s in sources if isinstance(s, Constant)]
        near += wired.params.values()
        if isinstance(value, str):
            texts = [each for each in near if isinstance(each, str)]
            return list(dict.fromkeys(each for each in ("", *texts, f"{value}?") if each != value))
        numbers = [each for each in near if isinstance(each, int | float) and not isinstance(each, bool)]
        made: Iterable[Value] = dict.fromkeys(_numbers(value, [n for n in numbers if math.isfinite(n)]))
        return [each for each in made if each != value][:_NUMBERS]


def _made(wired: Wired) -> Block:
    try:
        return wired.cls(**wired.params)
    except Exception as error:
        raise UntriedError(str(error)) from error


def same(one: Outcome, other: Outcome) -> bool:
    """Return whether two outcomes are equal; what is not a number equals itself."""
    return all(map(_equal, one, other))


def _equal(one: object, other: object) -> bool:
    return one == other or (one != one and other != other)  # noqa: PLR0124 - only what is not a number does


def _numbers(value: int | float, near: Sequence[int | float]) -> Iterator[int | float]:
    """Yield numbers far above and below, and those around other numbers that the block knows."""
    far = max([abs(each) for each in (*near, value) if math.isfinite(each)], default=0.0) * 10 + 1_000
    around = [each + by for each in near for by in (0, 1, -1)]
    for each in (far, -far, value + 1, value - 1, 0, *around):
        if isinstance(value, float):
            yield float(each)
        elif math.isfinite(each):
            yield min(max(round(each), INT_MIN), INT_MAX)


def _as_read(value: Value, port: In[Any], *, as_float: bool) -> Any:
    """Return a value as the step reads it: in one of the types of its port."""
    if as_float:
        return to_float(value)
    kind = type(value)
    if kind in port.types:
        return value
    return to_int(value) if port.taken(kind) is int and int in port.types else to_float(value)
