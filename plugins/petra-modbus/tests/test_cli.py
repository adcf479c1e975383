"""`petra modbus`, as a field engineer uses it, against the simulator."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from petra import Catalog
from petra.cli.protocol.points import read, table, written
from petra.config import configuration, load_bytes
from petra.drivers import Direction
from petra.supervise import Supervisor
from petra_modbus import plugin
from petra_modbus.address import Area
from petra_modbus.cli import modbus
from petra_modbus.codec import ORDERS
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import drivers
from petra_modbus.transport import Transport

PLANT = """\
modbus:
  poll_ms: 50
  connections:
  - name: meter
    transport: {{host: 127.0.0.1, port: {port}}}
    points:
    - {{signal: voltage, address: 10, data_type: float32, order: CDAB}}
    - {{signal: relay, address: "coil:3", data_type: bool, direction: read_write}}
    - {{signal: level, address: 40, direction: read_write, maximum: 100}}
"""


CATALOG = Catalog.of(plugin)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def plant(tmp_path):
    path = tmp_path / "plant.yaml"
    path.write_text(PLANT.format(port=free_port()))
    return path


@pytest.fixture
def meter():
    """A simulated meter, and where it is."""
    points = (
        ModbusPoint(signal="voltage", address=10, data_type="float32", order="CDAB"),
        ModbusPoint(signal="relay", address="coil:3", data_type="bool", direction=Direction.BOTH),
    )
    connection = ModbusConnection(name="m", transport=Transport(host="127.0.0.1"), points=points)
    (driver,) = drivers(ModbusConfig(connections=(connection,)))
    simulator = driver.simulator()
    simulator.set(driver.points[0], 230.5)
    thread = Supervisor("meter")
    thread.start()
    port = thread.call(simulator.start("127.0.0.1", 0))
    simulator.memory.holes.update((1, area, at) for area in Area for at in range(100, 200))
    yield f"127.0.0.1:{port}", simulator
    thread.call(simulator.stop())
    thread.stop()


def call(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(modbus, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_connect_says_whether_and_how_fast(meter):
    target, _ = meter
    assert "unit 1 answers in" in call("connect", target)
    assert "unit 9 does not answer" in call("connect", target, "--unit", 9, "--timeout", 1, code=1)
    assert "Connection refused" in call("connect", f"127.0.0.1:{free_port()}", code=1)


def test_info_says_who_made_it(meter):
    target, _ = meter
    assert json.loads(call("info", target, "--json"))["vendor"] == "PETRA"


def test_read_in_every_form(meter):
    target, _ = meter
    assert call("read", target, 10, "--type", "float32", "--order", "CDAB").strip() == "230.5"
    assert call("read", target, 40_011, "--modicon", "--type", "REAL", "--order", "CDAB").strip() == "230.5"
    assert call("read", target, "coil:3").strip() == "false"
    assert json.loads(call("read", target, 10, "--count", 2, "--json")) == {
        "holding:10": 32_768,
        "holding:11": 17_254,
    }
    assert call("read", target, 10, "--csv").strip().split(",")[1:] == ["holding:10", "32768"]


def test_write_is_verified(meter):
    target, simulator = meter
    assert "confirmed" in call("write", target, "coil:3", "on")
    assert simulator.get(simulator.points[1]) is True
    assert "confirmed" in call("write", target, 20, "-5.5", "--type", "float32")
    assert "-5.5" in call("read", target, 20, "--type", "float32")
    assert "does not fit into uint16" in call("write", target, 20, 70_000, code=1)
    assert "no such address" in call("write", target, 150, 1, code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("read", "T", "40001"), "40001 is ambiguous"),
        (("read", "T", "70000"), "end at 65535"),
        (("read", "T", "x"), "is not a valid address"),
        (("read", "T", "10", "--type", "string"), "needs its length"),
        (("write", "T", "10", "five"), "is not a whole number"),
        (("write", "T", "input:10", "5"), "the input registers cannot be written"),
        (("read", "T", "150"), "no such address"),
        (("scan", "T", "--units", "x"), "is not a range"),
        (("scan", "T", "--unit", "9", "--addresses", "0-999", "--timeout", "1"), "no answer within 1 s"),
        (("scan", "T", "--units", "5-2"), "is not a range"),
        (("detect", "T", "coil:1"), "only one interpretation"),
        (("read", "/nowhere/tty", "1"), "No such file"),
        (("read", "T", "10", "--scale", "0"), "leaves nothing"),
        (("write", "T", "10", "5", "--scale", "nan"), "leaves nothing"),
        (("read", "T", "10", "--type", "int16", "--offset", "nan"), "is not a finite number"),
    ],
)
def test_what_cannot_be_says_why_without_a_traceback(meter, arguments, said):
    done = CliRunner().invoke(modbus, [meter[0] if a == "T" else a for a in arguments])
    assert done.exit_code in (1, 2), done.output
    assert said in done.output
    assert isinstance(done.exception, SystemExit)


def test_scan_finds_units_and_addresses(meter):
    target, _ = meter
    assert call("scan", target, "--units", "1-3", "--timeout", 1).splitlines() == ["unit 1", "1 unit of 3"]
    found = call("scan", target, "--addresses", "0-299").splitlines()
    assert found == [
        "holding:0 to 99: 100 of them",
        "holding:200 to 299: 100 of them",
        "200 of 300 addresses",
    ]


def test_a_scan_of_addresses_bears_a_busy_device(meter):
    target, simulator = meter
    answer, busy = simulator.memory.answer, [6]
    simulator.memory.answer = lambda unit, pdu: (
        bytes((pdu[0] | 0x80, busy.pop())) if busy else answer(unit, pdu)
    )
    assert call("scan", target, "--addresses", "0-49").splitlines()[-1] == "50 of 50 addresses"


def test_the_detective_finds_the_reading(meter):
    target, _ = meter
    best = json.loads(call("detect", target, 10, "--expect", 230, "--json"))[0]
    assert best == {"value": 230.5, "address": "holding:10", "data_type": "float32", "order": "CDAB"}
    off_by_one = json.loads(call("detect", target, 11, "--expect", 230.5, "--json"))[:3]
    assert best in off_by_one
    assert "CDAB" in call("detect", target, 10)


def test_plan_shows_requests(plant):
    assert "3 points in 3 requests" in call("plan", plant)
    rows = json.loads(call("plan", plant, "--json"))
    assert [(r["from"], r["length"]) for r in rows] == [
        ("unit 1 coil:3", 1), ("unit 1 holding:10", 2), ("unit 1 holding:40", 1),
    ]  # fmt: skip
    assert "no connection 'x'" in call("plan", plant, "--connection", "x", code=1)


@contextmanager
def petra(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "petra", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_simulate_serves_the_points_and_monitor_shows_them(plant, tmp_path):
    """Two processes, as two terminals: values move as the script says, and both end when told to.

    The device is away for half a second in every four, however late the monitor comes.
    """
    script = tmp_path / "script.yaml"
    script.write_text(
        "values:\n- {signal: voltage, pattern: constant, offset: 231.5}\n"
        "faults:\n- {kind: reboot, at_s: 1, for_s: 0.5, every_s: 4}\n"
    )
    seen = []
    with petra("modbus", "simulate", plant, "--script", script) as simulator:
        assert "meter: 127.0.0.1:" in simulator.stderr.readline()
        with petra("modbus", "monitor", plant) as monitor:
            for row in csv.DictReader(monitor.stdout):
                if row["signal"] == "voltage":
                    seen.append((row["value"], row["quality"]))
                if seen.count(("231.5", "good")) >= 2 and ("231.5", "bad") in seen:
                    break
        simulator.send_signal(signal.SIGTERM)
        assert simulator.wait(60) == 0


def test_a_monitor_ends_when_its_time_is_over(plant):
    with petra("modbus", "monitor", plant, "--for", "100ms") as monitor:
        assert monitor.wait(60) == 0


def test_a_script_with_a_mistake_says_where(plant, tmp_path):
    script = tmp_path / "script.yaml"
    script.write_text("faults:\n- {kind: explode}\n")
    done = CliRunner().invoke(modbus, ["simulate", str(plant), "--script", str(script)])
    assert done.exit_code == 1
    assert f"{script}:2:10: error" in done.output
    script.write_text("values:\n- {signal: nothing}\n")
    done = CliRunner().invoke(modbus, ["simulate", str(plant), "--script", str(script)])
    assert "no point has that signal" in str(done.exception) + done.output


def test_a_simulator_says_when_a_run_would_go_to_the_real_device(plant, tmp_path):
    """And a script that says nothing changes nothing."""
    script = tmp_path / "script.yaml"
    script.write_text("# later\n")
    real = tmp_path / "real.yaml"
    real.write_text(plant.read_text().replace("127.0.0.1", "192.0.2.7"))
    with petra("modbus", "simulate", real, "--script", script) as simulator:
        said = simulator.stderr.readline()
        simulator.send_signal(signal.SIGTERM)
        assert simulator.wait(60) == 0
    assert "meter: 127.0.0.1:" in said
    assert "(a run of this document goes to 192.0.2.7:" in said


POINT = st.builds(
    ModbusPoint,
    signal=st.from_regex(r"[a-z][a-z0-9_.]{0,12}", fullmatch=True),
    address=st.integers(0, 9_000)
    | st.integers(0, 9_000).map(lambda at: f"holding:{at}")
    | st.sampled_from(["00017", "hr:007"]),
    data_type=st.sampled_from(["int16", "uint32", "float32", "float64", "Float32"]),
    direction=st.sampled_from(Direction),
    order=st.none() | st.sampled_from(ORDERS),
    scale=st.floats(0.001, 1_000.0),
    offset=st.floats(-1e6, 1e6),
    poll_ms=st.none() | st.floats(1.0, 1e6),
    unit=st.none() | st.integers(1, 247) | st.sampled_from(["bar", "°C", "m³/h"]),
    verify=st.booleans(),
    description=st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)
    | st.sampled_from(
        ["1e3", "no", "0x1F", "2026-11-21", "12:30", "${HOME}", "$${X}", "~", "1_000", "=", "null"]
    ),
)


@given(points=st.lists(POINT, min_size=1, max_size=8, unique_by=lambda p: p.signal))
@settings(max_examples=60)
def test_points_go_to_csv_and_come_back_without_loss(points, tmp_path_factory):
    connection = ModbusConnection(name="x", transport=Transport(host="a"), points=tuple(points))
    path = tmp_path_factory.mktemp("csv") / "points.csv"
    path.write_text(table((ModbusConfig(connections=(connection,)),)), encoding="utf-8", newline="")
    found, problems = read(path, ModbusConfig)
    assert problems == ()
    assert [(name, point) for name, point in found] == [("x", point) for point in points]
    only_read = [evolve(point, direction=Direction.READ) for point in points]  # whatever gets in whose way
    listed = textwrap.indent(written([("x", point) for point in only_read]), "    ")
    text = f"modbus:\n  connections:\n  - name: x\n    transport: a\n    points:\n{listed}"
    (section,) = configuration(load_bytes(text.encode(), CATALOG, {})).sections["modbus"]
    assert section.connections[0].points == tuple(only_read)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("signal,address\na,1\nb,x\n", "points.csv:3:2: error: 'x' is not a valid address"),
        (
            "signal,adress\na,1\n",
            "points.csv:1:2: error: there is no column 'adress' (did you mean 'address'?)",
        ),
        ("signal,address,data_type\na,1,flaot\n", 'points.csv:2:3: error: "flaot" is not one of bool'),
        ("signal,address\na,1\na,2\n", "points.csv:3:1: error"),
        ("signal,address\na,1,2\n", "points.csv:2:1: error: 3 cells, and 2 columns"),
        ("signal,address,signal\na,1,b\n", "points.csv:1:3: error: there are two columns 'signal'"),
        ("signal,name,address\na,b,1\n", "both mean 'signal'"),
        ('connection,signal,address\n"a\nb",a,1\n', "points.csv:2:1: error: 'a\\nb' is not a valid name"),
        ("address\n1\n", "one of them is `signal`"),
        ("", "one of them is `signal`"),
    ],
)
def test_a_mistake_in_csv_has_its_line_and_column(tmp_path, text, said):
    path = tmp_path / "points.csv"
    path.write_text(text)
    found, problems = read(path, ModbusConfig)
    assert found is None
    assert said in "\n".join(str(p) for p in problems).replace(f"{tmp_path}{os.sep}", "")


def test_a_spreadsheet_with_semicolons_is_read(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes("\ufeffsignal;address;scale;description\r\na;1;0.1;x\r\nb;2;-0,25;1,5\r\n\r\n".encode())
    found, problems = read(path, ModbusConfig)
    assert problems == ()
    assert [(p.signal, p.address, p.scale, p.description) for _, p in found] == [
        ("a", 1, 0.1, "x"),
        ("b", 2, -0.25, "1,5"),
    ]


def test_a_signal_may_be_written_and_read_in_either_order(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("signal,address,direction\na,1,write\na,2,read\na,3,write\n")
    found, problems = read(path, ModbusConfig)
    assert len(found) == 3
    assert problems == ()


def test_import_of_a_connection_that_is_not_there_says_which_are(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("connection,signal,address\none,a,1\ntwo,b,2\n")
    assert call("points", "import", path, "--connection", "two").strip() == "# two\n- {signal: b, address: 2}"
    assert "no connection 'three'; there are 'one', 'two'" in call(
        "points", "import", path, "--connection", "three", code=1
    )


def test_the_settings_of_points_are_documented_at_the_command_line():
    with petra("plugins", "info", "modbus") as shown:
        out, _ = shown.communicate(timeout=60)
    assert "      points, mappings" in out
    assert "        settle_ms " in out
    with petra("plugins", "info", "modbus", "--json") as inner:
        offered = next(o for o in json.loads(inner.communicate(timeout=60)[0]) if "settings" in o)
    assert "transport" in {setting["name"] for setting in offered["settings"][0]["settings"]}
