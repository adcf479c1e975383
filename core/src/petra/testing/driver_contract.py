"""The driver contract: the tests that every driver must pass. The tests of a plugin subclass it.

    class TestMeter(DriverContract):
        def make(self, port: int) -> Driver:
            return MeterDriver("127.0.0.1", port)

The driver runs against its own simulator, over a line that refuses, drops, hangs, garbles and delays. The
driver needs at least two points that are read and one that is written, a `timeout` and a `patience` of a
second or less, and points with a period of 100 ms or less.
"""

from __future__ import annotations

import gc
import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from petra.drivers.commands.order import WELL, Origin, Outcome
from petra.drivers.simulation.faults import Fault, FaultKind
from petra.plant import Actor
from petra.signals import Quality, SignalType
from petra.supervise import ActivityState
from petra.testing.rig import QUICK, Rig, resources

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver
    from petra.drivers.contract.point import Point
    from petra.signals import Value
    from petra.testing.rig import Spoil

_VALUES: dict[SignalType, tuple[Value, Value]] = {
    SignalType.BOOL: (True, False),
    SignalType.INT: (7, 11),
    SignalType.FLOAT: (2.5, 7.25),
    SignalType.STRING: ("one", "two"),
}

RECONNECT = QUICK + 2.0
"""Seconds within which a driver must serve again after its peer does."""


