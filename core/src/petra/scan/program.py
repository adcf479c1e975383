"""The compiled program of one task: steps its blocks, records faults and settles quality."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from petra.scan.beginning import BEGUN, Beginning
from petra.scan.compiler import PART, SignalPlaces, Unit, block_template, compile_part, gap_texts
from petra.scan.convert import CONVERSIONS
from petra.scan.flows import Flows, make_flow
from petra.scan.network import Constant, Network, Wired
from petra.scan.template import Templates
from petra.scan.tuning import TuningError, tuned_block
from petra.signals import Quality, QualityReason, ReasonCode, Store, Value

if TYPE_CHECKING:
    from petra.scan.resolve import Resolution

_LONGEST_REASON = 200

States = dict[str, dict[str, Any]]
"""The states of blocks, by the names of block and state."""


@define
class ProgramPart:
    """Blocks that one compiled function steps."""

    number: int
    units: range
    step: Callable[..., None]
    faults: dict[int, QualityReason] = field(factory=dict)


@frozen
class Faults:
    """The blocks that faulted in the last scan, and the number of faults of each block. Never modified."""

    now: Mapping[str, QualityReason] = field(factory=dict)
    counts: Mapping[str, int] = field(factory=dict)


class Program:
    """Blocks compiled for one layout of signals. The scan thread owns it.

    A `step` inside the subset is written into the program; other steps, or all with `inline=False`, are
    called. Both ways compute the same values to the bit, the same qualities and the same faults.
    """

    def __init__(
        self,
        network: Network,
        places: SignalPlaces,
        resolution: Resolution,
        *,
        inline: bool = True,
        templates: Templates | None = None,
        faulted: dict[str, QualityReason] | None = None,
    ) -> None:
        """Compile a network.

        All programs of an engine share `faulted`: the blocks that faulted in the last scan of their task.
        """
        self.network = network
        self.inline = inline
        self.states: list[Any] = []
        self.published = Faults()
        """The faults for readers in other threads: replaced as a whole, never modified."""
        self._fault_counts: dict[str, int] = {}
        self._faulted: dict[str, QualityReason] = {} if faulted is None else faulted
        self._places = places
        self._templates = templates or Templates()
        self._forced: Mapping[int, Value] = {}
        self._held: frozenset[int] = frozenset()
        self._now: dict[int, QualityReason] = {}
        kinds = [
            tuple(resolution.output(i, port) for port in network.document[i].cls.spec.outputs.values())
            for i in network.order.blocks
        ]
        self.units = [
            self._make_unit(resolution.filled(i), kind, resolution.floats(i))
            for i, kind in zip(network.order.blocks, kinds, strict=True)
        ]
        self._number = {unit.wired.name: number for number, unit in enumerate(self.units)}
        self._beginning: Beginning | None = Beginning(self.units)
        divided = enumerate(self._divide_units())
        self._parts = [ProgramPart(number, units, self._compile_units(units)) for number, units in divided]
        self._flows = self._make_flows()
        self._remembers = self._flows.remembers

    # scanning

    def scan(self, store: Store, dt: float) -> None:
        """Step every block once."""
        if store.forced is not self._forced:
            self._hold_forced(store.forced)
        values, states, flawed, now, faulted = (
            store.values,
            self.states,
            store.flawed,
            self._now,
            self._faulted,
        )
        if self._remembers:  # before the first step overwrites what later steps read of the previous scan
            self._flows.begin(values)
        if self._beginning is not None:
            self._beginning.remember(states)
        settled = False
        for part in self._parts:
            part.step(values, states, dt, flawed)
            # Faults and quality follow each part at once: a step of the next part may read a quality.
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
    def faults(self) -> Mapping[str, QualityReason]:
        """The blocks that faulted in the last scan, with the reason."""
        return self.published.now

    @property
    def fault_counts(self) -> Mapping[str, int]:
        """The number of faults of each block."""
        return self.published.counts

    def count_on(self, counts: Mapping[str, int]) -> None:
        """Continue the fault counts of blocks with the same names."""
        mine = {name: count for name, count in counts.items() if name in self._number}
        self._fault_counts.update(mine)
        self.published = Faults(self.published.now, self._fault_counts.copy())

    def _note_faults(self, part: ProgramPart) -> None:
        """Publish the faults of a part; the quality of its outputs is settled after this."""
        if self._now != part.faults:
            for number in part.faults:
                self._faulted.pop(self.units[number].wired.name, None)
            part.faults = self._now.copy()
            self._faulted.update((self.units[n].wired.name, status) for n, status in part.faults.items())
            self._flows.invalidate()
        self._now.clear()
        found = {number: status for each in self._parts for number, status in each.faults.items()}
        named = {self.units[number].wired.name: status for number, status in found.items()}
        self.published = Faults(named, self._fault_counts.copy())

    def _record_fault(self, number: int) -> None:
        error = sys.exc_info()[1]
        name = self.units[number].wired.name
        self._fault_counts[name] = self._fault_counts.get(name, 0) + 1
        try:
            text = " ".join(str(error).split())
        except Exception:  # noqa: BLE001 - the exception's own `__str__` may raise
            text = ""
        reason = f"block {name}: {type(error).__name__}" + (f": {text}" if text else "")
        self._now[number] = QualityReason(Quality.BAD, reason[:_LONGEST_REASON], ReasonCode.BLOCK_FAULT)

    # while it runs

    def tune(self, block: str, param: str, value: Value) -> str:
        """Change a parameter and return its declared name; the block keeps its state."""
        number = self._number.get(block)
        if number is None:
            raise TuningError(f"there is no block {block!r}")
        unit = self.units[number]
        unit.wired, instance, name = tuned_block(unit, param, value, self._places.types)
        unit.instance = (
            instance if unit.instance is not None else None
        )  # its states are in the program's list
        self._flows = self._make_flows()  # judges keep the wiring that they were made with
        self._compile_again(lambda part: number in part.units)
        return name

    def snapshot(self, *, retained: bool = False) -> States:
        """Return the states of the blocks; with `retained`, only those declared to survive a restart."""
        found: States = {}
        for number, unit in enumerate(self.units):
            spec = unit.wired.cls.spec
            # unit.states also holds outputs without a wire: they survive a reload, but not a restart.
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
        """Take over the states of blocks with the same names, where the type is still the same."""
        for number, unit in enumerate(self.units):
            if self._beginning is not None and BEGUN in states.get(unit.wired.name, {}):
                self._beginning.has_begun(number)
            for name, value in states.get(unit.wired.name, {}).items():
                slot = unit.states.get(name)
                if slot is not None and type(value) is type(self.states[slot]):
                    self.states[slot] = value

    def _hold_forced(self, forced: Mapping[int, Value]) -> None:
        """Recompile the parts that write a signal whose forcing begins or ends."""
        # A forced output is left out of the text of its block, so forcing costs nothing while nothing
        # changes.
        before, self._held = self._held, frozenset(forced)
        moved = before ^ self._held
        self._forced = forced
        self._flows.invalidate()
        if moved:
            self._compile_again(
                lambda part: any(not moved.isdisjoint(self.units[n].outputs.values()) for n in part.units)
            )

    def _compile_again(self, concerned: Callable[[ProgramPart], bool]) -> None:
        for part in self._parts:
            if concerned(part):
                part.step = self._compile_units(part.units)

    # building

    def _make_unit(self, wired: Wired, kinds: tuple[type[Any], ...], floats: frozenset[str]) -> Unit:
        spec, slots = wired.cls.spec, self._places.slots
        states = {}
        for name, state in spec.states.items():
            begins_with = self._places.initial.get(wired.targets.get(state.begins_with, ""), state.default)
            states[name] = self._add_state(CONVERSIONS[state.type](begins_with))
        outputs = {
            name: slots[wired.targets[name]] if name in wired.targets else None for name in spec.outputs
        }
        for (name, slot), kind in zip(outputs.items(), kinds, strict=True):
            if slot is None:  # an output without a wire still keeps its value from scan to scan
                states[name] = self._add_state(kind())
        inputs = {
            name: tuple(None if isinstance(source, Constant) else slots[source] for source in sources)
            for name, sources in wired.sources.items()
        }
        return Unit(wired, inputs, outputs, states, kinds, floats)

    def _add_state(self, initial: Any) -> int:
        self.states.append(initial)
        return len(self.states) - 1

    def _divide_units(self) -> Iterator[range]:
        """Cut the order into parts.

        Quality is settled at the end of a part. A step that reads the quality of an input needs it settled:
        the loop that writes the input must end in an earlier part.
        """
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

    def _compile_units(self, units: range) -> Any:
        numbered = [(number, self.units[number]) for number in units]
        return compile_part(
            numbered, self._places, self._templates, self._held, self._record_fault, inline=self.inline
        )

    def _make_flows(self) -> Flows:
        """Return the flows of the blocks, in the order of the document."""
        network, slots = self.network, self._places.slots
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
            made = make_flow(self.units[self._number[wired.name]], mine)
            flows.append(made)
            parts.append(ends[network.order.loops[i]])
            past |= mine if made.judge is not None else frozenset()
        # Blocks of other tasks have run before this task: part 0 is early enough for them.
        for wired in network.beside:
            flows.append(make_flow(self._unit_beside(wired), own=False))
            parts.append(0)
        return Flows(flows, parts, past, self._faulted)

    def _unit_beside(self, wired: Wired) -> Unit:
        """Return a block of another task, with what its quality depends on."""
        slots = self._places.slots
        inputs = {
            name: tuple(None if isinstance(source, Constant) else slots[source] for source in sources)
            for name, sources in wired.sources.items()
        }
        outputs = {name: slots[signal] for name, signal in wired.targets.items()}
        return Unit(wired, inputs, dict(outputs), {}, ())

    # explaining

    def reason_called(self, name: str) -> str:
        """Return why a block's step is called instead of written into the program; empty if it is written."""
        unit = self.units[self._number[name]]
        return block_template(unit, self._places, self._templates, self._held, inline=self.inline).called

    def source(self) -> Iterator[tuple[range, str]]:
        """Yield the blocks of each part and the text of its function."""
        for part in self._parts:
            lines = ["def part(v, s, dt, f):\n"]
            for number in part.units:
                unit = self.units[number]
                made = block_template(unit, self._places, self._templates, self._held, inline=self.inline)
                text = made.fill(gap_texts(unit, self._places))
                lines.append(f"    try:  # {unit.wired.name} ({unit.wired.cls.spec.type})\n{text}")
                lines.append(f"    except BaseException: fault({number})\n")
            yield part.units, "".join(lines)
