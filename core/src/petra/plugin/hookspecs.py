"""Everything that a plugin can offer: one page, read from top to bottom.

A plugin is a light module that an entry point of the group `petra.plugins` names:

    [project.entry-points."petra.plugins"]
    acme = "petra_acme.plugin"

The module says which version of this page it was written for and implements the hooks it needs:

    from petra import hookimpl

    PETRA_API = 1

    @hookimpl
    def petra_blocks():
        from .blocks import Doubler
        return [Doubler]

Hooks that list something *register*: each is called once, when a catalog is made, and never during a scan.
The last two report that an engine has started or is about to stop. Names are unique among all installed
plugins. What a hook imports is imported at every start: keep the heavy library behind `build` and `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from petra.blocks import Block, Condition
    from petra.plugin.kinds import CliCommand, DriverKind, RunningEngine, ServiceKind

API_VERSION = 1
"""Incremented when a hook changes its meaning or is removed; a new hook does not change it."""

LIFE_CYCLE = ("petra_engine_started", "petra_engine_stopping")
"""The hooks that report an event and list nothing."""

PROJECT = "petra"
ENTRY_POINTS = "petra.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def petra_blocks() -> Sequence[type[Block]]:  # type: ignore[empty-body]
    """List the block classes that this plugin provides."""


@hookspec
def petra_conditions() -> Sequence[type[Condition]]:  # type: ignore[empty-body]
    """List the conditions that this plugin provides: blocks with exactly one bool output, for alarms."""


@hookspec
def petra_drivers() -> Sequence[DriverKind[Any]]:  # type: ignore[empty-body]
    """List the driver kinds that this plugin provides; each owns the configuration section of its name."""


@hookspec
def petra_services() -> Sequence[ServiceKind[Any]]:  # type: ignore[empty-body]
    """List the service kinds that this plugin provides; each owns the configuration section of its name."""


@hookspec
def petra_cli_commands() -> Sequence[CliCommand]:  # type: ignore[empty-body]
    """List the commands that this plugin adds to `petra`; each is loaded when it is called."""


@hookspec
def petra_engine_started(engine: RunningEngine) -> None:
    """Begin what runs beside the plant: `engine.activities.add(name, coroutine_function)`.

    Called once, when the engine scans, in a thread of its own; waited for five seconds.
    """


@hookspec
def petra_engine_stopping(engine: RunningEngine) -> None:
    """Prepare for the end: the scan has stopped, the bus can still be read. Waited for five seconds.

    Safe values go out meanwhile. Activities are ended after them, the last one added first.
    """
