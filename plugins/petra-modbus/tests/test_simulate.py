"""`petra modbus simulate`: what ends it, and which points move by themselves."""

from __future__ import annotations

import signal
import subprocess
import sys

from petra.drivers.simulation.simulator import read_back
from petra_modbus.driver import drivers

DOCUMENT = """\
signals: [{{name: coil, type: bool}}, {{name: flag, type: bool}}, speed]
modbus:
  connections:
  - name: meter
    transport: {{host: 127.0.0.1, port: 1502}}
    points: [{}]
"""


def test_a_simulator_ignores_what_lets_a_plant_read_its_document_again(tmp_path):
    """`pkill -HUP petra` reaches it as well."""
    document = tmp_path / "plant.yaml"
    document.write_text(
        DOCUMENT.format("{signal: a, address: 1}")
        .replace("port: 1502", f"device: {tmp_path}/tty, type: rtu")
        .replace("host: 127.0.0.1, ", "")
    )
    command = [sys.executable, "-m", "petra", "modbus", "simulate", str(document)]
    simulator = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert simulator.stderr.readline() == f"meter: {tmp_path}/tty\n"
    simulator.send_signal(signal.SIGHUP)
    simulator.send_signal(signal.SIGTERM)
    _, said = simulator.communicate(timeout=60)
    assert (simulator.returncode, said) == (0, "")


def test_a_point_that_shares_a_bit_with_a_written_one_reads_it_back(modbus):
    points = """
      {signal: coil, address: "coil:7", direction: write}, {signal: coil.back, address: "coil:7"},
      {signal: coil.next, address: "coil:8"}, {signal: other.unit, address: "coil:7", unit_id: 2},
      {signal: flag, address: "holding:9.5", direction: write}, {signal: flag.word, address: 9},
      {signal: flag.next, address: "holding:9.6"}, {signal: input, address: "input:9"},
      {signal: speed, address: 20, data_type: float32, direction: write}, {signal: speed.low, address: 21},
      {signal: speed.across, address: 19, data_type: int32}, {signal: below, address: 18},
      {signal: above, address: 22}
    """
    (driver,) = drivers(modbus(DOCUMENT.format(points)))
    found = read_back(driver.simulator(), driver.points)
    assert sorted(point.signal for point in found) == ["coil.back", "flag.word", "speed.across", "speed.low"]
