"""The hooks of this plugin. PETRA imports this module at every start, so it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra import Block, CliCommand, Condition, hookimpl

if TYPE_CHECKING:
    import click

PETRA_API = 1


@hookimpl
def petra_blocks() -> list[type[Block]]:
    """List the blocks."""
    from .blocks import PumpCurve, PumpDuty, PumpHours

    return [PumpHours, PumpDuty, PumpCurve]


@hookimpl
def petra_conditions() -> list[type[Condition]]:
    """List the conditions."""
    from .blocks import DryRun

    return [DryRun]


@hookimpl
def petra_cli_commands() -> list[CliCommand]:
    """List the commands."""
    return [CliCommand("acme", "Calculate with pumps.", _load)]


def _load() -> click.Command:
    from .cli import acme

    return acme
