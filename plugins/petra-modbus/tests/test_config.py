"""The section `modbus`: both generations load, and every mistake has its place before anything connects."""

from __future__ import annotations

import pytest

from petra import Catalog
from petra.config import load_bytes
from petra.drivers import PointSettings
from petra.library import plugin as library
from petra_modbus import plugin

HEAD = "modbus:\n  connections:\n  - name: meter\n    transport: {type: tcp, host: 10.0.0.9}\n    points:\n"

ORIGINAL = """
modbus:
  scan_interval_ms: 500
  timeout_ms: 2000
  connections:
  - name: "meters"
    transport:
      type: Tcp
      address: "192.168.1.20:5020"
    unit_id: 3
    mappings:
    - signal: "voltage"
      address: 100
      data_type: "Float32"
      direction: "read"
    - signal: "relay"
      address: 5
      data_type: "Bool"
      direction: "write"
  - name: "line"
    transport: {type: Rtu, port: "/dev/ttyUSB0", baud_rate: 9600, parity: none}
    mappings: []
signals:
- {name: relay, type: bool}
"""


def test_the_keys_of_the_original_load(modbus):
    from petra_modbus.driver import drivers

    section = modbus(ORIGINAL)
    meters, line = drivers(section)
    assert meters.connection.transport.endpoint == ("192.168.1.20", 5020)
    assert meters.timeout == 2.0
    voltage, relay = meters.points
    assert (voltage.period, voltage.station, voltage.address) == (0.5, "unit 3", "unit 3 holding:100")
    assert relay.address == "unit 3 coil:5"
    assert line.connection.transport.serial == "/dev/ttyUSB0"


