"""`petra acme`: pump calculations at the command line."""

import click

from .blocks import PumpDuty


@click.group()
def acme() -> None:
    """Calculate with pumps."""


@acme.command()
@click.option("--flow", type=float, required=True, help="Delivered flow in m³/h.")
@click.option("--head", type=float, required=True, help="Delivery head in m.")
@click.option(
    "--power", type=click.FloatRange(min=0, min_open=True), required=True, help="Electrical power in kW."
)
def efficiency(flow: float, head: float, power: float) -> None:
    """Show how much of the electrical power reaches the water."""
    duty = PumpDuty()
    duty.flow, duty.head = flow, head
    duty.step(0.0)
    click.echo(f"{duty.power:.2f} kW of {power:.2f} kW: {duty.power / power:.0%}")
