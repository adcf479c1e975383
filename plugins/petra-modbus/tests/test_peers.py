"""A second implementation as judge: pymodbus against our simulator, our driver against its server."""

from __future__ import annotations

import asyncio

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from petra.drivers import Direction, Simulator
from petra.drivers.commands.order import Outcome
from petra.supervise import Supervisor
from petra.testing import Rig
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusDriver, drivers
from petra_modbus.transport import Transport

BOTH = Direction.BOTH
KINDS = pytest.mark.parametrize("kind", ["tcp", "rtu_over_tcp"])


def points() -> tuple[ModbusPoint, ...]:
    """One point of every type and order, every one written as well."""
    made = []
    at = 0
    for name in ("int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"):
        for order in ("ABCD", "CDAB", "BADC", "DCBA"):
            made.append(
                ModbusPoint(signal=f"{name}.{order}", address=at, data_type=name, order=order, direction=BOTH)
            )
            at += 4
    made.append(ModbusPoint(signal="coil", address="coil:3", data_type="bool", direction=BOTH))
    made.append(ModbusPoint(signal="bit", address="holding:900.9", data_type="bool", direction=BOTH))
    return tuple(made)


def connection(port: int, kind: str) -> ModbusConnection:
    return ModbusConnection(
        name="peer",
        transport=Transport(type=kind, host="127.0.0.1", port=port),
        points=points(),
        bit_write="mask",
    )


class Pymodbus(Simulator):
    """pymodbus's own server; what it holds is asked of it by its own client."""

    def __init__(self, driver: ModbusDriver, kind: str) -> None:
        super().__init__(driver.points)
        self._framer = FramerType.RTU if kind == "rtu_over_tcp" else FramerType.SOCKET

    async def start(self, host: str, port: int) -> int:
        device = SimDevice(
            id=1,
            simdata=(
                [SimData(0, values=[False] * 64, datatype=DataType.BITS)],
                [SimData(0, values=[False] * 64, datatype=DataType.BITS)],
                [SimData(0, values=[0] * 1000, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0] * 1000, datatype=DataType.REGISTERS)],
            ),
        )
        self._server = ModbusTcpServer(device, address=(host, port), framer=self._framer)
        await self._server.serve_forever(background=True)
        self.port = self._server.transport.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        await self._server.shutdown()
        await asyncio.sleep(0)

    def set(self, point, value) -> None:
        raise NotImplementedError

    def get(self, point):
        raise NotImplementedError

    def refuse(self, point) -> None:
        raise NotImplementedError

    def accept(self, point) -> None:
        raise NotImplementedError


def wanted(signal: str):
    if signal in ("coil", "bit"):
        return True
    kind = signal.split(".", maxsplit=1)[0]
    return {"int": -12_345, "uin": 54_321, "flo": -2.625}[kind[:3]] * (
        65_537 if kind[-2:] in ("32", "64") else 1
    )


@KINDS
def test_our_driver_writes_and_reads_what_pymodbus_serves(kind):
    """Every type in every order, and every kind of write, is confirmed by their server and means the same."""

    class Driver(ModbusDriver):
        def simulator(self) -> Pymodbus:
            return Pymodbus(self, kind)

    def make(port: int) -> Driver:
        return Driver(connection(port, kind), 0.02, 1.0)

    with Rig(make) as rig:
        rig.until(lambda: rig.status.sessions == 1, "connected")
        for point in rig.points:
            command = rig.command(point, wanted(point.signal))
            assert command.outcome is Outcome.CONFIRMED, str(command)
        framer = FramerType.RTU if kind == "rtu_over_tcp" else FramerType.SOCKET
        with ModbusTcpClient("127.0.0.1", port=rig.simulator.port, framer=framer) as client:
            held = client.read_holding_registers(0, count=120, device_id=1).registers
            for point in rig.points:
                if "." not in point.signal:
                    continue
                name, order = point.signal.split(".")
                at = point.detail.address.offset
                if at + 4 > 120:
                    continue
                registers = held[at : at + {"16": 1, "32": 2, "64": 4}[name[-2:]]]
                if order in ("BADC", "DCBA"):
                    registers = [(r >> 8) | (r & 255) << 8 for r in registers]
                word_order = "little" if order in ("CDAB", "DCBA") else "big"
                theirs = client.convert_from_registers(
                    registers, getattr(client.DATATYPE, name.upper()), word_order=word_order
                )
                assert theirs == wanted(point.signal), point.signal
            assert client.read_coils(3, count=1, device_id=1).bits[0] is True
            assert client.read_holding_registers(900, count=1, device_id=1).registers == [1 << 9]


@KINDS
def test_pymodbus_reads_and_writes_our_simulator(kind):
    """Their client finds what we hold and leaves what we find."""
    (driver,) = drivers(ModbusConfig(connections=(connection(1, kind),)))
    simulator = driver.simulator()
    thread = Supervisor("simulator")
    thread.start()
    try:
        port = thread.call(simulator.start("127.0.0.1", 0))
        framer = FramerType.RTU if kind == "rtu_over_tcp" else FramerType.SOCKET
        with ModbusTcpClient("127.0.0.1", port=port, framer=framer) as client:
            level = next(p for p in driver.points if p.signal == "float32.ABCD")
            simulator.set(level, 2.5)
            at = level.detail.address.offset
            read = client.read_holding_registers(at, count=2, device_id=1).registers
            assert client.convert_from_registers(read, client.DATATYPE.FLOAT32) == 2.5
            written = client.convert_to_registers(-7.75, client.DATATYPE.FLOAT32)
            assert not client.write_registers(at, written, device_id=1).isError()
            assert simulator.get(level) == -7.75
            assert not client.write_register(at, 0x4000, device_id=1).isError()
            assert not client.write_coil(3, True, device_id=1).isError()
            assert client.read_coils(0, count=10, device_id=1).bits[:10] == [i == 3 for i in range(10)]
            assert not client.write_coils(3, [False, True, True], device_id=1).isError()
            assert client.read_coils(3, count=3, device_id=1).bits[:3] == [False, True, True]
            assert not client.mask_write_register(
                address=900, and_mask=0xFFFF, or_mask=0, device_id=1
            ).isError()
            assert client.read_input_registers(0, count=125, device_id=1).registers == [0] * 125
            assert client.read_discrete_inputs(0, count=2_000, device_id=1).bits[:2_000] == [False] * 2_000
            assert client.read_holding_registers(65_500, count=100, device_id=1).exception_code == 2
            information = client.read_device_information(device_id=1).information
            assert information[0] == b"PETRA"
    finally:
        thread.call(simulator.stop())
        thread.stop()
