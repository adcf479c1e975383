"""What the operating system does to a plant, and that its device has the safe value at the end of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from petra.testing import Rig
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

PLANT = """
scan_time_ms: 10
signals: [{{name: sp, type: int, safe: 7}}]
blocks:
- {{name: give, type: MOVE, inputs: {{input: {wish}}}, outputs: {{out: sp}}}}
{more}
modbus:
  poll_ms: {poll}
  connections:
  - name: device
    transport: {{host: 127.0.0.1, port: {port}}}
    points: [{{signal: sp, address: 5, direction: write}}]
"""
TRIES = int(os.environ.get("PETRA_LIVES", "6"))


@pytest.fixture
def rig():
    """A device, with nothing that reads it but the test."""

    def make(port: int):
        transport = Transport(host="127.0.0.1", port=port)
        points = (ModbusPoint(signal="x", address=5),)
        (driver,) = drivers(
            ModbusConfig(connections=(ModbusConnection(name="d", transport=transport, points=points),))
        )
        return driver

    with Rig(make) as made:
        yield made


class Plant:
    """A process of `petra run` on a document that changes."""

    def __init__(self, folder, rig: Rig) -> None:
        self.rig = rig
        self.file = folder / "plant.yaml"
        self.write(50)
        self.log = (folder / "log.jsonl").open("wb")
        command = [sys.executable, "-m", "petra", "run", str(self.file), "--no-live", "--verbose"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log)

    def __enter__(self) -> Plant:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def write(self, wish: int, poll: int = 100, more: str = "") -> None:
        """Replace the document, as an editor does."""
        port = self.rig.driver.connection.transport.endpoint[1]
        fresh = self.file.with_name("fresh.yaml")
        fresh.write_text(PLANT.format(wish=wish, poll=poll, port=port, more=more))
        fresh.replace(self.file)

    @property
    def held(self) -> int:
        """What the device holds."""
        return self.rig.simulator.get(self.rig.points[0])

    def until_held(self, value: int) -> None:
        self.rig.until(lambda: self.held == value, f"the device has {value}: {self.said()}", 30)

    def tell(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        self.tell(signal.SIGTERM)
        return self.process.wait(30)

    def said(self) -> str:
        return (self.file.parent / "log.jsonl").read_text()[-3000:]


@pytest.fixture
def plant(tmp_path, rig):
    with Plant(tmp_path, rig) as made:
        made.until_held(50)
        yield made


@pytest.mark.parametrize("number", range(TRIES))
def test_a_stop_right_after_a_reload_leaves_the_device_safe(plant, number):
    """`systemctl reload; systemctl stop`: the connection changes, and there is no session in between."""
    plant.write(50, poll=200 + number)
    plant.tell(signal.SIGHUP)
    time.sleep(random.Random(number).uniform(0.0, 0.08))
    assert plant.end() == 0, plant.said()
    assert plant.held == 7, plant.said()
    assert "Traceback" not in plant.said()


def test_of_many_edits_the_last_one_runs(plant):
    """Also when an older document takes longer to read than the newer ones, and they come in between."""
    many = (
        f"- {{name: b{i}, type: MOVE, inputs: {{input: 1.0}}, outputs: {{out: o{i}}}}}" for i in range(1_500)
    )
    plant.write(666, more="\n".join(many))
    plant.tell(signal.SIGHUP)
    time.sleep(0.15)
    for wish in (101, 102, 200):
        plant.write(wish)
        plant.tell(signal.SIGHUP)
        time.sleep(0.005)
    plant.until_held(200)
    assert "is refused" not in plant.said()
    plant.write(201)
    plant.tell(signal.SIGHUP)
    plant.until_held(201)  # nothing older came after it
    assert plant.end() == 0


def test_a_storm_of_hangups_ends_nothing(plant):
    for turn in range(300):
        if turn % 20 == 0:
            plant.write(50, poll=100 + turn)
        plant.tell(signal.SIGHUP)
        time.sleep(0.005)
    assert plant.process.poll() is None, plant.said()
    assert plant.end() == 0, plant.said()
    assert plant.held == 7
    assert "Traceback" not in plant.said()


def test_a_hangup_before_the_start_and_at_the_end_does_no_harm(tmp_path, rig):
    with Plant(tmp_path, rig) as plant:
        while plant.held != 50:
            assert plant.process.poll() is None, plant.said()
            time.sleep(0.01)
            if plant.file.with_name("plant.data").exists():  # from here on it is the plant's own
                plant.tell(signal.SIGHUP)
        plant.tell(signal.SIGTERM)
        while plant.process.poll() is None:
            plant.tell(signal.SIGHUP)
            time.sleep(0.002)
        assert plant.process.returncode == 0, plant.said()
        assert plant.held == 7


def test_a_plant_is_not_run_twice_after_its_document_was_replaced(plant):
    plant.write(60)
    command = [sys.executable, "-m", "petra", "run", str(plant.file), "--for", "1s"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 2
    assert "runs already" in second.stderr
    assert plant.held == 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_told_again_and_again_it_writes_the_safe_value_all_the_same(plant, number):
    """`q` that is held down, a wrapper that passes Ctrl-C on: the second one waits for nothing but that."""
    while plant.process.poll() is None:
        plant.tell(number)
        time.sleep(0.01)
    assert plant.process.returncode in (0, 128 + number), plant.said()
    assert plant.held == 7, plant.said()
