"""`petra acme-tank`: what PETRA offers for every protocol."""

from __future__ import annotations

import click

from petra.cli.protocol import protocol_commands


@click.group()
def acme_tank() -> None:
    """Watch and simulate Acme's tank gauges."""


for _command in protocol_commands("acme_tank"):
    acme_tank.add_command(_command)
