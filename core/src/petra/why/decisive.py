"""Which inputs of a block decide its output now: found by trials, for any type of block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from petra.why.trial import Raised, same

if TYPE_CHECKING:
    from petra.signals import Value
    from petra.why.trial import Outcome, Trial

_LONG = 1e6
"""Seconds after which every timer is over: eleven days."""
_AT_ONCE = 1e-9
_HALVINGS = 40


@define
class Decision:
    """What decides an output."""

    signals: list[str] = field(factory=list)
    """The signals of which another value would change it, in the order of the inputs."""
    memory: list[str] = field(factory=list)
    """The states that hold it."""
    remaining: float | None = None
    """How long until time alone changes it."""
    becomes: Value | None = None
    """What it is after that time."""
    pulse: bool = False
    """Whether it is over with the next scan."""
    examined: bool = True
    """Whether the step gives the same output again; otherwise nothing can be said of single inputs."""


class Decider:
    """Answers for one output of one block.

    One input decides if another value of it changes the output, at once or after any time. If no single one
    does (an AND with two false inputs), those decide that do so once others have been changed without effect.
    """

    def __init__(self, trial: Trial, period: float) -> None:
        self._trial = trial
        # the second and third step let a timer begin and then pass
        self._dts = (period, _LONG, _LONG) if trial.states else (period,)
        self._base: Outcome = trial.outcome(self._dts)
        self._period = period

    def decide(self) -> Decision:
        """Return what decides the output."""
        trial = self._trial
        found = Decision()
        if not same(self._base[:1], (trial.current,)) and not isinstance(self._base[0], Raised):
            once = trial.outcome((_AT_ONCE,))
            if trial.states and not same(once, (trial.current,)):
                found.pulse = not isinstance(trial.current, float)
                found.examined = False
                found.signals = list(trial.values)
                return found
        if trial.states and not isinstance(trial.current, float):
            found.remaining, found.becomes = self._until_it_changes()
        alone = [name for name in trial.values if self._changes_alone(name)]
        together = [] if alone else self._together()
        held = self._held_against_memory() if isinstance(trial.current, bool) else []
        wanted = {*alone, *together, *held}
        found.signals = [name for name in trial.values if name in wanted]
        if found.remaining is None and not isinstance(trial.current, float):
            found.memory = [name for name in self._kept() if self._differs({}, self._turned(name))]
        if not found.signals and not found.memory and found.remaining is None:
            found.examined, found.signals = False, list(trial.values)
        return found

    def _differs(self, values: Mapping[str, Value], states: Mapping[str, Any] | None = None) -> bool:
        return not same(self._base, self._trial.outcome(self._dts, values, states))

    def _changes_alone(self, name: str, states: Mapping[str, Any] | None = None) -> bool:
        return any(self._differs({name: other}, states) for other in self._trial.alternatives(name))

    def made_by(self, name: str, value: Value, memory: Sequence[str]) -> bool:
        """Return whether a signal with this value makes the block remember what it remembers now."""
        return any(
            same(self._base[:1], self._trial.outcome(self._dts[:1], {name: value}, self._turned(each)))
            for each in memory
        )

    def _kept(self) -> list[str]:
        """Return the states that are no measurements or times, and not what they begin with, if not bools."""
        return [
            name
            for name, value in self._trial.states.items()
            if isinstance(value, bool)
            or (isinstance(value, int | str) and value != self._trial.initial.get(name, value))
        ]

    def _bools(self) -> list[str]:
        return [name for name, value in self._trial.states.items() if isinstance(value, bool)]

    def _turned(self, state: str) -> dict[str, Any]:
        value = self._trial.states[state]
        return {state: not value if isinstance(value, bool) else self._trial.initial[state]}

    def _held_against_memory(self) -> list[str]:
        """Return the inputs that decide whatever the block remembers: the reset of a latch."""
        free = [turned for turned in map(self._turned, self._bools()) if not self._differs({}, turned)]
        return [
            name for name in self._trial.values if any(self._changes_alone(name, turned) for turned in free)
        ]

    def _together(self) -> list[str]:
        """Return the inputs that decide once others are changed which have no effect by themselves."""
        found = dict[str, None]()
        for order in self._orders():
            changed: dict[str, Value] = {}
            for name, other in order:
                if not self._differs({**changed, name: other}):
                    changed[name] = other
                    continue
                found[name] = None
                for each in changed:
                    rest = {n: v for n, v in changed.items() if n != each}
                    if not self._differs({**rest, name: other}):  # so `each` would change it now
                        found[each] = None
                break
        return list(found)

    def _orders(self) -> Iterator[Sequence[tuple[str, Value]]]:
        """Yield ways to change all inputs one after the other: first those that are false, or true."""
        values = self._trial.values
        alternatives = {name: self._trial.alternatives(name) for name in values}
        for high in (0, 1):
            pairs = [
                (name, given[min(high, len(given) - 1)]) for name, given in alternatives.items() if given
            ]
            for first in (False, True):
                yield sorted(pairs, key=lambda pair: values[pair[0]] is not first)
            if not any(len(given) > 1 for given in alternatives.values()):
                return

    def _until_it_changes(self) -> tuple[float | None, Value | None]:
        """Return when time alone changes the output, and to what."""
        trial = self._trial
        if not same(trial.outcome((_AT_ONCE,)), (trial.current,)):
            return None, None
        low, high = 0.0, self._period
        while same(after := trial.outcome((high,)), (trial.current,)):
            low, high = high, high * 2
            if low > _LONG:
                return None, None
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if same(reached := trial.outcome((middle,)), (trial.current,)):
                low = middle
            else:
                high, after = middle, reached
        (becomes,) = after
        return (None, None) if isinstance(becomes, Raised) else (high, becomes)
