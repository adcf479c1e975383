"""RTU on a serial line: a pty in place of the wire, with units that live and die."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from petra.clock import SystemClock
from petra.drivers import Direction, SessionError
from petra.drivers.commands.order import Outcome
from petra.engine.host import DriverHost
from petra.plant import Actor
from petra.signals import LocalBus, Quality, Signal, Store
from petra.supervise import Supervisor
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.serial import PseudoPort
from petra_modbus.transport import Transport


class Line:
    """Ten units on one pseudo-terminal, and the driver that asks them."""

    def __init__(self, path, units: int = 10, period: float = 500.0, timeout: float = 100.0) -> None:
        points = []
        for unit in range(1, units + 1):
            points.append(ModbusPoint(signal=f"u{unit}.level", address=0, data_type="float32", unit=unit))
            points.append(ModbusPoint(signal=f"u{unit}.set", address=50, unit=unit, direction=Direction.BOTH))
        connection = ModbusConnection(
            name="line",
            transport=Transport(type="rtu", device=str(path), baud_rate=115_200),
            points=tuple(points),
        )
        (self.driver,) = drivers(ModbusConfig(connections=(connection,), poll_ms=period, timeout_ms=timeout))
        self.simulator = self.driver.simulator()
        self.thread = Supervisor("units")
        self.thread.start()
        self.thread.call(self.simulator.start("", 0))
        clock = SystemClock()
        self.bus = LocalBus(Store([Signal(p.signal, p.type) for p in self.driver.points], clock))
        self.io = Supervisor()
        self.io.start()
        self.host = DriverHost(self.bus, clock, self.io)
        self.host.start([self.driver])
        self.scans = 0

    def close(self) -> None:
        self.host.stop(5.0)
        self.io.stop(5.0)
        self.thread.call(self.simulator.stop())
        self.thread.stop()

    def silence(self, unit: int, *, silent: bool) -> None:
        async def silence() -> None:
            self.simulator.silence(f"unit {unit}", silent=silent)

        self.thread.call(silence())

    def until(self, condition, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while True:
            self.scans += 1
            self.bus.store.latch()
            self.bus.store.publish(self.scans, time.time_ns())
            if condition():
                return
            assert time.monotonic() < end, self.host.status()
            time.sleep(0.002)

    def qualities(self) -> set[int]:
        """The units whose level is good."""
        return {
            unit
            for unit in range(1, 11)
            if f"u{unit}.level" in self.bus.layout.index
            and self.bus.read(f"u{unit}.level").quality is Quality.GOOD
        }


@pytest.fixture
def line(tmp_path):
    made = Line(tmp_path / "tty")
    yield made
    made.close()


def test_units_on_one_line_are_read_and_written(line):
    for number, point in enumerate(line.driver.points):
        line.simulator.set(point, number if "set" in point.signal else number + 0.5)
    line.until(lambda: len(line.qualities()) == 10)
    assert line.bus.read("u3.level").value == 4.5
    command = line.host.command("u7.set", 4_321, Actor("me"))
    line.until(lambda: command.outcome.final)
    assert command.outcome is Outcome.CONFIRMED, str(command)


def test_a_dead_unit_is_bad_alone_and_comes_back(line):
    line.until(lambda: len(line.qualities()) == 10)
    line.silence(4, silent=True)
    line.until(lambda: line.qualities() == {1, 2, 3, 5, 6, 7, 8, 9, 10})
    assert "unit 4: no answer" in line.bus.status("u4.level").reason
    assert line.host.status()["line"].health.failures == 0
    line.silence(4, silent=False)
    line.until(lambda: len(line.qualities()) == 10)


def test_a_line_that_is_not_there_is_a_reason(tmp_path):
    made = Line(tmp_path / "tty", units=1)
    made.until(lambda: made.qualities() == {1})
    made.thread.call(made.simulator.stop())
    made.until(lambda: made.qualities() == set())
    made.until(lambda: "tty" in made.bus.status("u1.level").reason)
    made.close()


def test_a_link_to_a_real_device_is_left_alone(tmp_path):
    """udev makes such links in /dev/serial/by-id. What a simulator has left behind is taken over."""
    link = tmp_path / "by-id"
    link.symlink_to("/dev/null")
    with pytest.raises(SessionError, match="is a real device"):
        PseudoPort(str(link))
    assert link.readlink() == Path("/dev/null")
    link.unlink()
    link.symlink_to("/dev/pts/999999")
    PseudoPort(str(link)).close()
    assert not link.exists()