@pytest.mark.parametrize(
    ("point", "place", "said"),
    [
        ("{signal: a, address: 40001}", "6:30", "40001 is ambiguous"),
        (
            "{signal: a, address: 65535, data_type: float32}",
            "6:30",
            "end at 65535, and this point ends at 65536",
        ),
        ("{signal: a, address: 'coil:1', data_type: int16}", "6:51", "the coils hold bools"),
        ("{signal: a, address: 'holding:1', data_type: bool}", "6:30", "the bit of the register is missing"),
        ("{signal: a, address: 'input:1', direction: read_write}", "6:30", "cannot be written"),
        ("{signal: a, address: 1, data_type: string}", "6:9", "a string needs its length"),
        ("{signal: a, address: 1, length: 4}", "6:41", "only a string has a length"),
        ("{signal: a, address: 1, scale: 0}", "6:40", "leaves nothing"),
        ("{signal: a, address: 1, scale: 1e-310}", "6:40", "leaves nothing"),
        ("{signal: a, address: 1, area: coil, data_type: bool, bit: 3}", "6:30", "the coils have no bits"),
        ("{signal: a, address: '100.3', data_type: bool, bit: 5}", "6:30", "contains the bit already"),
        ("{signal: a, address: '100.0', data_type: bool, bit: 5}", "6:30", "contains the bit already"),
        ("{signal: a, address: 65530, data_type: int32, count: 4}", "6:30", "this point ends at 65537"),
        (
            "{signal: a, address: 1, data_type: string, length: 240, packing: one_per_register}",
            "6:30",
            "has 240 registers, and a request at most 125",
        ),
        (
            "{signal: a, address: 1, type: string, length: 124, packing: one_per_register, direction: write}",
            "6:30",
            "has 124 registers, and a write at most 123",
        ),
        ("{signal: a, address: 1, data_type: bool, scale: 2}", "6:57", "cannot be scaled"),
        ("{signal: a, address: 1, data_type: int16, bit: 2}", "6:56", "a bit is a bool"),
        ("{signal: a, address: '1.2', data_type: int16}", "6:30", "a bit is a bool"),
        (
            "{signal: a, address: 1, direction: write, minimum: -10}",
            "6:60",
            "-10.0 does not fit into uint16",
        ),
        ("{signal: a, address: 1, type: int16, direction: write, maximum: 1e5}", "6:73", "does not fit"),
        ("{signal: a, address: 1, data_type: flaot}", "6:44", "flaot is not one of bool, int16"),
        ("{signal: a, address: 1, data_type: flaot32}", "6:44", "did you mean 'float32'?"),
        ("{signal: a, address: 1, data_type: FLAOT}", "6:44", "did you mean 'float'?"),
        ("{signal: a, address: 1, minimum: 5}", "6:42", "this point is only read"),
        (
            "{signal: a, address: 1, direction: read_write, minimum: 5, maximum: 1}",
            "6:65",
            "is above maximum",
        ),
        ("{signal: a, address: 1, unit: 0}", "6:39", "units are numbered 1 to 255"),
        ("{signal: a}", "6:9", "'address' is missing"),
        ("{signal: a, address: 1, adress: 2}", "6:33", "there is no 'adress' here"),
        ("{signal: a, address: 1, count: 0}", "6:40", "is not at least 1"),
        ("{signal: a, address: -1}", "6:30", "is not a valid address"),
    ],
)
def test_a_mistake_in_a_point_has_its_place(problems, point, place, said):
    """Line and column are those of what is wrong."""
    (found,) = problems(HEAD + f"      - {point}\n")
    assert said in found
    assert found.startswith(f"plant.yaml:{place}: error"), found


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("address: 1", "address: 1", True),
        ("address: 1, data_type: float32", "address: 2", True),
        ("address: 1", "address: 2", False),
        ("address: 'holding:1.0', data_type: bool", "address: 'holding:1.0', data_type: bool", True),
        ("address: 'holding:1.0', data_type: bool", "address: 'holding:1.1', data_type: bool", False),
        ("address: 'holding:1.0', data_type: bool", "address: 1", True),
        ("address: 1", "address: 'holding:1.0', data_type: bool", True),
        ("address: 1", "address: 1, unit: 2", False),
        ("address: 1", "address: 'coil:1', data_type: bool", False),
        ("address: 1, count: 5", "address: 5", True),
        ("address: 1, count: 5", "address: 6", False),
        ("address: 1, data_type: int32, count: 2", "address: 4", True),
        ("address: 1, data_type: int32, count: 2", "address: 5", False),
        (
            "address: 'holding:1.0', data_type: bool, count: 3",
            "address: 'holding:3.0', data_type: bool",
            True,
        ),
    ],
)
def test_overlapping_writes_are_found(problems, first, second, clash):
    found = problems(
        HEAD
        + f"    - {{signal: a, direction: read_write, {first}}}\n"
        + f"    - {{signal: b, direction: read_write, {second}}}\n"
    )
    assert len(found) == clash, found
    assert all("is written by the point 'a' already" in each and ":7:" in each for each in found)


@pytest.mark.parametrize(
    ("transport", "said"),
    [
        ("{type: tcp}", "tcp needs a host"),
        ("{type: rtu}", "rtu needs a serial device"),
        ("{type: tcp, host: a, port: 70000}", "is not a valid TCP port"),
        ("{type: tcp, host: a, port: '502'}", "is not a valid TCP port (leave out the quotes)"),
        ("{type: tcp, host: a, port: /dev/ttyS0}", "is not a valid TCP port"),
        ("{type: tcp, host: a, port: 0}", "0 is not a valid TCP port"),
        ("{type: tcp, host: 'a:x'}", "TCP port"),
        ("{type: tcp, host: 'a:70000'}", "TCP port"),
        ("{type: tcp, host: 'a:'}", "names no port"),
        ("{type: tcp, host: 'a:b:c'}", "IPv6 address"),
        ("{type: tcp, host: '[::1'}", "such as [::1]:502"),
        ("{type: tcp, host: 'a:502', port: 503}", "the host names another port, 502"),
        ("{type: tcp, host: a, insecure: true}", "only for `type: tls`"),
        ("{type: udp, host: a}", "is not one of"),
    ],
)
def test_a_mistake_in_a_transport_is_found(problems, transport, said):
    (found,) = problems(f"modbus:\n  connections:\n  - name: x\n    transport: {transport}\n")
    assert said in found


