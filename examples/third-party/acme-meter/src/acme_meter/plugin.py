"""The hooks of this plugin. PETRA imports this module at every start, so it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import CliCommand, DriverKind, hookimpl

from .config import MeterConfig

if TYPE_CHECKING:
    import click

    from .driver import MeterDriver

PETRA_API = 1


@hookimpl
def petra_drivers() -> list[DriverKind[MeterConfig]]:
    """List the drivers: which section is theirs, and how they are made of it."""
    return [DriverKind("acme_meter", MeterConfig, _build)]


@hookimpl
def petra_cli_commands() -> list[CliCommand]:
    """List the commands."""
    return [CliCommand("acme-meter", "Plan, simulate and read Acme's meters.", _command)]


def _build(config: MeterConfig) -> list[MeterDriver]:
    from .driver import MeterDriver

    return [MeterDriver(config)]


def _command() -> click.Group:
    from .cli import acme_meter

    return acme_meter
