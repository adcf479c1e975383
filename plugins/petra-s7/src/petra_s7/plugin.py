"""What this plugin offers; light, because PETRA imports it at every start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import CliCommand, DriverKind, hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from petra.drivers import Driver

    from .config import S7Config

PETRA_API = 1


@hookimpl
def petra_drivers() -> list[DriverKind[S7Config]]:
    """List the section `s7`."""
    from .config import S7Config

    return [DriverKind("s7", S7Config, _build)]


def _build(config: S7Config) -> Sequence[Driver]:
    from .driver import drivers

    return drivers(config)


@hookimpl
def petra_cli_commands() -> list[CliCommand]:
    """List `petra s7`."""
    return [CliCommand("s7", "Talk to S7 PLCs, plan and simulate them.", _load)]


def _load() -> click.Command:
    from .cli import s7

    return s7
