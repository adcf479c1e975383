"""The compiled program of one task: steps its blocks, holds what faults, carries quality along."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from petra.errors import PetraError
from petra.scan.compiler import PART, Place, Unit, function, gaps, template
from petra.scan.network import Constant, Network, Wired
from petra.scan.template import Templates
from petra.signals import GOOD, Bus, Quality, Status, Value

if TYPE_CHECKING:
    from petra.scan.resolve import Resolution

_LONGEST_REASON = 200

States = dict[str, dict[str, Any]]
"""What blocks remember, by the names of block and state."""


class TuningError(PetraError):
    """A parameter cannot be changed to this while the program runs."""


@define
class Part:
    """Blocks that are stepped by one function, and how quality passes through them."""

    units: range
    step: Callable[..., None]
    flows: Sequence[tuple[int, tuple[int, ...], tuple[int, ...]]]
    """Of each block: its number, the slots whose quality it passes on, and those it passes it to."""
    faults: dict[int, Status] = field(factory=dict)


class Program:
    """Blocks compiled for one layout of signals. It belongs to the thread that scans.

    `step` of a class in the subset is written into the program; the others, or all with `inline=False`, are
    called. Both ways compute the same bits, qualities and faults.
    """

    def __init__(
        self,
        network: Network,
        place: Place,
        resolution: Resolution,
        *,
        inline: bool = True,
        templates: Templates | None = None,
    ) -> None:
        self.network = network
        self.inline = inline
        self.states: list[Any] = []
        self.fault_counts: dict[str, int] = {}
        self._place = place
        self._templates = templates or Templates()
        self._forced: Mapping[int, Value] = {}
        self._held: frozenset[int] = frozenset()
        self._now: dict[int, Status] = {}
        self._settled = -1
        kinds = [
            tuple(resolution.output(i, port) for port in network.document[i].cls.spec.outputs.values())
            for i in network.order.blocks
        ]
        self.units = [self._unit(wired, kind) for wired, kind in zip(network.blocks, kinds, strict=True)]
        self._number = {unit.wired.name: number for number, unit in enumerate(self.units)}
        self._parts = [Part(units, self._compiled(units), self._flows(units)) for units in self._divide()]

    # scanning

    def scan(self, bus: Bus, dt: float) -> None:
        """Step every block once."""
        if bus.forced is not self._forced:
            self._hold(bus.forced)
        values, states, flawed, now = bus.values, self.states, bus.flawed, self._now
        unsettled = bus.flaws != self._settled
        changed = False
        for part in self._parts:
            part.step(values, states, dt, flawed)
            if now or part.faults:
                if now != part.faults:
                    part.faults = now.copy()
                    unsettled = changed = True
                now.clear()
            if unsettled:
                changed |= _qualify(part, flawed, bus.forced)
        if changed:
            bus.flaws += 1
        elif unsettled:
            self._settled = bus.flaws

    @property
    def faults(self) -> dict[str, Status]:
        """The blocks that faulted in the last scan, with the reason."""
        found = {number: status for part in self._parts for number, status in part.faults.items()}
        return {self.units[number].wired.name: status for number, status in found.items()}

    def _fault(self, number: int) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, KeyboardInterrupt):  # meant for whoever runs the program, not for a block
            raise error
        name = self.units[number].wired.name
        self.fault_counts[name] = self.fault_counts.get(name, 0) + 1
        try:
            said = " ".join(str(error).split())
        except Exception:  # noqa: BLE001 - an exception may fail even at being said
            said = ""
        reason = f"block {name}: {type(error).__name__}" + (f": {said}" if said else "")
        self._now[number] = Status(Quality.BAD, reason[:_LONGEST_REASON])

    # while it runs

    def tune(self, block: str, param: str, value: Value) -> str:
        """Change a parameter, and return the name it is declared with; the block keeps its state."""
        number = self._number.get(block)
        if number is None:
            raise TuningError(f"there is no block {block!r}")
        unit = self.units[number]
        spec = unit.wired.cls.spec
        member = next((p for p in spec.params.values() if param in (p.name, *p.aliases)), None)
        if member is None:
            raise TuningError(f"{spec.type} has no parameter {param!r}; there are {', '.join(spec.params)}")
        try:
            instance = unit.wired.cls(**{**unit.wired.params, member.name: value})
        except (TypeError, ValueError) as error:
            raise TuningError(str(error)) from error
        unit.wired = evolve(unit.wired, params={**unit.wired.params, member.name: member.exact(value)})
        unit.instance = instance if unit.instance is not None else None
        self._compile_again(lambda part: number in part.units)
        return str(member.name)

    def snapshot(self, *, retained: bool = False) -> States:
        """Return what blocks remember; with `retained`, what is declared to survive a restart."""
        found: States = {}
        for unit in self.units:
            spec = unit.wired.cls.spec
            kept = {
                name: self.states[slot]
                for name, slot in unit.states.items()
                if not retained or (name in spec.states and spec.states[name].retain)
            }
            if kept:
                found[unit.wired.name] = kept
        return found

    def restore(self, states: States) -> None:
        """Take over what blocks of the same names remember, where it is of the same type."""
        for unit in self.units:
            for name, value in states.get(unit.wired.name, {}).items():
                slot = unit.states.get(name)
                if slot is not None and type(value) is type(self.states[slot]):
                    self.states[slot] = value

    def _hold(self, forced: Mapping[int, Value]) -> None:
        """Compile anew what writes a signal that is forced now, or was until now."""
        before, self._held = self._held, frozenset(forced)
        moved = before ^ self._held
        self._forced = forced
        self._settled = -1
        if moved:
            self._compile_again(
                lambda part: any(slot in moved for _, _, outputs in part.flows for slot in outputs)
            )

    def _compile_again(self, concerned: Callable[[Part], bool]) -> None:
        for part in self._parts:
            if concerned(part):
                part.step = self._compiled(part.units)

    # building

    def _unit(self, wired: Wired, kinds: tuple[type[Any], ...]) -> Unit:
        spec, slots = wired.cls.spec, self._place.slots
        states = {}
        for name, state in spec.states.items():
            states[name] = self._state(state.default)
        outputs = {
            name: slots[wired.targets[name]] if name in wired.targets else None for name in spec.outputs
        }
        for (name, slot), kind in zip(outputs.items(), kinds, strict=True):
            if slot is None:
                states[name] = self._state(kind())
        inputs = {
            name: tuple(None if isinstance(source, Constant) else slots[source] for source in sources)
            for name, sources in wired.sources.items()
        }
        return Unit(wired, inputs, outputs, states, kinds)

    def _state(self, initial: Any) -> int:
        self.states.append(initial)
        return len(self.states) - 1

    def _divide(self) -> Iterator[range]:
        """Cut the order into parts; a quality that a block asks for is written by a part before its own."""
        begin = 0
        written: set[int | None] = set()
        for number, unit in enumerate(self.units):
            asked = {slot for name in unit.asks_quality for slot in unit.inputs[name]} - {None}
            if number - begin == PART or not asked.isdisjoint(written):
                yield range(begin, number)
                begin, written = number, set()
            written.update(unit.outputs.values())
        if begin < len(self.units):
            yield range(begin, len(self.units))

    def _compiled(self, units: range) -> Any:
        numbered = [(number, self.units[number]) for number in units]
        return function(numbered, self._place, self._templates, self._held, self._fault, inline=self.inline)

    def _flows(self, units: range) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
        found = []
        for number in units:
            unit = self.units[number]
            outputs = tuple(slot for slot in unit.outputs.values() if slot is not None)
            if outputs:
                found.append((number, unit.passes_quality, outputs))
        return found

    # explaining

    def reason_called(self, name: str) -> str:
        """Say why a block's step is called rather than written into the program; empty when it is not."""
        unit = self.units[self._number[name]]
        return template(unit, self._place, self._templates, self._held, inline=self.inline).called

    def source(self) -> Iterator[tuple[range, str]]:
        """Yield the blocks of each part with the text of its function."""
        for part in self._parts:
            lines = ["def part(v, s, dt, f):\n"]
            for number in part.units:
                unit = self.units[number]
                made = template(unit, self._place, self._templates, self._held, inline=self.inline)
                said = made.fill(gaps(unit, self._place))
                lines.append(f"    try:  # {unit.wired.name} ({unit.wired.cls.spec.type})\n{said}")
                lines.append(f"    except BaseException: fault({number})\n")
            yield part.units, "".join(lines)


def _qualify(part: Part, flawed: dict[int, Status], forced: Mapping[int, Value]) -> bool:
    """Carry quality from inputs to outputs; say whether anything changed."""
    changed = False
    for number, inputs, outputs in part.flows:
        status = part.faults.get(number) or _worst(flawed, inputs)
        for slot in outputs:
            if slot in forced or flawed.get(slot, GOOD) == status:
                continue
            changed = True
            if status is GOOD:
                del flawed[slot]
            else:
                flawed[slot] = status
    return changed


def _worst(flawed: Mapping[int, Status], inputs: Iterable[int]) -> Status:
    found = GOOD
    for slot in inputs:
        status = flawed.get(slot, GOOD)
        if status.quality > found.quality:
            found = status
    return found
