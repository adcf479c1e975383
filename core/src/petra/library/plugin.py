"""The blocks of the core, registered through the same hook as those of any plugin."""

from __future__ import annotations

from importlib import import_module

from petra.blocks import Block, Condition
from petra.plugin.hookspecs import hookimpl

PETRA_API = 1

MODULES = (
    "logic", "comparison", "arithmetic", "selection", "timers", "counters", "memory", "trust", "process",
    "statistics", "bits", "texts", "control", "coordination", "schedule", "expression", "simulation",
)  # fmt: skip


@hookimpl
def petra_blocks() -> list[type[Block]]:
    """List the blocks of the standard library, in the order of their modules."""
    found: list[type[Block]] = []
    for name in MODULES:
        module = import_module(f"petra.library.{name}")
        for thing in vars(module).values():
            own = isinstance(thing, type) and issubclass(thing, Block) and thing.__module__ == module.__name__
            if own and not issubclass(thing, Condition):
                found.append(thing)
    return found
