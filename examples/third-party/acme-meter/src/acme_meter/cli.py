"""`petra acme-meter`: the commands that PETRA provides for every protocol, and `read` and `write`."""

from __future__ import annotations

from typing import Any

import click

from petra.cli.protocol import how_to_read, protocol_commands, read_points, write_point
from petra.drivers import Direction

from .config import CHANNELS, MeterConfig, MeterPoint
from .driver import MeterDriver

_CHANNEL = click.argument("channel", type=click.IntRange(0, CHANNELS - 1))
_PORT = click.option("--port", type=int, default=4001, show_default=True)


@click.group()
def acme_meter() -> None:
    """Plan, simulate, read and write Acme's meters."""


@acme_meter.command()
@click.argument("host")
@_CHANNEL
@_PORT
@how_to_read
def read(host: str, channel: int, *, port: int, **how: Any) -> None:
    """Read CHANNEL of the meter at HOST."""
    read_points(_driver(host, port, channel), **how)


@acme_meter.command(context_settings={"ignore_unknown_options": True})  # -5 is a value
@click.argument("host")
@_CHANNEL
@click.argument("value")
@_PORT
def write(host: str, channel: int, value: str, *, port: int) -> None:
    """Write VALUE to CHANNEL of the meter at HOST, and read it back."""
    write_point(_driver(host, port, channel), value, verify=True)


def _driver(host: str, port: int, channel: int) -> MeterDriver:
    point = MeterPoint(signal="value", channel=channel, direction=Direction.BOTH)
    return MeterDriver(MeterConfig(host=host, port=port, points=(point,)))


for _command in protocol_commands("acme_meter"):
    acme_meter.add_command(_command)
