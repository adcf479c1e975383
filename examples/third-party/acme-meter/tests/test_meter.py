"""acme-meter works next to an installed petra-core."""

import pytest
from acme_meter.cli import acme_meter
from acme_meter.config import MeterConfig, MeterPoint
from acme_meter.driver import MeterDriver
from click.testing import CliRunner

from petra.config import load_bytes
from petra.drivers import Direction
from petra.supervise import Supervisor
from petra.testing import DriverContract, assert_plugin_conforms

POINTS = (
    MeterPoint(signal="flow", channel=0),
    MeterPoint(signal="pressure", channel=1),
    MeterPoint(signal="far", channel=90),
    MeterPoint(signal="limit", channel=20, direction=Direction.BOTH),
)


TWICE = """\
acme_meter:
  host: a
  points:
  - {signal: a, channel: 1, direction: write}
  - {signal: b, channel: 1, direction: write}
"""


class TestMeter(DriverContract):
    """Every promise of a driver, over a line that refuses, drops, hangs, delays and garbles."""

    def make(self, port):
        config = MeterConfig(host="127.0.0.1", port=port, points=POINTS, poll_ms=20.0, timeout_ms=200.0)
        driver = MeterDriver(config)
        driver.patience = 1.0
        return driver


def test_the_plugin_conforms():
    assert_plugin_conforms("acme-meter")


def test_channels_are_read_together():
    driver = MeterDriver(MeterConfig(host="a", points=POINTS))
    assert [[p.signal for p in request.points] for request in driver.plan(driver.points)] == [
        ["flow", "pressure"],
        ["limit"],
        ["far"],
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme_meter: {host: a, points: [{signal: x, channel: 100}]}", "is not at least 0 and at most 99"),
        (TWICE, "channel 1 is already written by the point 'a'"),
        ("acme_meter: [{host: a}, {host: a}]", "another connection has the name 'a'"),
        ("acme_meter: {host: a, points: [{signal: x, chanel: 1}]}", "there is no 'chanel' here"),
    ],
)
def test_a_mistake_has_its_place(catalog, text, said):
    problems = load_bytes(text.encode(), catalog, {}).problems
    assert any(said in str(problem) for problem in problems)


def test_one_meter_is_read_and_written_by_hand():
    driver = MeterDriver(MeterConfig(host="127.0.0.1", points=POINTS))
    simulator, thread = driver.simulator(), Supervisor()
    thread.start()
    port = str(thread.call(simulator.start("127.0.0.1", 0)))
    try:
        said = CliRunner().invoke(acme_meter, ["write", "127.0.0.1", "20", "-4.5", "--port", port]).output
        assert said == "channel 20 = -4.5 (confirmed)\n"
        assert CliRunner().invoke(acme_meter, ["read", "127.0.0.1", "20", "--port", port]).output == "-4.5\n"
    finally:
        thread.call(simulator.stop())
        thread.stop()
