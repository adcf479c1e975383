"""The engine: from a configuration to a plant that runs, reloads, and remembers."""

from petra.engine.built import BuildError, Built, build
from petra.engine.difference import Change, ChangeAct, diff_configurations
from petra.engine.engine import Engine, EngineError

__all__ = [
    "BuildError",
    "Built",
    "Change",
    "ChangeAct",
    "Engine",
    "EngineError",
    "build",
    "diff_configurations",
]
