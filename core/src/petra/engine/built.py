"""From a configuration to what runs: the layout of the bus, and the tasks with their programs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from petra.config.models import MAIN, TaskConfig
from petra.errors import PetraError
from petra.scan import CheckedProgram, Program, Resolution, SignalPlaces, Task, Wired, check_program, wire
from petra.scan.engine_signals import engine_signal_types
from petra.scan.template import Templates
from petra.signals import Layout, OnBad, QualityReason, Signal, SignalType

if TYPE_CHECKING:
    from petra.config import BlockConfig, PlantConfig
    from petra.plugin import Catalog


class BuildError(PetraError):
    """A configuration that was never checked cannot be built."""


@frozen
class Built:
    """What a configuration becomes, before anything runs."""

    plant: PlantConfig
    layout: Layout
    tasks: Sequence[Task]
    resolution: Resolution


def build(
    plant: PlantConfig,
    catalog: Catalog,
    program: CheckedProgram | None = None,
    *,
    inline: bool = True,
    scan_time_ms: float = 0.0,
    templates: Templates | None = None,
    commanded: Collection[str] = (),
    fed: Collection[str] = (),
) -> Built:
    """Build a plant from its checked program; without one, the plant is wired and typed here.

    `scan_time_ms` overrides the period of every task.
    Of the signals in `commanded`, which go to devices, those that no block writes are written by commands
    alone; those in `fed` have their values from other devices. Repeated
    builds share `templates`, which then are made once.
    """
    templates = templates or Templates()
    if not plant.tasks:
        plant = evolve(plant, tasks=(TaskConfig(MAIN, plant.scan_time_ms),))
    if program is None:
        program = _check(plant, catalog)
    resolution = program.resolution
    if resolution.mismatches:
        raise BuildError("; ".join(mismatch.message for mismatch in resolution.mismatches))
    layout = _layout(plant, program, commanded, fed)
    initial = {signal.name: signal.initial for signal in layout.signals if signal.initial is not None}
    places = SignalPlaces(layout.index, resolution.types, initial)
    faulted: dict[str, QualityReason] = {}
    tasks = []
    for task in plant.tasks:
        checked = program.tasks[task.name]
        compiled = Program(
            checked.network, places, checked.resolution, inline=inline, templates=templates, faulted=faulted
        )
        tasks.append(Task(task.name, (scan_time_ms or task.period_ms) / 1e3, task.priority, compiled))
    return Built(plant, layout, tasks, resolution)


def _check(plant: PlantConfig, catalog: Catalog) -> CheckedProgram:
    """Return the checked program of a plant that comes from no document, such as a recorded one."""
    declared = {signal.name: signal.type.python for signal in plant.signals}
    engine = engine_signal_types(task.name for task in plant.tasks)
    declared.update((name, kind.python) for name, kind in engine.items())
    wired = [_wired(catalog, block) for block in plant.blocks]
    task_of = {block.name: block.task for block in plant.blocks}
    return check_program(wired, declared, [task.name for task in plant.tasks], task_of)


def _wired(catalog: Catalog, block: BlockConfig) -> Wired:
    found = catalog.block(block.type)
    if found is None:
        raise BuildError(f"no installed plugin provides the block type {block.type!r}")
    return wire(block.name, found, block.inputs, block.outputs, block.params)


def _layout(
    plant: PlantConfig,
    program: CheckedProgram,
    commanded: Collection[str],
    fed: Collection[str],
) -> Layout:
    written_by = program.writers
    engine = engine_signal_types(task.name for task in plant.tasks)
    signals = [
        Signal(
            s.name,
            s.type,
            s.initial,
            written_by.get(s.name, ""),
            s.unit,
            s.safe,
            s.safe_after_ms / 1e3,
            s.on_bad or (OnBad.HOLD if s.safe is None else OnBad.SAFE),
            commanded=s.name in commanded and s.name not in written_by,
            fed=s.name in fed,
            minimum=s.minimum,
            maximum=s.maximum,
            description=s.description,
            category=s.category,
        )
        for s in plant.signals
    ]
    known = {signal.name for signal in signals}
    signals += [Signal(name, kind) for name, kind in engine.items()]
    signals += [
        Signal(name, SignalType.of(program.resolution.types[name]), written_by=block)
        for name, block in written_by.items()
        if name not in known
    ]
    return Layout(signals)


def moved(known: Layout, tasks: Sequence[Task], built: Built) -> Iterator[tuple[int, int]]:
    """Yield where outputs of blocks were that go on under another signal, and where they are now.

    A block that holds its output, such as `FALLBACK`, holds it under its new name as well.
    """
    before = {block.name: block for task in tasks for block in task.program.network.blocks}
    for block in (block for task in built.tasks for block in task.program.network.blocks):
        old = before.get(block.name)
        if old is None or old.cls.spec.type != block.cls.spec.type:
            continue
        for port, signal in block.targets.items():
            was = old.targets.get(port, signal)
            here, there = known.index.get(was), built.layout.index[signal]
            if was != signal and here is not None and known.types[here] is built.layout.types[there]:
                yield here, there