class DriverContract:
    """The contract as a test class: subclass it as `Test...` and define `make`."""

    no_values: tuple[Any, ...] = (None, [], 2**70, math.nan, ValueError("no value"))
    """What no signal holds, of whichever type."""

    @abstractmethod
    def make(self, port: int) -> Driver:
        """Return the driver, configured for a device at this port of 127.0.0.1."""

    def values(self, point: Point) -> tuple[Value, Value]:
        """Return two values that the device can hold at a point."""
        return _VALUES[point.type]

    def rig(self, *, up: bool = True) -> Rig:
        """Return a rig with the driver, whose device holds the first values."""
        rig = Rig(self.make, up=up)
        rig.hold({point: self.values(point)[0] for point in rig.points})
        return rig

    def test_values_arrive_good_and_follow_the_device(self) -> None:
        """The signals take the values of the device."""
        with self.rig() as rig:
            rig.until_good()
            rig.hold({point: self.values(point)[1] for point in rig.points})
            rig.until_good()
            assert rig.status.health.state is ActivityState.SERVING

    def test_start_up_does_not_wait_and_a_refused_peer_is_bad_with_its_reason(self) -> None:
        """A missing device delays nothing, and is read as soon as it is reachable."""
        with self.rig(up=False) as rig:
            assert rig.started_within < 1.0
            rig.until_bad()
            rig.until(lambda: rig.status.health.failures >= 2, "a second try")
            assert all(rig.bus.status(point.signal).reason for point in rig.read)
            rig.line(None)
            assert rig.until_good() <= RECONNECT

    def test_a_dropped_session_makes_all_bad_and_comes_back(self) -> None:
        """The last values are held while the session is down."""
        with self.rig() as rig:
            rig.until_good()
            held = [rig.reading(point).value for point in rig.read]
            rig.line(Fault(FaultKind.REFUSE))
            rig.until_bad()
            assert [rig.reading(point).value for point in rig.read] == held
            rig.line(None)
            assert rig.until_good() <= RECONNECT

    def test_a_peer_that_hangs_is_left_and_found_again(self) -> None:
        """An open connection without any data does not count as alive."""
        with self.rig() as rig:
            rig.until_good()
            rig.line(Fault(FaultKind.HANG))
            rig.until_bad()
            rig.line(None)
            assert rig.until_good() <= RECONNECT + self.make(1).patience

    def test_a_peer_that_hangs_from_the_start_holds_up_nothing(self) -> None:
        """The attempt to connect has a time limit, too."""
        rig = self.rig()
        rig.line(Fault(FaultKind.HANG))
        with rig:
            assert rig.started_within < 1.0
            rig.until_bad()
            rig.until(lambda: rig.status.health.failures >= 2, "a second try")
            rig.line(None)
            rig.until_good()

    def test_a_slow_peer_is_read_all_the_same(self) -> None:
        """Late answers with varying delays are accepted."""
        with self.rig() as rig:
            rig.line(Fault(FaultKind.DELAY, delay_ms=10.0, delay_to_ms=60.0))
            rig.until_good()
            rig.hold({point: self.values(point)[1] for point in rig.points})
            rig.until_good()

    def test_garbage_ends_in_no_more_than_a_new_session(self) -> None:
        """After any input, the driver serves again when the line is good."""
        with self.rig() as rig:
            rig.until_good()
            rig.line(Fault(FaultKind.GARBLE, chance=0.5))
            before = rig.relay.accepted
            rig.until(
                lambda: rig.relay.accepted >= before + 3 or rig.status.unanswered + rig.status.refused >= 3,
                "garbage is noticed",
                20.0,
            )
            rig.line(None)
            rig.drop()  # a garbled write or answer may have left anything behind
            rig.until_good()

    def test_it_survives_a_peer_that_restarts_again_and_again(self) -> None:
        """The values are right each time, and no session is left open."""
        with self.rig() as rig:
            rig.until_good()
            for turn in range(10):
                rig.drop() if turn % 2 else rig.line(Fault(FaultKind.REBOOT))
                rig.line(None)
                value = turn % 2
                rig.hold({point: self.values(point)[value] for point in rig.points})
                assert rig.until_good() <= RECONNECT
            assert rig.relay.connections == 1

    def test_a_point_that_is_refused_is_bad_alone(self) -> None:
        """The other points are still read."""
        with self.rig() as rig:
            rig.until_good()
            bad, *others = rig.read
            rig.device(lambda: rig.simulator.refuse(bad))
            rig.until(lambda: rig.reading(bad).quality is Quality.BAD, "it is bad")
            rig.hold({point: self.values(point)[1] for point in rig.points})
            rig.until(
                lambda: all(
                    rig.reading(point).quality is Quality.GOOD
                    and rig.reading(point).value == rig.simulator.get(point)
                    for point in others
                ),
                "the others are good",
            )
            assert rig.reading(bad).quality is Quality.BAD
            assert rig.bus.status(bad.signal).reason
            assert rig.status.health.failures == 0

    def test_a_value_that_no_signal_holds_makes_its_point_bad_and_nothing_stays_good(self) -> None:
        """The session continues with all other points good; when it ends, all are bad with the reason."""
        with self.rig() as rig:
            rig.until_good()
            bad, *others = rig.read
            for wrong in self.no_values:
                rig.spoil(_in_place_of(bad, wrong))
                rig.tell_again()
                rig.until(lambda: self._said(rig, bad), f"{wrong!r} is bad")
                rig.until(
                    lambda: all(rig.reading(point).quality is Quality.GOOD for point in others),
                    "the others are good",
                )
                rig.spoil(None)
                rig.tell_again()
                rig.until_good()
            error = rig.status.health.error
            assert not error or "no answer" in error or "no progress" in error, (
                error
            )  # a busy machine is late
            rig.spoil(_in_place_of(bad, ValueError("no value")))
            rig.tell_again()
            rig.until(lambda: self._said(rig, bad), "it is bad")
            rig.line(Fault(FaultKind.REFUSE))
            rig.until_bad()
            assert all(rig.bus.status(point.signal).reason for point in rig.read)
            rig.spoil(None)
            rig.line(None)
            rig.until_good()

    def test_a_wrong_number_of_values_makes_all_of_them_bad(self) -> None:
        """The core cannot know which points they belong to."""
        with self.rig() as rig:
            rig.until_good()
            rig.spoil(lambda _, values: list(values)[:-1])
            rig.until(lambda: all(self._said(rig, point) for point in rig.read), "too few values are bad")
            rig.spoil(None)
            rig.until_good()

    def _said(self, rig: Rig, point: Point) -> bool:
        status = rig.bus.status(point.signal)
        return status.quality is Quality.BAD and status.reason.startswith("the driver gives")

    def test_a_command_is_confirmed_by_the_device(self) -> None:
        """The value is written, read back, and published."""
        with self.rig() as rig:
            rig.until_good()
            for point in rig.written:
                value = self.values(point)[1]
                command = rig.command(point, value)
                assert command.outcome in (Outcome.CONFIRMED, Outcome.UNVERIFIED), str(command)
                assert rig.simulator.get(point) == value
                rig.until(lambda point=point, value=value: rig.reading(point).value == value, "it is shown")  # type: ignore[misc]  # bound here

    def test_a_confirmed_value_that_no_signal_holds_confirms_nothing(self) -> None:
        """The command ends unverified with the reason, its point is bad where it is read."""
        with self.rig() as rig:
            rig.until_good()
            point = rig.written[0]
            for number, wrong in enumerate(self.no_values):
                rig.spoil(_in_place_of(point, wrong))
                command = rig.command(point, self.values(point)[number % 2])
                assert command.outcome is Outcome.UNVERIFIED, str(command)
                assert command.reason.startswith("the driver gives")
                if point.direction.reads:
                    rig.until(lambda: self._said(rig, point), f"{wrong!r} is bad")
                rig.spoil(None)
                rig.tell_again()
                rig.until_good()
            assert rig.status.health.failures == 0

    def test_commands_to_one_point_go_one_by_one(self) -> None:
        """With several requests in flight, each command is confirmed with its own value."""
        with self.rig() as rig:
            rig.until_good()
            for point in rig.written:
                values = [self.values(point)[number % 2] for number in range(11)]
                commands = [rig.host.command(point.signal, v, Actor("kit")) for v in values]
                for command in commands:
                    rig.until(lambda ended=command: ended.outcome.final, "it ends")  # type: ignore[misc]
                unlike = [c for c in commands if c.outcome not in WELL and "no answer" not in c.reason]
                assert [str(c) for c in unlike] == []  # a machine that is busy may be late with an answer
                assert commands[-1].outcome not in WELL or rig.simulator.get(point) == values[-1]

    def test_a_command_that_nobody_answers_times_out_and_is_not_sent_later(self) -> None:
        """A command without an answer is reported as timed out, once, and never repeated."""
        with self.rig() as rig:
            rig.until_good()
            point = rig.written[0]
            first, second = self.values(point)
            rig.line(Fault(FaultKind.HANG))
            command = rig.command(point, second)
            assert command.outcome in (Outcome.TIMED_OUT, Outcome.REJECTED), str(command)
            assert command.reason
            rig.line(None)
            rig.until_good()
            assert rig.simulator.get(point) == first

    def test_nobody_on_the_network_writes_without_a_policy(self) -> None:
        """The command is refused and counted, and nothing is sent to the device."""
        with self.rig() as rig:
            rig.until_good()
            point = rig.written[0]
            first, second = self.values(point)
            command = rig.command(point, second, Origin.NETWORK)
            assert command.outcome is Outcome.REJECTED
            assert command.refused
            assert rig.simulator.get(point) == first

    def test_nothing_is_left_behind(self) -> None:
        """No thread, socket or file stays open, in any state of the line."""
        gc.collect()
        before = resources()
        for fault in (None, FaultKind.REFUSE, FaultKind.HANG, FaultKind.DELAY, FaultKind.GARBLE):
            with self.rig() as rig:
                rig.until_good()
                rig.line(Fault(fault) if fault else None)
                rig.until(lambda: rig.bus.image.scan >= 1, "a scan")
        gc.collect()
        assert resources() == before


def _in_place_of(point: Point, wrong: object) -> Spoil:
    """Return a function that replaces the value of one point."""

    def spoil(signals: tuple[str, ...], values: Any) -> list[Any]:
        return [wrong if signal == point.signal else v for signal, v in zip(signals, values, strict=True)]

    return spoil
