"""A block that begins where its output's signal begins."""

from __future__ import annotations

import pytest

from petra import Block, Catalog, Out, State
from petra.config import configuration, load_bytes
from petra.engine.built import build
from petra.errors import DeclarationError
from petra.library import plugin
from petra.signals import LocalBus, Store
from petra.testing import ManualClock

TANK = """
signals:
- {name: level, type: float%s}
blocks:
- {name: tank, type: TANK_SIMULATION, inputs: {inflow: 6000.0, outflow: 0.0}, outputs: {tank_level: level}}
"""


@pytest.mark.parametrize(
    ("initial", "first"),
    [(", initial: 20.0", 20.0), (", initial: 0.0", 0.0), ("", 12.5), (", initial: 99.0", 25.0)],
)
def test_a_tank_begins_at_the_level_that_its_signal_declares(initial, first):
    catalog = Catalog.of(plugin)
    built = build(configuration(load_bytes((TANK % initial).encode(), catalog, {})).plant, catalog)
    bus = LocalBus(Store(built.layout, ManualClock()))
    (task,) = built.tasks
    task.program.scan(bus.store, 60.0)
    bus.store.publish(1, 1)
    assert bus.read("level").value == first
    task.program.scan(bus.store, 60.0)
    bus.store.publish(2, 2)
    assert bus.read("level").value == min(first + 0.75, 25.0)


def test_a_state_begins_with_an_output_of_its_own_type():
    with pytest.raises(DeclarationError, match="begins with 'out', which is not an output of the type float"):

        class Wrong(Block, type="WRONG_BEGINNING"):
            kept = State(0.0, begins_with="out")
            out = Out(bool)

            def step(self, dt):
                self.out = True
