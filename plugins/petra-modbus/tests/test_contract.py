"""The contract of every driver, over TCP, several requests under way, and RTU over TCP."""

from __future__ import annotations

from petra.testing import DriverContract
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint, Transport
from petra_modbus.driver import drivers

BOTH = {"direction": "read_write"}


def connection(port: int, kind: str = "tcp", **more: object) -> ModbusConnection:
    from petra.drivers import Direction

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


class TestTcp(DriverContract):
    def make(self, port: int):
        return made(connection(port))


class TestSeveralUnderWay(DriverContract):
    def make(self, port: int):
        return made(connection(port, in_flight=4, online="device.online"))


class TestRtuOverTcp(DriverContract):
    def make(self, port: int):
        return made(connection(port, "rtu_over_tcp", bit_write="read_modify_write", write_single=False))
