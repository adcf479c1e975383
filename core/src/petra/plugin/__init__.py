"""Plugins: the hooks they implement, the kinds they offer, and the catalog of what is there."""

from petra.plugin.catalog import Catalog, Offer, Plugin
from petra.plugin.faults import PluginFault, Stage
from petra.plugin.hookspecs import API_VERSION, hookimpl
from petra.plugin.kinds import CliCommand, DriverKind, RunningEngine, ServiceKind

__all__ = [
    "API_VERSION",
    "Catalog",
    "CliCommand",
    "DriverKind",
    "Offer",
    "Plugin",
    "PluginFault",
    "RunningEngine",
    "ServiceKind",
    "Stage",
    "hookimpl",
]
