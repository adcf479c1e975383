"""The compiled program of one task: steps its blocks, holds what faults, has quality carried along."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from petra.errors import PetraError
from petra.scan.beginning import BEGUN, Beginning
from petra.scan.compiler import PART, Place, Unit, function, gaps, template
from petra.scan.convert import CONVERSIONS
from petra.scan.flows import Flows, flow
from petra.scan.network import Constant, Network, Wired
from petra.scan.template import Templates
from petra.signals import Quality, Status, Store, Value

if TYPE_CHECKING:
    from petra.scan.resolve import Resolution

_LONGEST_REASON = 200

States = dict[str, dict[str, Any]]
"""What blocks remember, by the names of block and state."""


class TuningError(PetraError):
    """A parameter cannot be changed to this while the program runs."""


@define
class Part:
    """Blocks that are stepped by one function."""

    number: int
    units: range
    step: Callable[..., None]
    faults: dict[int, Status] = field(factory=dict)


@frozen
class Faults:
    """The blocks that faulted in the last scan, and how often each has; it never changes."""

    now: Mapping[str, Status] = field(factory=dict)
    counts: Mapping[str, int] = field(factory=dict)


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
        faulted: dict[str, Status] | None = None,
    ) -> None:
        """Compile a network. All programs of a plant share `faulted`: who faulted in its task's last scan."""
        self.network = network
        self.inline = inline
        self.states: list[Any] = []
        self.published = Faults()
        """What readers in other threads see of faults."""
        self._fault_counts: dict[str, int] = {}
        self._faulted: dict[str, Status] = {} if faulted is None else faulted
        self._place = place
        self._templates = templates or Templates()
        self._forced: Mapping[int, Value] = {}
        self._held: frozenset[int] = frozenset()
        self._now: dict[int, Status] = {}
        kinds = [
            tuple(resolution.output(i, port) for port in network.document[i].cls.spec.outputs.values())
            for i in network.order.blocks
        ]
        self.units = [
            self._unit(resolution.filled(i), kind, resolution.floats(i))
            for i, kind in zip(network.order.blocks, kinds, strict=True)
        ]
        self._number = {unit.wired.name: number for number, unit in enumerate(self.units)}
        self._beginning: Beginning | None = Beginning(self.units)
        divided = enumerate(self._divide())
        self._parts = [Part(number, units, self._compiled(units)) for number, units in divided]
        self._flows = self._passing()
        self._remembers = self._flows.remembers

    # scanning

    def scan(self, store: Store, dt: float) -> None:
        """Step every block once."""
        if store.forced is not self._forced:
            self._hold(store.forced)
        values, states, flawed, now, faulted = (
            store.values,
            self.states,
            store.flawed,
            self._now,
            self._faulted,
        )
        if self._remembers:
            self._flows.begin(values)
        if self._beginning is not None:
            self._beginning.remember(states)
        settled = False
        for part in self._parts:
            part.step(values, states, dt, flawed)
            if now or part.faults:
                self._note_faults(part)
            if flawed or faulted:
                self._flows.settle(part.number, store)
                settled = True
        if settled:
            self._flows.end()
        if self._beginning is not None and self._beginning.settle(states, flawed):
            self._beginning = None

    @property
    def faults(self) -> Mapping[str, Status]:
        """The blocks that faulted in the last scan, with the reason."""
        return self.published.now

    @property
    def fault_counts(self) -> Mapping[str, int]:
        """How often each block has faulted."""
        return self.published.counts

    def count_on(self, counts: Mapping[str, int]) -> None:
        """Go on from how often blocks of the same names have faulted before."""
        mine = {name: count for name, count in counts.items() if name in self._number}
        self._fault_counts.update(mine)
        self.published = Faults(self.published.now, self._fault_counts.copy())

    def _note_faults(self, part: Part) -> None:
        """Publish who faults, before quality is carried on from there."""
        if self._now != part.faults:
            for number in part.faults:
                self._faulted.pop(self.units[number].wired.name, None)
            part.faults = self._now.copy()
            self._faulted.update((self.units[n].wired.name, status) for n, status in part.faults.items())
            self._flows.look_again()
        self._now.clear()
        found = {number: status for each in self._parts for number, status in each.faults.items()}
        named = {self.units[number].wired.name: status for number, status in found.items()}
        self.published = Faults(named, self._fault_counts.copy())

    def _fault(self, number: int) -> None:
        error = sys.exc_info()[1]
        name = self.units[number].wired.name
        self._fault_counts[name] = self._fault_counts.get(name, 0) + 1
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
        constants = [port for port in spec.inputs.values() if port.constant]
        members: list[Any] = [*spec.params.values(), *constants]
        member = next((p for p in members if param in (p.name, *p.aliases)), None)
        if member is None:
            known = ", ".join(p.name for p in members)
            raise TuningError(f"{spec.type} has no parameter {param!r}; there are {known}")
        wired_to = next(iter(unit.wired.sources.get(member.name, ())), None)
        if isinstance(wired_to, str):
            raise TuningError(f"{spec.type}.{member.name} follows the signal {wired_to!r}")
        try:
            instance = unit.wired.cls(**{**unit.wired.params, member.name: value})
        except (TypeError, ValueError) as error:
            raise TuningError(str(error)) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise TuningError(f"{spec.type}.{member.name} is a finite number, not {value!r}")
        if member.name in spec.params:
            changed = evolve(unit.wired, params={**unit.wired.params, member.name: member.exact(value)})
        else:
            constant = (Constant(member.exact(value)),)
            changed = evolve(unit.wired, sources={**unit.wired.sources, member.name: constant})
        self._check_tuned(changed, unit)
        unit.wired = changed
        self._flows = self._passing()
        unit.instance = instance if unit.instance is not None else None
        self._compile_again(lambda part: number in part.units)
        return str(member.name)

    def _check_tuned(self, changed: Wired, unit: Unit) -> None:
        """Refuse what `petra check` would refuse, and what would give outputs of another type."""
        spec = changed.cls.spec
        given: dict[str, Any] = dict(changed.params)
        kinds: dict[str, Any] = {}
        for name, port in spec.inputs.items():
            sources = changed.sources[name]
            if port.many:
                given[name] = tuple(f"{name}{at}" for at in range(len(sources)))
                continue
            (source,) = sources
            kind = type(source.value) if isinstance(source, Constant) else self._place.types[source]
            kinds[name] = port.taken(kind)
            if isinstance(source, str):
                given[name] = None
            elif source.value != port.default:
                given[name] = source.value
        for name, said in changed.cls.complaints(given):
            if name in spec.params or name in spec.inputs:
                raise TuningError(f"{spec.type}.{name} {said}")
        for (name, out), stored in zip(spec.outputs.items(), unit.kinds, strict=True):
            found = changed.cls.output_type(name, changed.params, kinds) if out.generic else None
            if found in out.types and found is not stored and (found, stored) != (bool, float):
                raise TuningError(f"{spec.type}.{name} would be a {found.__name__}, not a {stored.__name__}")

    def snapshot(self, *, retained: bool = False) -> States:
        """Return what blocks remember; with `retained`, what is declared to survive a restart."""
        found: States = {}
        for number, unit in enumerate(self.units):
            spec = unit.wired.cls.spec
            kept = {
                name: self.states[slot]
                for name, slot in unit.states.items()
                if not retained or (name in spec.states and spec.states[name].retain)
            }
            if kept and not retained and not (self._beginning and self._beginning.waits(number)):
                kept[BEGUN] = True
            if kept:
                found[unit.wired.name] = kept
        return found

    def restore(self, states: States) -> None:
        """Take over what blocks of the same names remember, where it is of the same type."""
        for number, unit in enumerate(self.units):
            if self._beginning is not None and BEGUN in states.get(unit.wired.name, {}):
                self._beginning.has_begun(number)
            for name, value in states.get(unit.wired.name, {}).items():
                slot = unit.states.get(name)
                if slot is not None and type(value) is type(self.states[slot]):
                    self.states[slot] = value

    def _hold(self, forced: Mapping[int, Value]) -> None:
        """Compile anew what writes a signal that is forced now, or was until now."""
        before, self._held = self._held, frozenset(forced)
        moved = before ^ self._held
        self._forced = forced
        self._flows.look_again()
        if moved:
            self._compile_again(
                lambda part: any(not moved.isdisjoint(self.units[n].outputs.values()) for n in part.units)
            )

    def _compile_again(self, concerned: Callable[[Part], bool]) -> None:
        for part in self._parts:
            if concerned(part):
                part.step = self._compiled(part.units)

    # building

    def _unit(self, wired: Wired, kinds: tuple[type[Any], ...], floats: frozenset[str]) -> Unit:
        spec, slots = wired.cls.spec, self._place.slots
        states = {}
        for name, state in spec.states.items():
            begins_with = self._place.initial.get(wired.targets.get(state.begins_with, ""), state.default)
            states[name] = self._state(CONVERSIONS[state.type](begins_with))
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
        return Unit(wired, inputs, outputs, states, kinds, floats)

    def _state(self, initial: Any) -> int:
        self.states.append(initial)
        return len(self.states) - 1

    def _divide(self) -> Iterator[range]:
        """Cut the order into parts; a loop whose quality a block asks for ends in a part before its own."""
        order = self.network.order
        writers = {
            slot: order.loops[order.blocks[number]]
            for number, unit in enumerate(self.units)
            for slot in unit.outputs.values()
        }
        begin = 0
        here: set[int] = set()
        for number, unit in enumerate(self.units):
            own = order.loops[order.blocks[number]]
            slots = (slot for name in unit.wired.cls.spec.asked for slot in unit.inputs[name])
            asked = {writers[slot] for slot in slots if slot is not None and slot in writers} - {own}
            if number - begin == PART or not asked.isdisjoint(here):
                yield range(begin, number)
                begin, here = number, set()
            here.add(own)
        if begin < len(self.units):
            yield range(begin, len(self.units))

    def _compiled(self, units: range) -> Any:
        numbered = [(number, self.units[number]) for number in units]
        return function(numbered, self._place, self._templates, self._held, self._fault, inline=self.inline)

    def _passing(self) -> Flows:
        """Return how quality passes through the blocks, in the order of the document."""
        network, slots = self.network, self._place.slots
        part_of = {number: p for p, part in enumerate(self._parts) for number in part.units}
        ends: dict[int, int] = {}
        for i, wired in enumerate(network.document):
            loop = network.order.loops[i]
            ends[loop] = max(ends.get(loop, 0), part_of[self._number[wired.name]])
        overwritten = network.overwritten()
        flows, parts = [], []
        past: set[int] = set()
        for i, wired in enumerate(network.document):
            mine = frozenset(slots[signal] for signal in overwritten.get(wired.name, ()))
            made = flow(self.units[self._number[wired.name]], mine)
            flows.append(made)
            parts.append(ends[network.order.loops[i]])
            past |= mine if made.judge is not None else frozenset()
        for wired in network.beside:
            flows.append(flow(self._beside(wired), own=False))
            parts.append(0)
        return Flows(flows, parts, past, self._faulted)

    def _beside(self, wired: Wired) -> Unit:
        """Return a block of another task, as far as its quality goes."""
        slots = self._place.slots
        inputs = {
            name: tuple(None if isinstance(source, Constant) else slots[source] for source in sources)
            for name, sources in wired.sources.items()
        }
        outputs = {name: slots[signal] for name, signal in wired.targets.items()}
        return Unit(wired, inputs, dict(outputs), {}, ())

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
