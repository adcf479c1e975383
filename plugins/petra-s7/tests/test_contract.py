"""The contract of every driver."""

from __future__ import annotations

from petra.drivers import Direction
from petra.testing import DriverContract
from petra_s7.config import S7Config, S7Point
from petra_s7.driver import S7Driver

BOTH = Direction.BOTH


class TestS7(DriverContract):
    def make(self, port: int):
        driver = S7Driver(
            S7Config(
                host="127.0.0.1",
                port=port,
                poll_ms=20.0,
                timeout_ms=200.0,
                points=(
                    S7Point(signal="level", address="DB1.REAL0"),
                    S7Point(signal="count", address="DB1.INT4"),
                    S7Point(signal="far", address="DB1.DINT4000"),
                    S7Point(signal="other", address="DB7.WORD2"),
                    S7Point(signal="label", address="DB1.STRING100.20", direction=BOTH),
                    S7Point(signal="alarm", address="M3.5"),
                    S7Point(signal="input", address="I0.1"),
                    S7Point(signal="setpoint", address="DB2.REAL0", direction=BOTH),
                    S7Point(signal="valve", address="Q4.7", direction=BOTH),
                    S7Point(signal="pieces", address="C5", direction=BOTH),
                ),
            )
        )
        driver.patience = 1.0
        return driver
