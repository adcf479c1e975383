"""Configuration: one document, and problems that name the place."""

from petra.config.document import ConfigurationError, Loaded, configuration, load, load_bytes
from petra.config.models import BlockConfig, PlantConfig, SignalConfig, TaskConfig
from petra.config.problems import Problem, Severity
from petra.config.reader import Configuration

__all__ = [
    "BlockConfig",
    "Configuration",
    "ConfigurationError",
    "Loaded",
    "PlantConfig",
    "Problem",
    "Severity",
    "SignalConfig",
    "TaskConfig",
    "configuration",
    "load",
    "load_bytes",
]
