"""The engine: from a configuration to a plant that runs, reloads, and remembers."""

from petra.engine.build import BuildError, Built, build
from petra.engine.engine import Engine, EngineError, EngineStatus
from petra.engine.plan import Act, Change, plan

__all__ = ["Act", "BuildError", "Built", "Change", "Engine", "EngineError", "EngineStatus", "build", "plan"]
