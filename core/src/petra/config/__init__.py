"""Configuration: one document, and problems that name the place."""

from petra.config.document import Configuration, ConfigurationError, Loaded, configuration, load, load_bytes
from petra.config.problems import Problem, Severity

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Loaded",
    "Problem",
    "Severity",
    "configuration",
    "load",
    "load_bytes",
]
