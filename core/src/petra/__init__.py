"""PETRA: the automation engine for industrial Python.

These names are the public interface for plugins. Their modules are imported on first use, so `import petra`
is fast, and a command imports only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra._lazy import lazy
from petra._version import __version__

if TYPE_CHECKING:
    from petra.blocks import Block, Condition, In, Out, Param, Qualities, QualityOf, State, decided
    from petra.clock import Clock, SystemClock
    from petra.errors import DeclarationError, PetraError, PluginNotFoundError
    from petra.plant.actors import Actor, Capability
    from petra.plant.connecting import connect, connect_async
    from petra.plant.interface import Plant
    from petra.plugin import API_VERSION, Catalog, CliCommand, DriverKind, ServiceKind, hookimpl
    from petra.settings import Secret, SignalUse, about
    from petra.signals import Quality, SignalType

_HOME = {
    "API_VERSION": "petra.plugin",
    "Actor": "petra.plant.actors",
    "Block": "petra.blocks",
    "Capability": "petra.plant.actors",
    "Catalog": "petra.plugin",
    "CliCommand": "petra.plugin",
    "Clock": "petra.clock",
    "Condition": "petra.blocks",
    "DeclarationError": "petra.errors",
    "DriverKind": "petra.plugin",
    "In": "petra.blocks",
    "Out": "petra.blocks",
    "Param": "petra.blocks",
    "PetraError": "petra.errors",
    "Plant": "petra.plant.interface",
    "PluginNotFoundError": "petra.errors",
    "Quality": "petra.signals",
    "Qualities": "petra.blocks",
    "QualityOf": "petra.blocks",
    "Secret": "petra.settings",
    "ServiceKind": "petra.plugin",
    "SignalType": "petra.signals",
    "SignalUse": "petra.settings",
    "State": "petra.blocks",
    "SystemClock": "petra.clock",
    "about": "petra.settings",
    "connect": "petra.plant.connecting",
    "connect_async": "petra.plant.connecting",
    "decided": "petra.blocks",
    "hookimpl": "petra.plugin",
}

__all__ = [
    "API_VERSION",
    "Actor",
    "Block",
    "Capability",
    "Catalog",
    "CliCommand",
    "Clock",
    "Condition",
    "DeclarationError",
    "DriverKind",
    "In",
    "Out",
    "Param",
    "PetraError",
    "Plant",
    "PluginNotFoundError",
    "Qualities",
    "Quality",
    "QualityOf",
    "Secret",
    "ServiceKind",
    "SignalType",
    "SignalUse",
    "State",
    "SystemClock",
    "__version__",
    "about",
    "connect",
    "connect_async",
    "decided",
    "hookimpl",
]

__getattr__ = lazy(globals(), _HOME)


def __dir__() -> list[str]:
    return __all__
