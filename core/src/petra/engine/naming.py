"""Who writes each signal of a plant, and who reads it, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from petra.scan.engine_signals import PREFIX

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.engine.engine import Engine
    from petra.engine.hosted import HostedDriver
    from petra.signals import Signal

Routes = Mapping[str, Sequence[tuple["HostedDriver", "Point"]]]


def writer_of(signal: Signal, routes: Routes, online: Mapping[str, str]) -> str:
    """Return who writes a signal: a block, a point, a driver, commands, or the engine itself."""
    if signal.written_by:
        return f"block {signal.written_by}"
    if signal.name.startswith(PREFIX):
        return "engine"
    if signal.name in online:
        return f"driver {online[signal.name]}"
    for driver, point in routes.get(signal.name, ()):
        if point.direction.reads:
            return f"point {driver.driver.name} {point.address}"
    return "commands"


def readers_of(engine: Engine) -> Mapping[str, Sequence[str]]:
    """Return who reads each signal: blocks by their inputs, and points that write it to a device."""
    found: dict[str, list[str]] = defaultdict(list)
    for task in engine.scheduler.tasks:
        for block in task.program.network.blocks:
            for name in dict.fromkeys(block.reads):
                found[name].append(f"block {block.name}")
    for signal, routes in engine.host.gate.routes.items():
        found[signal] += [f"point {d.driver.name} {p.address}" for d, p in routes if p.direction.writes]
    return found
