"""`petra s7`, as a field engineer uses it, against the simulator; `s7_test` of the original is covered."""

from __future__ import annotations

import asyncio
import json

import pytest
import yaml
from click.testing import CliRunner

from petra.cli.protocol.points import read, table, written
from petra.drivers import Direction
from petra.supervise import Supervisor
from petra_s7.cli import s7
from petra_s7.client import identify, open_line
from petra_s7.config import S7Config, S7Point
from petra_s7.driver import S7Driver

POINTS = (
    S7Point(signal="motor", address=0, area="DB", db_number=100, data_type="bool", bit=0),
    S7Point(signal="speed", address="DB100.REAL4", direction=Direction.BOTH, maximum=1500.0),
    S7Point(signal="name", address="DB100.STRING20.10"),
    S7Point(signal="merker", address="MW20", count=3),
)


@pytest.fixture
def plc():
    driver = S7Driver(S7Config(host="127.0.0.1", points=POINTS))
    simulator = driver.simulator()
    values = (True, 25.5, "press", 1, 2, 3)
    for point, value in zip(driver.points, values, strict=True):
        simulator.set(point, value)
    thread = Supervisor("plc")
    thread.start()
    yield f"127.0.0.1:{thread.call(simulator.start('127.0.0.1', 0))}"
    thread.call(simulator.stop())
    thread.stop()


def call(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(s7, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_connect_says_what_was_agreed(plc):
    assert "PDU 480" in call("connect", plc)
    assert "Connection refused" in call("connect", "127.0.0.1:1", code=1)


def test_info_says_what_it_is(plc):
    assert json.loads(call("info", plc, "--json"))["system name"] == "PETRA simulator"


def test_info_that_is_longer_than_a_pdu_comes_in_parts(plc):
    """An S7-300 has PDUs of 240 bytes, and its list of components is longer."""
    host, _, port = plc.rpartition(":")

    async def info(pdu: int) -> dict[str, str]:
        line = await open_line(S7Config(host=host, port=int(port), pdu=pdu), 5.0)
        try:
            assert line.pdu == pdu
            return await identify(line)
        finally:
            line.exchange.close()

    short, long = asyncio.run(info(112)), asyncio.run(info(480))
    assert short == long
    assert long["module type"] == "CPU simulated"
    assert long["order number"] == "6ES7 000-0SIM0-0AB0"


def test_read_as_the_original_did_and_as_step_7_writes(plc):
    apart = ("--area", "DB", "--db", 100, "--address")
    assert call("read", plc, *apart, 0, "--data-type", "bool", "--bit", 0).strip() == "true"
    assert call("read", plc, *apart, 4, "--data-type", "real").strip() == "25.5"
    assert call("read", plc, "DB100.REAL4").strip() == "25.5"
    assert call("read", plc, "DB100.STRING20.10").strip() == "press"
    assert json.loads(call("read", plc, "MW20", "--count", 3, "--json")) == {"MW20": 1, "MW22": 2, "MW24": 3}


def test_write_is_verified(plc):
    apart = ("--area", "DB", "--db", 100, "--address", 4, "--data-type", "real")
    assert "= 27.25 (confirmed)" in call("write", plc, *apart, "--value", 27.25)
    assert call("read", plc, "DB100.REAL4").strip() == "27.25"
    assert "= -1.5 (confirmed)" in call("write", plc, "DB100.REAL4", "--value", -1.5)
    assert "confirmed" in call("write", plc, "DB100.STRING20.10", "saw")
    assert "= -2.5 (confirmed)" in call("write", plc, "DB100.REAL4", -2.5)
    assert "= 27.5 (confirmed)" in call("write", plc, *apart, 27.5)
    assert "confirmed" in call("write", plc, "DB100.DBX0.3", "--value", "on")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("read", "T"), "give ADDRESS"),
        (("read", "T", "DB1"), "is not a valid address"),
        (("read", "T", "DB9.DBW0"), "no such block"),
        (("read", "T", "MW70000"), "end at 65535"),
        (("read", "T", "--area", "DB", "--address", "3"), "belong together"),
        (("write", "T", "I0.0", "--value", "1"), "not written"),
        (("write", "T", "DB100.REAL4", "--value", "fast"), "is not a number"),
        (("write", "T", "DB100.REAL4"), "give what to write once"),
        (("write", "T", "DB100.REAL4", "1", "--value", "2"), "give what to write once"),
        (("write", "T", "DB100.REAL4", "inf"), "is not a number that a PLC takes"),
        (("write", "T", "DB100.INT0", "--value", "70000"), "does not fit into int"),
        (("scan", "T", "--dbs", "x"), "is not a range"),
        (("scan", "T", "--dbs", "65535-65537"), "is not a range within 1 to 65535"),
        (("connect", "T", "--remote-tsap", "zz"), "is not a valid TSAP"),
    ],
)
def test_what_cannot_be_says_why_without_a_traceback(plc, arguments, said):
    done = CliRunner().invoke(s7, [plc if a == "T" else a for a in arguments])
    assert done.exit_code in (1, 2), done.output
    assert said in done.output
    assert isinstance(done.exception, SystemExit)


def test_scan_finds_data_blocks(plc):
    assert call("scan", plc, "--dbs", "98-101").splitlines() == ["DB100: 65536 bytes", "1 data block"]


def test_points_go_to_csv_and_come_back_without_loss(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(table((S7Config(host="h", name="press", points=POINTS),)), encoding="utf-8")
    found, problems = read(path, S7Config)
    assert problems == ()
    assert found == [("press", point) for point in POINTS]
    assert len(yaml.safe_load(written(found))) == len(POINTS)