def test_signals_are_declared_by_points_with_their_type(problems):
    text = (
        HEAD
        + "    - {signal: a, address: 1, data_type: float32}\n"
        + "    - {signal: b, address: 'coil:1', data_type: bool}\n"
    )
    assert problems(text) == []
    (found,) = problems(text + "signals:\n- {name: a, type: bool}\n")
    assert "'a' is bool, but float is needed here" in found
    assert found.startswith("plant.yaml:6:")
    assert problems(text + "signals:\n- {name: a, type: int}\n"), "a fraction does not fit into an int"


def test_a_safe_value_that_its_point_never_takes_is_found(problems):
    """The pump would run on: the safe value would be refused at the worst moment, and only then."""
    text = HEAD + "    - {signal: a, address: 1, direction: write, minimum: 20, maximum: 50}\n"
    assert problems(text + "signals:\n- {name: a, type: int, safe: 20}\n") == []
    (problem,) = problems(text + "signals:\n- {name: a, type: int, safe: 0}\n")
    said = "the point in line 6 refuses this value: 0 is less than 20, the least that is allowed"
    assert problem == f"plant.yaml:8:30: error: signals[0].safe: {said} [bad-value]"


@pytest.mark.parametrize(
    ("point", "signal", "said"),
    [
        ("data_type: uint16", "type: int, safe: -1", "-1 does not fit into uint16"),
        ("data_type: uint16, scale: 0.1", "type: float, safe: 7000.0", "7000.0 does not fit into uint16"),
        ("data_type: float32", "type: float, safe: 1e39", "1e+39 does not fit into float32"),
        ("data_type: bcd16", "type: int, safe: 10000", "10000 does not fit into bcd16"),
        ("data_type: string, length: 4", "type: string, safe: hello", "5 characters does not fit into 4"),
    ],
)
def test_a_safe_value_that_no_register_holds_is_found(problems, point, signal, said):
    text = (
        HEAD
        + f"    - {{signal: a, address: 1, direction: write, {point}}}\nsignals:\n- {{name: a, {signal}}}\n"
    )
    (problem,) = problems(text)
    assert problem.startswith("plant.yaml:8:")
    assert f"the point in line 6 refuses this value: {said}" in problem.replace("a text of ", "")


def test_a_mistake_in_a_connection_makes_no_other_one_of_what_it_would_have_declared():
    """`online` is a bool: it is not taken for a float because its connection cannot be read."""
    text = """
    blocks:
    - {name: copy, type: MOVE, inputs: {in: meter.online}, outputs: {out: there}}
    - {name: run, type: AND, inputs: {in1: meter.online, in2: there}, outputs: {out: go}}
    modbus:
    - {name: meter, transport: {host: 127.0.0.1, port: "%s"}, online: meter.online, points: []}
    """
    (problem,) = load_bytes((text % "1512").encode(), Catalog.of(library, plugin), {}).problems
    assert problem.hint == "leave out the quotes"


def test_a_signal_has_one_writer(problems):
    (found,) = problems(HEAD + "    - {signal: a, address: 1}\n    - {signal: a, address: 2}\n")
    assert "'a' is already written by line 6" in found


def test_two_connections_of_one_name_are_a_problem(problems):
    one = "  - name: x\n    transport: {host: a}\n"
    (found,) = problems("modbus:\n  connections:\n" + one + one)
    assert "another connection has the name 'x'" in found


