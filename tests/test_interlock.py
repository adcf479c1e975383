"""A pumping station whose devices die and come back at random: what becomes of the pump, from end to end.

Devices and plant are processes of their own; what the pump was told is read by another implementation of
Modbus, pymodbus.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "pumping-station.yaml"
KILLS = int(os.environ.get("PETRA_KILLS", "3"))
LONG = 60.0  # seconds after which a test that waits for an event gives up

PLANT = """
scan_time_ms: 20
signals:
- {{name: pump.run, type: bool, safe: false, safe_after_ms: 300}}
- {{name: heater, type: bool, safe: false, safe_after_ms: 300}}
- {{name: start, type: bool}}
- {{name: stop, type: bool}}
- {{name: lamp, type: bool}}

s7:
- name: basin
  host: 127.0.0.1
  port: {s7}
  poll_ms: 50
  timeout_ms: 300
  online: basin.online
  points:
  - {{signal: basin.level, address: DB10.REAL0}}

modbus:
  poll_ms: 50
  timeout_ms: 300
  connections:
  - name: panel
    transport: {{host: 127.0.0.1, port: {panel}}}
    points:
    - {{signal: start, address: "coil:1", data_type: bool}}
    - {{signal: stop, address: "coil:2", data_type: bool}}
  - name: pump
    transport: {{host: 127.0.0.1, port: {pump}}}
    points:
    - {{signal: pump.run, address: "coil:1", data_type: bool, direction: write}}
    - {{signal: heater, address: "coil:2", data_type: bool, direction: write}}
    - {{signal: lamp, address: "coil:3", data_type: bool, direction: write}}

blocks:
- {{name: enough, type: GT, inputs: {{a: basin.level, b: 50.0}}, outputs: {{out: enough}}}}
- {{name: release, type: AND, inputs: {{in1: enough, in2: basin.online}}, outputs: {{out: pump.run}}}}
- {{name: warm, type: LT, inputs: {{a: basin.level, b: 1000.0}}, outputs: {{out: heater}}}}
- {{name: wanted, type: OR, inputs: {{in1: start, in2: lamp}}, outputs: {{out: wanted}}}}
- {{name: go, type: NOT, inputs: {{input: stop}}, outputs: {{out: go}}}}
- {{name: seal, type: AND, inputs: {{in1: wanted, in2: go}}, outputs: {{out: lamp}}}}
"""
SCRIPTS = {
    "s7": "values: [{signal: basin.level, pattern: constant, offset: 80.0}]",
    "modbus": "values: [{signal: start, pattern: constant, offset: 1}, "
    "{signal: stop, pattern: constant, offset: 0}]",
}


def free_ports(count: int) -> list[int]:
    """Return ports that are free and stay so: below those that the system gives to connections."""
    dice = random.Random(f"{os.getpid()} {time.monotonic_ns()}")
    found: list[int] = []
    while len(found) < count:
        port = dice.randrange(15_000, 32_000)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


class Station:
    """The plant and its devices, each a process."""

    def __init__(self, folder: Path, *, example: bool) -> None:
        self.folder = folder
        s7, self.pump_port, panel = free_ports(3)
        self.file = folder / "station.yaml"
        if example:
            text = EXAMPLE.read_text("utf-8").replace("15102", str(s7)).replace("15020", str(self.pump_port))
        else:
            text = PLANT.format(s7=s7, pump=self.pump_port, panel=panel)
        self.first = 0 if example else 1  # the first coil
        self.scripts = {"s7": SCRIPTS["s7"], "modbus": "" if example else SCRIPTS["modbus"]}
        self.file.write_text(text)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = ModbusTcpClient("127.0.0.1", port=self.pump_port, timeout=1, retries=0)

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "petra", *command], stdout=log, stderr=log
            )

    def simulate(self, protocol: str) -> None:
        script = self.folder / f"{protocol}.yaml"
        script.write_text(self.scripts[protocol])
        more = ["--script", str(script)] if self.scripts[protocol] else []
        self.start(protocol, protocol, "simulate", str(self.file), *more)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def coils(self) -> list[bool] | None:
        """Return what the pump's coils hold; None while nobody answers."""
        try:
            answer = self.client.read_coils(self.first, count=3)
        except Exception:  # noqa: BLE001 - a device that is away raises whatever it does
            return None
        return None if answer.isError() else answer.bits[:3]

    def until(self, what: str, condition: Callable[[list[bool]], bool]) -> None:
        end = time.monotonic() + LONG
        while (held := self.coils()) is None or not condition(held):
            assert self.processes["plant"].poll() is None, self.said()
            assert time.monotonic() < end, f"{what}: the coils are {held}\n{self.said()}"
            time.sleep(0.01)

    def said(self) -> str:
        logs = (self.folder / f"{name}.log" for name in ("plant", "s7", "modbus"))
        return "\n".join(log.read_text()[-2000:] for log in logs if log.exists())

    def close(self) -> None:
        self.client.close()
        for name in list(self.processes):
            self.kill(name)


@pytest.fixture
def station(tmp_path, request):
    made = Station(tmp_path, example=getattr(request, "param", False))
    try:
        yield made
    finally:
        made.close()


def test_the_pump_stops_when_its_sensor_dies_and_runs_again_when_it_is_back(station):
    """The interlock by what is known, the heater by its safe value; the lamp seals in, whoever was first."""
    dice = random.Random(KILLS)
    station.start("plant", "run", str(station.file), "--no-live")  # before any device is there
    time.sleep(dice.uniform(0.0, 1.0))
    station.simulate("modbus")
    station.until("the lamp seals in, although its device came later", lambda coils: coils[2])
    station.simulate("s7")
    station.until("all run", lambda coils: coils == [True, True, True])
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.0, 0.5))
        station.kill("s7")
        station.until("pump and heater stop, the lamp stays", lambda coils: coils == [False, False, True])
        time.sleep(dice.uniform(0.0, 0.5))
        station.simulate("s7")
        station.until("all run again", lambda coils: coils == [True, True, True])


def test_a_pump_that_comes_back_is_told_what_holds(station):
    dice = random.Random(KILLS + 1)
    station.simulate("s7")
    station.simulate("modbus")
    station.start("plant", "run", str(station.file), "--no-live")
    station.until("all run", lambda coils: coils == [True, True, True])
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.0, 0.5))
        station.kill("modbus")  # with the panel: start and stop are not known any more
        alive = dice.random() < 0.5
        if not alive:
            station.kill("s7")
        time.sleep(dice.uniform(0.0, 1.0))
        station.simulate("modbus")
        told = [alive, alive]
        station.until("the pump is told", lambda coils, told=told: coils[:2] == told)
        if not alive:
            station.simulate("s7")
        station.until("all run again", lambda coils: coils == [True, True, True])


@pytest.mark.parametrize("station", [True], indirect=True, ids=["examples/pumping-station.yaml"])
def test_the_pump_of_the_example_stops_when_its_plc_is_killed(station):
    station.simulate("s7")
    station.simulate("modbus")
    station.start("plant", "run", str(station.file), "--no-live")
    station.until("the pump runs", lambda coils: coils[0])
    station.kill("s7")
    station.until("the pump stops", lambda coils: not coils[0])
    station.simulate("s7")
    station.until("the pump runs again", lambda coils: coils[0])
