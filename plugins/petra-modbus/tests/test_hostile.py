"""Peers that answer as they should, and say a thousand things more that nobody has asked for."""

from __future__ import annotations

import asyncio

import pytest

from petra.drivers import SessionError
from petra.signals import Quality
from petra.testing import Rig
from petra_modbus import wire
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusDriver, drivers
from petra_modbus.serial import PseudoPort, SerialTransport, open_exchange
from petra_modbus.transport import Transport

ANSWER = bytes((3, 2, 0, 7))
FRAMES = {"tcp": wire.tcp_frame(0xEEEE, 1, ANSWER), "rtu_over_tcp": wire.rtu_frame(1, ANSWER)}


def made(transport: Transport) -> ModbusDriver:
    points = (ModbusPoint(signal="level", address=0),)
    connection = ModbusConnection(name="device", transport=transport, points=points)
    (driver,) = drivers(ModbusConfig(connections=(connection,), poll_ms=20.0, timeout_ms=500.0))
    return driver


def chatter(rig: Rig, frame: bytes) -> None:
    """Let the device add a thousand frames to each answer."""
    server = rig.simulator._server  # type: ignore[attr-defined]
    answer = server._answer
    server._answer = lambda *asked: answer(*asked) + frame * 1_000


@pytest.mark.parametrize("kind", FRAMES)
def test_a_peer_that_talks_without_end_loses_its_session(kind):
    def make(port: int) -> ModbusDriver:
        return made(Transport(type=kind, host="127.0.0.1", port=port))

    rig = Rig(make)
    chatter(rig, FRAMES[kind])
    with rig:
        rig.until(lambda: rig.status.health.failures >= 2, "its session ends, and so does the next one")
        assert "keeps sending what it was not asked for" in rig.status.health.error
        rig.until(lambda: rig.reading(rig.points[0]).quality is Quality.BAD, "it is bad")


def test_a_serial_line_on_which_somebody_talks_without_end_is_closed(tmp_path):
    """The reader of the line is paused like any other transport: nothing is lost by it, nothing goes on."""

    async def main() -> None:
        path = tmp_path / "tty"
        talker = SerialTransport(PseudoPort(str(path)), asyncio.Protocol())
        exchange = open_exchange(Transport(type="rtu", device=str(path)), wire.RtuFraming())
        talker.write(FRAMES["rtu_over_tcp"] * 1_000)
        with pytest.raises(SessionError, match="keeps sending what it was not asked for"):
            await asyncio.wait_for(exchange.ended(), 20)
        talker.abort()

    asyncio.run(main())
