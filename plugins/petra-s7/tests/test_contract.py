"""The contract of every driver."""

from __future__ import annotations

from attrs import evolve

from petra.drivers import Direction, Outcome
from petra.drivers.simulation.simulator import read_back
from petra.signals import Quality
from petra.testing import DriverContract, Rig
from petra_s7.address import Area
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


def test_a_string_leaves_alone_what_lies_behind_it():
    """Only what is used of a string is written; a text that the PLC has no room for is refused."""
    points = (
        S7Point(signal="text", address="DB1.STRING10", direction=BOTH),
        S7Point(signal="behind", address="DB1.INT32"),
    )
    config = S7Config(host="127.0.0.1", port=1, poll_ms=20.0, timeout_ms=500.0, points=points)
    with Rig(lambda port: S7Driver(evolve(config, port=port))) as rig:
        memory = rig.simulator.memory
        memory._areas[Area.DB, 1][10:12] = b"\x14\0"  # declared as STRING[20]
        rig.hold({rig.points[1]: 1234})
        rig.until_good()
        assert rig.command(rig.points[0], "xyz").outcome is Outcome.CONFIRMED
        assert rig.simulator.get(rig.points[1]) == 1234
        assert rig.command(rig.points[0], "x" * 21).outcome is Outcome.REJECTED


def test_a_point_that_is_refused_does_not_cost_the_others_their_company():
    """Once it is alone, the others are asked for together again."""
    points = tuple(S7Point(signal=f"s{n}", address=f"DB{n + 1}.REAL0") for n in range(40))
    config = S7Config(host="127.0.0.1", port=1, poll_ms=20.0, timeout_ms=500.0, points=points)
    with Rig(lambda port: S7Driver(evolve(config, port=port))) as rig:
        rig.until_good()
        memory, (bad, good) = rig.simulator.memory, rig.points[:2]

        def rounds(number: int) -> int:
            """Return how many requests so many readings of a good point take."""
            before, seen = memory.requests, {rig.reading(good).time}
            rig.until(lambda: seen.add(rig.reading(good).time) or len(seen) > number, "it is read")
            return memory.requests - before

        together = rounds(10)
        rig.simulator.refuse(bad)
        rig.until(lambda: rig.reading(bad).quality is Quality.BAD, "it is bad")
        rig.until(lambda: rounds(10) < 2 * together, "the others are read together")


def test_as_many_requests_are_under_way_as_the_plc_grants():
    """It is asked for four, and grants three, as an S7-1200 does."""
    with Rig(TestS7().make) as rig:
        rig.until_good()
        assert rig.status.detail.endswith("PDU 480, 3 under way")


def test_timers_count_as_the_two_bytes_that_they_are():
    """A plan that takes them for one has requests that the PLC finds too long."""
    points = (
        S7Point(signal="t", address="T0", count=200),
        S7Point(signal="b", address="DB1.BYTE0", count=200),
    )
    config = S7Config(host="127.0.0.1", port=1, poll_ms=20.0, timeout_ms=500.0, points=points)
    with Rig(lambda port: S7Driver(evolve(config, port=port))) as rig:
        rig.until_good()
        assert rig.status.refused == 0


def test_a_plc_that_talks_without_end_loses_its_session():
    """It answers as it should, and sends a thousand answers more that nobody has asked for."""
    rig = Rig(TestS7().make)
    server = rig.simulator._server
    answer = server._answer
    spare = bytes.fromhex("0300001502f080 32030000eeee00020000 0000 0401")
    server._answer = lambda *asked: answer(*asked) + spare * 1_000
    with rig:
        rig.until(lambda: rig.status.health.failures >= 2, "its session ends, and so does the next one")
        assert "keeps sending what it was not asked for" in rig.status.health.error
        rig.until_bad()


def test_a_point_that_shares_a_bit_with_a_written_one_reads_it_back():
    points = (
        S7Point(signal="valve", address="Q4.7", direction=Direction.WRITE),
        S7Point(signal="valve.back", address="Q4.7"),
        S7Point(signal="valve.next", address="Q4.6"),
        S7Point(signal="valve.byte", address="QB4"),
        S7Point(signal="speed", address="DB1.REAL4", direction=Direction.WRITE),
        S7Point(signal="speed.low", address="DB1.DBW6"),
        S7Point(signal="elsewhere", address="DB2.DBW6"),
        S7Point(signal="above", address="DB1.DBW8"),
    )
    driver = S7Driver(S7Config(host="127.0.0.1", points=points))
    found = read_back(driver.simulator(), driver.points)
    assert sorted(point.signal for point in found) == ["speed.low", "valve.back", "valve.byte"]
