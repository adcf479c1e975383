"""acme-tank works next to an installed petra-core."""

import pytest
from acme_tank.cli import acme_tank
from acme_tank.config import TankConfig, TankPoint
from acme_tank.driver import TankDriver
from acme_tank.lines import SetLines
from click.testing import CliRunner

from petra.config import load_bytes
from petra.drivers import Direction, GarbledError
from petra.signals import Quality, QualityReason
from petra.testing import PushDriverContract, assert_plugin_conforms

POINTS = (
    TankPoint(signal="level", tag="tank7.level"),
    TankPoint(signal="far", tag="tank8.level"),
    TankPoint(signal="limit", tag="tank7.limit", direction=Direction.BOTH),
)


class TestTank(PushDriverContract):
    """Every promise of a driver whose peer tells by itself."""

    def make(self, port):
        return TankDriver(
            TankConfig(host="127.0.0.1", port=port, points=POINTS, timeout_ms=500.0, silence_ms=1_000.0)
        )

    def test_a_gauge_says_how_good_a_value_is(self):
        """A doubtful value is shown, and so is a bad one, each with its reason."""
        with self.rig() as rig:
            rig.until_good()
            level = rig.read[0]
            for quality in (Quality.UNCERTAIN, Quality.BAD, Quality.GOOD):
                status = QualityReason(quality)
                rig.device(lambda status=status: rig.simulator.push(level, 4.5, status))
                rig.until(lambda quality=quality: rig.reading(level).quality is quality, "its quality")
                assert rig.reading(level).value == 4.5
                assert bool(rig.bus.status(level.signal).reason) is (quality is not Quality.GOOD)

    def test_a_command_that_the_gauge_refuses_has_its_reason(self):
        with self.rig() as rig:
            rig.until_good()
            limit = rig.written[0]
            rig.device(rig.simulator._written.clear)
            assert rig.command(limit, 9.0).reason == "the tag is only read"


def test_the_plugin_conforms():
    assert_plugin_conforms("acme-tank")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme_tank: {host: a, points: [{signal: x, tag: 'a b'}]}", "tag"),
        (
            "acme_tank:\n  host: a\n  points: [{signal: x, tag: t}, {signal: y, tag: t}]",
            "the tag t is that of 'x' already",
        ),
        ("acme_tank: [{host: a}, {host: a}]", "another connection has the name 'a'"),
    ],
)
def test_a_mistake_has_its_place(catalog, text, said):
    problems = load_bytes(text.encode(), catalog, {}).problems
    assert any(said in str(problem) for problem in problems)


def test_lines_are_cut_and_garbage_is_refused():
    buffer = bytearray(b"set 1 tank7.limit 4.5\nset 2")
    assert SetLines().take(buffer) == (1, b"tank7.limit 4.5")
    assert SetLines().take(buffer) is None
    for garbage in (b"get 1 x\n", b"set x y\n", b"x" * 2_000):
        with pytest.raises(GarbledError):
            SetLines().take(bytearray(garbage))


def test_the_commands_of_every_protocol_are_there():
    assert {"plan", "monitor", "simulate", "points"} <= set(
        CliRunner().invoke(acme_tank, ["--help"]).output.split()
    )
