"""acme-pumps works next to an installed petra-core."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from acme_pumps.blocks import DryRun, PumpCurve, PumpDuty, PumpHours

from petra.testing import Bench, assert_plugin_conforms, assert_vectors


def test_the_plugin_is_listed(catalog):
    plugin = catalog.plugin("acme-pumps")
    assert (plugin.distribution, plugin.version) == ("acme-pumps", "1.2.0")
    assert [(o.group.value, o.name) for o in plugin.offers] == [
        ("block", "PUMP_HOURS"),
        ("block", "PUMP_DUTY"),
        ("block", "PUMP_CURVE"),
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
    for running in [True] * 10 + [False] * 5 + [True] * 11:
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
    assert active == [False, False, False, True]
    block.flow = 2.0
    block.step(0.5)
    assert not block.active


def test_duty():
    block = PumpDuty()
    block.flow, block.head = 36.0, 20.0
    block.step(0.1)
    assert block.power == pytest.approx(1.957, abs=1e-3)


@pytest.mark.parametrize("cls", [DryRun, PumpHours, PumpCurve])
def test_vectors(cls):
    assert_vectors(cls, Path(__file__).parent / "vectors" / f"{cls.spec.type}.yaml")


def test_a_curve_that_is_none_is_refused():
    with pytest.raises(ValueError, match="their flows rise"):
        PumpCurve(curve="20:30, 0:32")


def test_a_pump_on_a_bench():
    """Beyond the end of its curve the block faults: its output is held, and says why it is bad."""
    bench = Bench(PumpCurve, {"flow": 30.0})
    bench.scan()
    assert bench.outputs() == {"head": 27.0}
    bench.write("flow", 80.0)
    bench.scan()
    assert bench.outputs() == {"head": 27.0}
    assert "the curve ends at 60 m³/h" in bench.fault


def test_a_plant_with_its_blocks_runs(tmp_path):
    plant = tmp_path / "plant.yaml"
    plant.write_text(
        "blocks:\n"
        "- {name: hours, type: PUMP_HOURS, inputs: {running: true}, outputs: {starts: starts}}\n"
        "- {name: curve, type: PUMP_CURVE, inputs: {flow: 20.0}, outputs: {head: head}}\n"
    )
    command = [sys.executable, "-m", "petra", "run", plant, "--scans", "3", "--scan-time", "1ms", "--json"]
    signals = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["signals"]
    assert (signals["starts"]["value"], signals["head"]["value"]) == (1, 30.0)


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
