"""The contract of drivers whose peers tell by themselves, beside what every driver has to survive.

    class TestTank(PushDriverContract):
        def make(self, port: int) -> Driver:
            return TankDriver("127.0.0.1", port)

Its simulator is a `PushSimulator`, and its protocol tells which points the peer has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from petra.drivers.commands.order import Origin, Outcome
from petra.drivers.simulation.simulator import PushSimulator
from petra.signals import Quality
from petra.testing.driver_contract import DriverContract

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.testing.rig import Rig

_TIME = 1_700_000_000_000_000_000


class PushDriverContract(DriverContract):
    """Subclass it as `Test...` and define `make`."""

    no_values = (None, b"", [], 2**70, math.nan, ValueError("no value"))
    """What no signal holds; None is taken only with a status that is not good."""
    test_a_wrong_number_of_values_makes_all_of_them_bad = None  # type: ignore[assignment]  # pytest leaves it out
    """Each value comes with its point."""

    def simulator(self, rig: Rig) -> PushSimulator:
        """Return the device of a rig."""
        assert isinstance(rig.simulator, PushSimulator)
        return rig.simulator

    def test_a_value_has_its_own_time(self) -> None:
        """It is when the device has measured it, and not when it arrived."""
        with self.rig() as rig:
            rig.until_good()
            for number, point in enumerate(rig.read):
                self._push(rig, point, 1, _TIME + number)
            rig.until(
                lambda: (
                    [rig.reading(p).time for p in rig.read]
                    == [_TIME + number for number in range(len(rig.read))]
                ),
                "their times",
            )
            rig.until_good()

    def test_a_value_that_does_not_change_does_not_go_stale(self) -> None:
        """Nothing is heard of it for a day, and the session serves."""
        with self.rig() as rig:
            rig.until_good()
            rig.grow_old(86_400.0)
            rig.scan()
            assert [rig.reading(point).quality for point in rig.read] == [Quality.GOOD] * len(rig.read)

    def test_a_point_that_goes_is_bad_alone_and_comes_back_with_its_value(self) -> None:
        """It holds its last value; its reason is that of the peer; commands to it are refused."""
        with self.rig() as rig:
            rig.until_good()
            gone = rig.written[0]
            held = rig.reading(gone).value
            rig.device(lambda: self.simulator(rig).withdraw(gone, "it is being cleaned"))
            signal = gone.signal if gone.direction.reads else ""
            if signal:
                rig.until(lambda: rig.bus.status(signal).quality is Quality.BAD, "it is bad")
                assert "it is being cleaned" in rig.bus.status(signal).reason
                assert rig.reading(gone).value == held
            assert all(rig.reading(p).quality is Quality.GOOD for p in rig.read if p is not gone)
            command = rig.command(gone, self.values(gone)[1])
            assert command.outcome is Outcome.REJECTED, str(command)
            rig.device(lambda: self.simulator(rig).announce(gone))
            rig.until_good()
            assert rig.command(gone, self.values(gone)[1]).outcome in (
                Outcome.CONFIRMED,
                Outcome.UNVERIFIED,
            )
            assert rig.status.health.failures == 0

    def test_a_session_knows_nothing_of_what_the_one_before_was_told(self) -> None:
        """A point that went meanwhile is bad, and says that the peer does not have it."""
        with self.rig() as rig:
            rig.until_good()
            gone, *others = rig.read
            rig.device(lambda: self.simulator(rig).withdraw(gone, "it is being cleaned"))
            rig.drop()
            rig.until(lambda: rig.status.sessions >= 2, "a new session")
            rig.until(
                lambda: all(
                    rig.reading(p).quality is Quality.GOOD and rig.reading(p).value == rig.simulator.get(p)
                    for p in others
                ),
                "the others are good",
            )
            assert rig.bus.status(gone.signal).quality is Quality.BAD
            rig.device(lambda: self.simulator(rig).announce(gone))
            rig.until_good()

    def test_what_the_program_wants_is_written_to_a_point_that_comes_back(self) -> None:
        """It waits while the peer does not have the point, and is sent once."""
        with self.rig() as rig:
            rig.until_good()
            point = rig.written[0]
            wanted = self.values(point)[1]
            rig.device(lambda: self.simulator(rig).withdraw(point, "it is being cleaned"))
            if point.direction.reads:
                rig.until(lambda: rig.reading(point).quality is Quality.BAD, "it is gone")
            command = rig.order(point, wanted, Origin.LOGIC)
            rig.device(lambda: self.simulator(rig).announce(point))
            rig.until(lambda: command.outcome.final, "an outcome")
            assert command.outcome in (Outcome.CONFIRMED, Outcome.UNVERIFIED), str(command)
            assert rig.simulator.get(point) == wanted

    def _push(self, rig: Rig, point: Point, which: int, time: int) -> None:
        value = self.values(point)[which]
        rig.device(lambda: self.simulator(rig).push(point, value, source_time=time))
