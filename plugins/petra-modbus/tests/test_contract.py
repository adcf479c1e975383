"""The contract of every driver, over TCP, several requests under way, and RTU over TCP."""

from __future__ import annotations

import gc
import time

import pytest
from attrs import evolve

from petra.drivers import Direction, Exchange, Outcome
from petra.plant import Actor
from petra.signals import Quality
from petra.testing import DriverContract, Rig
from petra_modbus.address import Area
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

BOTH = {"direction": "read_write"}


def connection(port: int, kind: str = "tcp", **more: object) -> ModbusConnection:
    both = Direction.BOTH
    return ModbusConnection(
        name="device",
        transport=Transport(type=kind, host="127.0.0.1", port=port),  # type: ignore[arg-type]
        points=(
            ModbusPoint(signal="level", address=0, data_type="float32"),
            ModbusPoint(signal="count", address=2),
            ModbusPoint(signal="far", address=400, data_type="int32"),
            ModbusPoint(signal="label", address=10, data_type="string", length=7, direction=both),
            ModbusPoint(signal="alarm", address="discrete:3", data_type="bool"),
            ModbusPoint(signal="setpoint", address=100, data_type="float32", direction=both, order="CDAB"),
            ModbusPoint(signal="valve", address="coil:7", data_type="bool", direction=both),
            ModbusPoint(signal="flag", address="holding:120.5", data_type="bool", direction=both),
        ),
        **more,  # type: ignore[arg-type]
    )


def made(each: ModbusConnection):
    (driver,) = drivers(ModbusConfig(connections=(each,), poll_ms=20.0, timeout_ms=200.0))
    driver.patience = 1.0
    return driver


def patient(each: ModbusConnection):
    """A driver that waits for every answer, however busy the machine is."""
    (driver,) = drivers(ModbusConfig(connections=(each,), poll_ms=20.0, timeout_ms=60_000.0))
    return driver


class TestTcp(DriverContract):
    def make(self, port: int):
        return made(connection(port))


class TestSeveralUnderWay(DriverContract):
    def make(self, port: int):
        return made(connection(port, in_flight=4, online="device.online"))


class TestRtuOverTcp(DriverContract):
    def make(self, port: int):
        return made(connection(port, "rtu_over_tcp", bit_write="read_modify_write", write_single=False))


@pytest.mark.parametrize("kind", ["tcp", "rtu_over_tcp"])
def test_connections_that_have_ended_are_let_go(kind):
    """Besides the one that serves, the last error may still hold its own."""

    def alive() -> int:
        gc.collect()
        return sum(type(each) is Exchange for each in gc.get_objects())

    before = alive()
    with Rig(lambda port: made(connection(port, kind))) as rig:
        for _ in range(10):
            rig.until_good()
            sessions = rig.status.sessions
            rig.drop()
            rig.until(lambda sessions=sessions: rig.status.sessions > sessions, "the next one")
        assert alive() <= before + 2
    assert alive() <= before


def output(port: int):
    points = (ModbusPoint(signal="out", address=5, direction=Direction.WRITE, verify=False),)
    return patient(evolve(connection(port), points=points))


def test_a_busy_device_is_given_what_the_program_wants_in_the_end():
    """Nobody says it again: the signal does not change any more."""
    with Rig(output) as rig:
        (point,), memory = rig.points, rig.simulator.memory
        answer, refusals = memory.answer, [6] * 3

        def busy(unit: int, pdu: bytes) -> bytes | None:
            return bytes((pdu[0] | 0x80, refusals.pop())) if refusals else answer(unit, pdu)

        memory.answer = busy
        rig.bus.write("out", 1234)
        rig.until(lambda: rig.simulator.get(point) == 1234, "it is taken")
        rig.until(lambda: all(c.outcome.final for c in rig.host.ledger.commands()), "every command ends")
        outcomes = [c.outcome for c in rig.host.ledger.commands()]
        assert outcomes == [Outcome.REJECTED] * 3 + [Outcome.UNVERIFIED]


def test_what_a_device_refuses_for_good_is_said_once():
    with Rig(output) as rig:
        rig.simulator.refuse(rig.points[0])
        rig.bus.write("out", 1234)
        rig.until(lambda: bool(rig.host.ledger.counts), "it is refused")
        began = time.monotonic()
        rig.until(lambda: time.monotonic() > began + 0.8, "it would have been tried again")
        assert rig.host.ledger.counts == {Outcome.REJECTED: 1}


def test_a_device_that_needs_long_has_taken_a_command():
    """Exception 5 is no refusal: what was written is looked for."""
    with Rig(lambda port: patient(connection(port))) as rig:
        rig.until_good()
        (point,) = (p for p in rig.points if p.signal == "setpoint")
        memory, answer = rig.simulator.memory, rig.simulator.memory.answer

        def slow(unit: int, pdu: bytes) -> bytes | None:
            if pdu[0] != 16:
                return answer(unit, pdu)
            rig._device.loop.call_later(0.1, answer, unit, pdu)
            return bytes((pdu[0] | 0x80, 5))

        memory.answer = slow
        assert rig.command(point, 7.5).outcome is Outcome.CONFIRMED
        assert rig.simulator.get(point) == 7.5


def test_what_lies_between_two_points_need_not_be_there():
    """The device refuses to read across; after that the two are asked for apart, and nothing is refused."""
    points = (ModbusPoint(signal="a", address=0), ModbusPoint(signal="b", address=5))
    with Rig(lambda port: patient(evolve(connection(port), points=points))) as rig:
        rig.simulator.memory.holes.add((1, Area.HOLDING, 3))
        rig.until(lambda: rig.status.refused > 0, "it reads across")
        rig.until_good()
        seen: set[int] = set()
        rig.until(lambda: seen.add(rig.reading(rig.points[0]).time) or len(seen) > 20, "it is read")
        assert rig.status.refused == 1
        assert rig.reading(rig.points[1]).quality is Quality.GOOD


def test_a_command_that_comes_before_the_last_one_can_be_read_back_takes_its_place():
    """The device needs a while until it shows what was written; the first value is never shown."""
    both = {"address": 5, "direction": Direction.BOTH, "settle_ms": 60_000.0}
    points = (ModbusPoint(signal="a", **both),)
    with Rig(lambda port: patient(evolve(connection(port), points=points))) as rig:
        rig.until_good()
        first = rig.host.command("a", 1, Actor("me"))
        rig.until(lambda: rig.simulator.get(rig.points[0]) == 1, "it is written")
        second = rig.host.command("a", 2, Actor("me"))
        rig.until(lambda: first.outcome.final, "it ends")
        assert (first.outcome, first.reason) == (
            Outcome.UNVERIFIED,
            "another value was written before it could be read back",
        )
        assert second.outcome is Outcome.SENT
