"""pyModbusTCP as judge: a library that shares no code with pymodbus, as server and as client."""

from __future__ import annotations

import struct

import pytest
from pyModbusTCP.client import ModbusClient
from pyModbusTCP.server import DataBank, ModbusServer

from petra.drivers import Direction, Outcome, Simulator
from petra.supervise import Supervisor
from petra.testing import Rig
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusDriver, drivers
from petra_modbus.transport import Transport

BOTH = Direction.BOTH
WANTED = {
    "int16": ("h", -12_345),
    "uint16": ("H", 54_321),
    "int32": ("i", -1_234_567_890),
    "uint32": ("I", 3_456_789_012),
    "int64": ("q", -1_234_567_890_123_456_789),
    "float32": ("f", -2.625),
    "float64": ("d", 1e-9),
}


def connection(port: int, *, single: bool = True, in_flight: int = 1) -> ModbusConnection:
    points = [
        ModbusPoint(signal=name, address=at * 4, data_type=name, direction=BOTH)
        for at, name in enumerate(WANTED)
    ]
    points.append(ModbusPoint(signal="coil", address="coil:3", data_type="bool", direction=BOTH))
    points.append(ModbusPoint(signal="bit", address="holding:90.9", data_type="bool", direction=BOTH))
    points.append(ModbusPoint(signal="seen", address="input:7", data_type="int16"))
    points += [
        ModbusPoint(signal=f"d{at}", address=f"discrete:{at}", data_type="bool") for at in range(5, 21)
    ]
    return ModbusConnection(
        name="peer",
        transport=Transport(host="127.0.0.1", port=port),
        points=tuple(points),
        bit_write="read_modify_write" if in_flight == 1 else "mask",
        write_single=single,
        in_flight=in_flight,
    )


class PyModbusTcp(Simulator):
    """Their server; what it holds is asked of its memory and not over the wire."""

    def __init__(self, driver: ModbusDriver) -> None:
        super().__init__(driver.points)
        self.held = DataBank()

    async def start(self, host: str, port: int) -> int:
        self._server = ModbusServer(host, port, no_block=True, data_bank=self.held)
        self._server.start()
        self._server._evt_running.wait(10)  # a client that comes before is sent away
        self.port: int = self._server._service.server_address[1]
        return self.port

    async def stop(self) -> None:
        self._server.stop()

    def set(self, point, value) -> None:
        raise NotImplementedError

    def get(self, point):
        raise NotImplementedError

    def refuse(self, point) -> None:
        raise NotImplementedError

    def accept(self, point) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("single", [True, False])
def test_their_server_holds_what_our_driver_writes(single):
    """Functions 1 to 6, 15 and 16, confirmed by reading back; registers as `struct` has them."""

    class Driver(ModbusDriver):
        def simulator(self) -> PyModbusTcp:
            return PyModbusTcp(self)

    with Rig(lambda port: Driver(connection(port, single=single), 0.02, 60.0)) as rig:
        held = rig.simulator.held
        lit = {5, 6, 11, 20}
        held.set_discrete_inputs(5, [at in lit for at in range(5, 21)])
        held.set_input_registers(7, [0xFFFE])
        rig.until(lambda: rig.reading(next(p for p in rig.points if p.signal == "d20")).value is True, "read")
        for point in rig.points:
            if point.direction.writes:
                wanted = WANTED[point.signal][1] if point.signal in WANTED else True
                command = rig.command(point, wanted)
                assert command.outcome is Outcome.CONFIRMED, str(command)
        for at, (layout, value) in enumerate(WANTED.values()):
            packed = struct.pack(">" + layout, value)
            assert held.get_holding_registers(at * 4, len(packed) // 2) == list(
                struct.unpack(f">{len(packed) // 2}H", packed)
            )
        assert held.get_coils(0, 8) == [at == 3 for at in range(8)]
        assert held.get_holding_registers(90, 1) == [1 << 9]
        seen = {p.signal: rig.reading(p).value for p in rig.points if not p.direction.writes}
        assert seen == {"seen": -2} | {f"d{at}": at in lit for at in range(5, 21)}


def test_their_client_reads_and_writes_our_simulator():
    (driver,) = drivers(ModbusConfig(connections=(connection(1),)))
    simulator = driver.simulator()
    thread = Supervisor("simulator")
    thread.start()
    try:
        port = thread.call(simulator.start("127.0.0.1", 0))
        client = ModbusClient("127.0.0.1", port, unit_id=1, timeout=60.0)
        simulator.set(next(p for p in driver.points if p.signal == "uint16"), 54_321)
        assert client.read_holding_registers(4, 1) == [54_321]
        assert client.read_holding_registers(0, 125)[4] == 54_321
        assert client.write_single_register(8, 0xFFFE)
        assert client.write_multiple_registers(9, list(range(123)))
        assert client.read_holding_registers(8, 3) == [0xFFFE, 0, 1]
        bits = [at % 3 == 0 for at in range(1_968)]
        assert client.write_multiple_coils(7, bits)
        assert client.write_single_coil(7, False)
        assert client.read_coils(7, 1_968) == [False, *bits[1:]]
        assert client.read_discrete_inputs(0, 2_000) == [False] * 2_000
        assert client.read_input_registers(65_535, 1) == [0]
        assert client.custom_request(bytes.fromhex("04ffff0002")) is None
        assert client.last_except == 2
        assert client.custom_request(b"\x07") is None
        assert client.last_except == 1
        found = client.read_device_identification()
        assert (found.vendor_name, found.product_code) == (b"PETRA", b"simulator")
        client.close()
    finally:
        thread.call(simulator.stop())
        thread.stop()
