"""A log that nobody reads stops no plant: standard error is a pipe whose reader stands still."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from petra.drivers import Direction
from petra.supervise import Supervisor
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

if TYPE_CHECKING:
    from pathlib import Path

PLANT = """\
scan_time_ms: 5
signals:
- {{name: level, type: int}}
- {{name: pump, type: bool, safe: false}}
blocks:
- {{name: high, type: GT, inputs: {{a: level, b: 5}}, outputs: {{out: pump}}}}
modbus:
  poll_ms: 20
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: level, address: 1}}
    - {{signal: pump, address: "coil:1", data_type: bool, direction: write}}
"""
LEVEL = ModbusPoint(signal="level", address=1)
PUMP = ModbusPoint(signal="pump", address="coil:1", data_type="bool", direction=Direction.WRITE)


class Device:
    """A simulated device that counts what it is asked."""

    def __init__(self) -> None:
        connection = ModbusConnection(
            name="device", transport=Transport(host="127.0.0.1"), points=(LEVEL, PUMP)
        )
        (driver,) = drivers(ModbusConfig(connections=(connection,)))
        self.level, self.pump = driver.points
        self.simulator = driver.simulator()
        self.requests = 0
        self.asked = threading.Event()
        self._answer = self.simulator.memory.answer
        self.simulator.memory.answer = self._count
        self.thread = Supervisor("device")

    def _count(self, unit: int, pdu: bytes) -> bytes | None:
        self.requests += 1
        self.asked.set()
        return self._answer(unit, pdu)


@pytest.fixture
def device() -> Iterator[tuple[Device, int]]:
    made = Device()
    made.thread.start()
    port = made.thread.call(made.simulator.start("127.0.0.1", 0))
    yield made, port
    made.thread.call(made.simulator.stop())
    made.thread.stop()


@contextmanager
def running(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a plant whose standard error is a pipe that is full, and stays so."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"." * 65_536)
    except BlockingIOError:
        os.set_blocking(into, True)
    process = subprocess.Popen([sys.executable, "-m", "petra", "run", str(file), "--verbose"], stderr=into)
    os.close(into)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        os.close(out)


def test_the_plant_runs_and_stops_although_nobody_reads_its_log(device, tmp_path):
    """Its device is asked on, the program is followed, SIGTERM ends it, the safe value is written."""
    made, port = device
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT.format(port=port))
    simulator = made.simulator
    with running(file) as process:
        for level in (9, 0, 9):
            simulator.set(made.level, level)
            asked = made.requests
            while simulator.get(made.pump) is not (level == 9) or made.requests < asked + 100:
                made.asked.clear()
                assert made.asked.wait(60), "no request goes to the device"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert simulator.get(made.pump) is False