@pytest.mark.parametrize(
    ("keys", "station", "unit", "engineering"),
    [
        ("unit: 7", 7, 7, ""),
        ("unit_id: 7", 7, None, ""),
        ("slave_id: 7", 7, None, ""),
        ("station: 7", 7, None, ""),
        ("unit: bar", None, "bar", ""),
        ("unit: 1/min", None, "1/min", ""),
        ("unit: °C, station: 7", 7, "°C", ""),
        ("unit: 7, engineering_unit: bar", 7, 7, "bar"),
        ("units: bar", None, None, "bar"),
    ],
)
def test_a_unit_is_a_device_or_what_is_measured_in(modbus, keys, station, unit, engineering):
    text = HEAD + "    - {signal: a, address: 1, " + keys + "}\n"
    ((connection,), (point,)) = (section := modbus(text)).connections, section.connections[0].points
    assert (point.station, point.unit, point.engineering_unit) == (station, unit, engineering)
    assert connection.unit == 1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            "unit: '7'",
            "'7' is ambiguous, the number of a unit or an engineering unit: write unit_id",
        ),
        ("unit: '0x07'", "is ambiguous, the number of a unit"),
        ("unit: ''", "is ambiguous, the number of a unit"),
        ("unit: 0", "units are numbered 1 to 255, and this is 0"),
        ("unit: 256", "units are numbered 1 to 255, and this is 256"),
        ("unit: 1.5", "expected"),
        ("unit: 7, unit_id: 7", "mean the same: remove one of them"),
        ("unit: bar, units: bar", "mean the same: remove one of them"),
        ("station: bar", "expected a whole number"),
    ],
)
def test_a_unit_that_could_be_either_is_a_problem(problems, keys, said):
    (problem,) = problems(HEAD + "    - {signal: a, address: 1, " + keys + "}\n")
    assert said in problem


def test_arrays_are_a_signal_for_each_item(modbus):
    from petra_modbus.driver import drivers

    (driver,) = drivers(modbus(HEAD + "    - {signal: t, address: 10, data_type: float32, count: 3}\n"))
    assert [(p.signal, p.address) for p in driver.points] == [
        ("t.0", "unit 1 holding:10"),
        ("t.1", "unit 1 holding:12"),
        ("t.2", "unit 1 holding:14"),
    ]
    (request,) = driver.plan(driver.points)
    assert (request.parts[0].start, request.parts[0].length) == (10, 6)


def test_a_thousand_registers_are_eight_requests(modbus):
    from petra_modbus.driver import drivers

    (driver,) = drivers(modbus(HEAD + "    - {signal: t, address: 0, count: 1000}\n"))
    assert len(driver.plan(driver.points)) == 8


def test_requests_have_the_limits_of_the_connection(modbus):
    from petra_modbus.driver import drivers

    text = HEAD.replace("    points:", "    max_registers: 20\n    max_gap: 0\n    points:")
    (driver,) = drivers(
        modbus(text + "    - {signal: t, address: 0, count: 50}\n    - {signal: u, address: 51}\n")
    )
    assert [r.parts[0].length for r in driver.plan(driver.points)] == [20, 20, 10, 1]


@pytest.mark.parametrize(
    ("transport", "endpoint"),
    [
        ("{host: a}", ("a", 502)),
        ("{type: tls, host: a}", ("a", 802)),
        ("{host: 'a:1502'}", ("a", 1502)),
        ("{host: a, port: 1502}", ("a", 1502)),
        ("{host: '::1'}", ("::1", 502)),
        ("{host: '[::1]:1502'}", ("::1", 1502)),
    ],
)
def test_where_a_connection_goes(modbus, transport, endpoint):
    (connection,) = modbus(f"modbus:\n  connections:\n  - name: x\n    transport: {transport}\n").connections
    assert connection.transport.endpoint == endpoint


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ("address: 5", "uint16"),
        ("address: 'holding:100.3'", "bool"),
        ("address: 100, bit: 3", "bool"),
        ("address: 'coil:5'", "bool"),
        ("address: 'di:5'", "bool"),
        ("address: 5, area: coil", "bool"),
        ("address: 'input:5'", "uint16"),
    ],
)
def test_without_a_type_what_is_said_to_be_a_bit_is_one(modbus, point, kind):
    text = HEAD + f"    - {{signal: a, {point}}}\n"
    ((found,),) = (connection.points for connection in modbus(text).connections)
    assert found.type_name == kind


