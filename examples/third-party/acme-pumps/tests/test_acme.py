"""acme-pumps works next to an installed petra-core."""

import subprocess
import sys

import pytest
from acme_pumps.blocks import DryRun, PumpDuty, PumpHours

from petra.testing import assert_plugin_conforms


def test_the_plugin_is_listed(catalog):
    plugin = catalog.plugin("acme-pumps")
    assert (plugin.distribution, plugin.version) == ("acme-pumps", "1.2.0")
    assert [(o.group.value, o.name) for o in plugin.offers] == [
        ("block", "PUMP_HOURS"),
        ("block", "PUMP_DUTY"),
        ("condition", "dry_run"),
        ("command", "acme"),
    ]


def test_the_plugin_conforms():
    assert_plugin_conforms("acme-pumps")


def test_a_plant_uses_its_blocks(configuration):
    made = configuration(
        """
        signals:
          - {name: pump.running, type: bool}
          - {name: pump.flow, type: float}
        blocks:
          - name: hours
            type: PUMP_HOURS
            inputs: {running: pump.running}
            outputs: {hours: pump.hours, starts: pump.starts}
          - name: dry
            type: dry_run
            inputs: {running: pump.running, flow: pump.flow}
            outputs: {active: pump.dry}
            params: {minimum: 2, allowed: 10}
        """
    )
    assert [block.type for block in made.plant.blocks] == ["PUMP_HOURS", "dry_run"]


def test_hours_and_starts():
    block = PumpHours()
    for running in [True] * 10 + [False] * 5 + [True] * 10:
        block.running = running
        block.step(180.0)
    assert block.hours == pytest.approx(1.0)
    assert block.starts == 2


def test_dry_run_needs_time():
    block = DryRun(minimum=1.0, allowed=1.0)
    block.running, block.flow = True, 0.5
    active = []
    for _ in range(4):
        block.step(0.5)
        active.append(block.active)
    assert active == [False, False, True, True]
    block.flow = 2.0
    block.step(0.5)
    assert not block.active


def test_duty():
    block = PumpDuty()
    block.flow, block.head = 36.0, 20.0
    block.step(0.1)
    assert block.power == pytest.approx(1.957, abs=1e-3)


def test_the_command():
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "petra",
            "acme",
            "efficiency",
            "--flow",
            "36",
            "--head",
            "20",
            "--power",
            "2.6",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "1.96 kW of 2.60 kW: 75%\n"
