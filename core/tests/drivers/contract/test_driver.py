"""What a driver has without saying anything, and what its host is told."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from petra.drivers import Driver, Point, SessionContext
from petra.drivers.contract.sessions import DriverSessions
from petra.drivers.contract.statistics import DriverStatistics
from petra.errors import PetraError
from petra.signals import LocalBus, Signal, SignalType, Store
from petra.testing import ManualClock

POINT = Point("a", SignalType.FLOAT, "1", station="u1")


class Plain(Driver):
    """A driver that says nothing more than it has to."""

    async def session(self, context: SessionContext) -> None:
        """Be nowhere."""


def test_a_protocol_without_a_simulator_says_so():
    with pytest.raises(PetraError, match="meter: there is no simulator for this protocol"):
        Plain("meter", [POINT]).simulator()


def test_a_device_holds_what_is_written_unless_its_driver_knows_better():
    assert Plain("meter", [POINT]).as_written(POINT, 1.25) == 1.25


def test_a_driver_that_has_done_nothing_has_counted_nothing():
    counts = attrs.asdict(DriverStatistics(), filter=lambda attribute, _: attribute.name != "response_s")
    assert set(counts.values()) == {0}


def test_the_host_is_woken_when_points_can_be_written_again():
    """It would write what it owes with the next tick only."""

    async def main() -> None:
        bus = LocalBus(Store([Signal("a", SignalType.FLOAT)], ManualClock()))
        sessions = DriverSessions(Plain("meter", [POINT]), bus, lambda: 7)
        context = sessions.begin(None)
        for happens in (
            context.connected,
            lambda: context.station_serves("u1"),
            lambda: context.announce([POINT]),
        ):
            before = sessions.wakeup.count
            happens()
            assert sessions.wakeup.count > before
            assert sessions.take_returned() == {POINT}
        context.station_serves("u2")
        assert sessions.take_returned() == set()

    asyncio.run(main())
