"""What this plugin offers; light, because PETRA imports it at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import CliCommand, DriverKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from petra.drivers import Driver

    from .config import ModbusConfig

PETRA_API = 1


@hookimpl
def petra_drivers() -> list[DriverKind[ModbusConfig]]:
    """List the section `modbus`."""
    from .config import ModbusConfig

    return [DriverKind("modbus", ModbusConfig, _build)]


def _build(config: ModbusConfig) -> Sequence[Driver]:
    from .driver import drivers

    return drivers(config)


@hookimpl
def petra_cli_commands() -> list[CliCommand]:
    """List `petra modbus`."""
    return [CliCommand("modbus", "Talk to Modbus devices, plan and simulate them.", _load)]


def _load() -> click.Command:
    from .cli import modbus

    return modbus
