"""A plugin in a single file, without packaging: `petra --plugins-dir examples/plugins ...`."""

from petra import Block, In, Out, Param, hookimpl

PETRA_API = 1


class Volume(Block, type="TANK_VOLUME"):
    """Volume of water in an upright round tank."""

    level = In(float, unit="m", doc="Water above the bottom")
    diameter = Param(float, default=2.0, minimum=0.01, unit="m", doc="Inner diameter")
    volume = Out(float, unit="m³", doc="Water in the tank")

    def step(self, dt):
        self.volume = 0.7853981633974483 * self.diameter * self.diameter * self.level


@hookimpl
def petra_blocks():
    """List the blocks."""
    return [Volume]
