"""What this plugin offers; light, because PETRA imports it at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import CliCommand, DriverKind, hookimpl

from .config import TankConfig

if TYPE_CHECKING:
    import click

    from .driver import TankDriver

PETRA_API = 1


@hookimpl
def petra_drivers() -> list[DriverKind[TankConfig]]:
    """List the drivers: which section is theirs, and how they are made of it."""
    return [DriverKind("acme_tank", TankConfig, _build)]


@hookimpl
def petra_cli_commands() -> list[CliCommand]:
    """List the commands."""
    return [CliCommand("acme-tank", "Watch and simulate Acme's tank gauges.", _command)]


def _build(config: TankConfig) -> list[TankDriver]:
    from .driver import TankDriver

    return [TankDriver(config)]


def _command() -> click.Group:
    from .cli import acme_tank

    return acme_tank
