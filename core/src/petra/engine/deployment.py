"""A deployment: a configuration with everything that it becomes, before any of it runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from petra.engine.built import Built, build
from petra.engine.drivers import check_signals, sections_of
from petra.engine.service_plan import services_of

if TYPE_CHECKING:
    from petra.config import Configuration
    from petra.drivers.contract.driver import Driver
    from petra.engine.service_plan import ServicePlan
    from petra.plugin import Catalog
    from petra.scan import Task
    from petra.scan.program import States
    from petra.scan.template import Templates


@frozen
class Deployment:
    """A configuration, its drivers and services, and what its plant was built to.

    They change together, or not at all.
    """

    configuration: Configuration
    drivers: Sequence[Driver]
    built: Built
    services: Sequence[ServicePlan] = ()

    @property
    def signals_read(self) -> set[str]:
        """The signals that points read."""
        return {p.signal for driver in self.drivers for p in driver.points if p.direction.reads}

    @property
    def block_types(self) -> dict[str, str]:
        """The type of every block, by its name."""
        return block_types(self.built.tasks)


def deploy(
    configuration: Configuration, catalog: Catalog, *, scan_time_ms: float, templates: Templates
) -> Deployment:
    """Make everything that a configuration asks for; PetraError says what cannot be made."""
    sections = sections_of(configuration, catalog)
    drivers = [driver for section in sections for driver in section.drivers]
    points = [point for driver in drivers for point in driver.points]
    built = build(
        configuration.plant,
        catalog,
        configuration.program,
        scan_time_ms=scan_time_ms,
        templates=templates,
        commanded={point.signal for point in points if point.direction.writes},
        fed={point.signal for point in points if not point.direction.writes},
    )
    check_signals(sections, built.layout)
    return Deployment(configuration, drivers, built, services_of(configuration, catalog))


def block_types(tasks: Iterable[Task]) -> dict[str, str]:
    """Return the type of every block, by its name."""
    return {block.name: block.cls.spec.type for task in tasks for block in task.program.network.blocks}


def block_states(tasks: Iterable[Task], *, retained: bool = False) -> States:
    """Return what the blocks of these tasks remember; with `retained`, what survives a restart."""
    found: States = {}
    for task in tasks:
        found.update(task.program.snapshot(retained=retained))
    return found


def carry_over(tasks: Sequence[Task], after: Deployment) -> None:
    """Hand what blocks of the same name and type remember to the tasks of a deployment."""
    before, now = block_types(tasks), after.block_types
    states = block_states(tasks)
    counts = {n: c for task in tasks for n, c in task.program.fault_counts.items()}
    same = {name for name, kind in now.items() if before.get(name) == kind}
    for task in after.built.tasks:
        task.program.restore({name: kept for name, kept in states.items() if name in same})
        task.program.count_on({name: count for name, count in counts.items() if name in same})