def test_one_bad_point_hides_no_problem_of_the_others(problems):
    """A document with thousands of points is not mended in as many rounds."""
    found = problems(
        HEAD
        + "    - {signal: a, address: 'coil:70000'}\n"
        + "    - {signal: b, address: 1, direction: read_write}\n"
        + "    - {signal: c, address: 1, direction: read_write}\n"
        + "    - {signal: d, address: 'input:1', direction: read_write}\n"
        + "  - name: meter\n    transport: {host: b}\n"
    )
    places = [problem.split(": ")[0] for problem in found]
    assert places == [f"plant.yaml:{place}" for place in ("6:28", "8:28", "9:28", "10:11")]
    assert "is written by the point 'b' already" in found[1]
    assert "cannot be written" in found[2]
    assert "another connection has the name 'meter'" in found[3]


def test_an_engineering_unit_has_a_hundred_characters(problems, modbus):
    for key in ("unit", "engineering_unit"):
        text = HEAD + "    - {signal: a, address: 1, " + key + ": " + "m" * 100 + "}\n"
        assert modbus(text).connections[0].points[0].signal == "a"
        (found,) = problems(text.replace("m" * 100, "m" * 101))
        assert "100" in found


@pytest.mark.parametrize(
    ("transport", "unit", "fits"),
    [
        ("{type: rtu, device: /dev/ttyS9}", 247, True),
        ("{type: rtu, device: /dev/ttyS9}", 248, False),
        ("{type: rtu_over_tcp, host: a}", 248, True),
        ("{host: a}", 255, True),
    ],
)
@pytest.mark.parametrize("key", ["unit", "unit_id"])
def test_units_on_a_serial_line_end_at_247(problems, transport, unit, fits, key):
    found = problems(
        f"modbus:\n  connections:\n  - name: x\n    transport: {transport}\n"
        f"    points: [{{signal: a, address: 1, {key}: {unit}}}]\n"
    )
    assert len(found) == (not fits)
    assert all(f"points[0].{key}: units on a serial line end at 247, and this one is 248" in f for f in found)


@pytest.mark.parametrize(
    ("settings", "deadband"),
    [
        ("data_type: int16, scale: 0.1", 0.1),
        ("data_type: int16, scale: -0.1", 0.1),
        ("data_type: bcd16, scale: 10", 10.0),
        ("data_type: int16", None),
        ("data_type: float32, scale: 0.1", None),
    ],
)
def test_a_scaled_whole_number_is_the_same_within_a_step(modbus, settings, deadband):
    text = HEAD + "    - {signal: a, address: 1, direction: read_write, " + settings + "}\n"
    point = modbus(text).connections[0].points[0]
    assert point.usual_deadband == (
        PointSettings.usual_deadband.fget(point) if deadband is None else deadband
    )


@pytest.mark.parametrize("address", ["1", "10001", "40001", "400001", "465536"])
def test_numbers_of_a_manual_are_no_problem_where_they_are_meant(problems, address):
    text = HEAD.replace("    points:", "    addressing: modicon\n    points:")
    kind = "bool" if len(address) < 5 or address.startswith("1") else "int16"
    assert problems(text + f"    - {{signal: a, address: {address}, data_type: {kind}}}\n") == []


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("minimum: -1", "-1.0 does not fit into uint16"),
        ("maximum: 65536", "65536.0 does not fit into uint16"),
    ],
)
def test_limits_fit_into_the_registers(problems, limit, said):
    (found,) = problems(HEAD + "    - {signal: a, address: 1, direction: write, " + limit + "}\n")
    assert said in found
