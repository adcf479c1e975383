"""The function that each write uses, and RTU answers that are late, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from petra.drivers import Direction, Exchange, NoAnswerError
from petra.testing import run_virtual
from petra_modbus import wire
from petra_modbus.address import Area
from petra_modbus.client import RtuLine, read
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusSession, drivers
from petra_modbus.memory import Memory
from petra_modbus.transport import Transport


class Units:
    """A line to the memory of a simulator, which keeps the functions that are requested."""

    def __init__(self) -> None:
        self.memory = Memory([1])
        self.functions: list[int] = []

    async def ask(self, unit: int, pdu: bytes) -> bytes:
        self.functions.append(pdu[0])
        answer = self.memory.answer(unit, pdu)
        assert answer is not None
        return answer


def written(point: ModbusPoint, values: list[object], **more: object) -> tuple[list[int], object]:
    """Return the functions that write some values, and what is found afterwards."""
    transport = Transport(host="a")
    connection = ModbusConnection(name="a", transport=transport, points=(point,), **more)  # type: ignore[arg-type]
    (driver,) = drivers(ModbusConfig(connections=(connection,)))
    units = Units()
    session = ModbusSession(connection, units, driver.limits)  # type: ignore[arg-type]

    async def write() -> None:
        for value in values:
            await session.write(driver.points[0], value)  # type: ignore[arg-type]

    asyncio.run(write())
    return units.functions, units.memory.get(driver.points[0].detail)


def both(address: str, kind: str) -> ModbusPoint:
    return ModbusPoint(signal="a", address=address, data_type=kind, direction=Direction.BOTH)


@pytest.mark.parametrize(
    ("address", "kind", "single", "function"),
    [
        ("holding:5", "int16", True, 6),
        ("holding:5", "int16", False, 16),
        ("holding:5", "int32", True, 16),
        ("coil:5", "bool", True, 5),
        ("coil:5", "bool", False, 15),
    ],
)
def test_one_value_is_written_with_the_function_that_the_device_has(address, kind, single, function):
    values = [True, False, True] if kind == "bool" else [7, -7]
    assert written(both(address, kind), values, write_single=single) == ([function] * len(values), values[-1])


@pytest.mark.parametrize(("how", "functions"), [("mask", [22]), ("read_modify_write", [3, 6])])
@pytest.mark.parametrize("last", [True, False])
def test_a_bit_is_set_and_cleared(how, functions, last):
    values = [not last, last]
    assert written(both("holding:5.9", "bool"), values, bit_write=how) == (functions * 2, last)


class Wire:
    """A serial line on which a unit answers the first request a while too late."""

    def __init__(self, exchange: Exchange, late: float) -> None:
        self._exchange = exchange
        self._late = late
        self.sent: list[float] = []

    def write(self, _: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.sent.append(loop.time())
        answer = wire.rtu_frame(1, bytes((3, 2, 0, len(self.sent))))
        delay = self._late if len(self.sent) == 1 else 0.01
        loop.call_later(delay, self._exchange.data_received, answer)

    def abort(self) -> None:
        pass


@pytest.mark.parametrize("late", [0.11, 0.15, 0.19])
def test_a_late_answer_is_not_taken_for_the_next_one(late):
    """The unit is not asked again until an answer would have come that takes twice the time limit."""

    async def main() -> None:
        exchange = Exchange(wire.RtuFraming())
        carrier = Wire(exchange, late)
        exchange.connection_made(carrier)  # type: ignore[arg-type]
        line = RtuLine(exchange, 0.1, 0.0)
        with pytest.raises(NoAnswerError, match="no answer within"):
            await read(line, 1, Area.HOLDING, 0, 1)
        assert await read(line, 1, Area.HOLDING, 0, 1) == b"\0\2"
        assert carrier.sent[1] - carrier.sent[0] == pytest.approx(0.2)
        exchange.close()

    run_virtual(main())
