"""The section `s7`: both generations load, and every mistake has its place before anything connects."""

from __future__ import annotations

import pytest

from petra.drivers import Direction, SessionLimits
from petra_s7.address import Address, AddressError, Area, parse
from petra_s7.config import S7Point
from petra_s7.driver import S7Driver
from petra_s7.points import points_of, span

ORIGINAL = """
s7:
  ip: "192.168.1.100"
  rack: 0
  slot: 2
  poll_interval_ms: 100
  timeout_ms: 5000
  mappings:
    - signal: "motor_running"
      area: "DB"
      db_number: 100
      address: 0
      data_type: "bool"
      bit: 0
      direction: "read"
"""
HEAD = "s7:\n  host: plc\n  points:\n"


@pytest.mark.parametrize(
    ("address", "signal", "said"),
    [
        ("DB1.INT0", "type: int, safe: 40000", "40000 does not fit"),
        ("DB1.DBB0, data_type: byte", "type: int, safe: 300", "300 does not fit"),
        ("DB1.STRING0.4", "type: string, safe: overlong", "overlong"),
    ],
)
def test_a_safe_value_that_no_type_holds_is_found(problems, address, signal, said):
    text = HEAD + f"  - {{signal: a, address: {address}, direction: write}}\n"
    (problem,) = problems(text + f"signals:\n- {{name: a, {signal}}}\n")
    assert "the point in line 4 refuses this value" in problem
    assert said in problem or "characters" in problem


def test_the_section_of_the_original_loads_word_for_word(s7):
    (section,) = s7(ORIGINAL)
    driver = S7Driver(section)
    (point,) = driver.points
    assert (driver.name, driver.timeout, section.tsaps) == ("192.168.1.100", 5.0, (0x0100, 0x0102))
    assert (point.signal, point.address, point.period) == ("motor_running", "DB100.DBX0.0", 0.1)


def test_several_plcs_are_a_list(s7):
    assert [each.called for each in s7("s7:\n- {ip: a, name: one}\n- {ip: b}\n")] == ["one", "b"]


@pytest.mark.parametrize(
    ("more", "remote"),
    [
        ("rack: 0, slot: 1", 0x0101),
        ("rack: 1, slot: 3", 0x0123),
        ("rack: 7, slot: 31", 0x01FF),
        ("cpu: s7-1500, slot: 0", 0x0100),
        ("cpu: s7-400", 0x0103),
        ("cpu: s7-1200", 0x0101),
        ("cpu: s7-200", 0x1000),
        ("cpu: logo, remote_tsap: '03.00'", 0x0300),
        ("cpu: s7-1500", 0x0101),
        ("cpu: s7-300", 0x0102),
        ("cpu: s7-1500, connection_type: OP", 0x0201),
        ("cpu: s7-1500, connection_type: basic", 0x0301),
        ("cpu: logo", 0x0200),
        ("remote_tsap: '10.01'", 0x1001),
        ("remote_tsap: '0x0302'", 0x0302),
    ],
)
def test_tsaps(s7, more, remote):
    (section,) = s7(f"s7: {{ip: plc, {more}}}\n")
    assert section.tsaps[1] == remote


@pytest.mark.parametrize(
    ("text", "area", "db", "start", "bit", "kind"),
    [
        ("DB100.DBX0.0", Area.DB, 100, 0, 0, "bool"),
        ("DB1.DBB4", Area.DB, 1, 4, None, "byte"),
        ("DB1.DBW4", Area.DB, 1, 4, None, "word"),
        ("DB1.DBD4", Area.DB, 1, 4, None, "dword"),
        ("DB1.REAL4", Area.DB, 1, 4, None, "real"),
        ("db1.int20", Area.DB, 1, 20, None, "int"),
        ("DB1,REAL4", Area.DB, 1, 4, None, "real"),
        ("DB1,X2.7", Area.DB, 1, 2, 7, "bool"),
        ("DB1,DI8", Area.DB, 1, 8, None, "dint"),
        ("DB1,I8", Area.DB, 1, 8, None, "int"),
        ("DB1,DW8", Area.DB, 1, 8, None, "dword"),
        ("DB1,LR8", Area.DB, 1, 8, None, "lreal"),
        ("DB1,C8", Area.DB, 1, 8, None, "char"),
        ("DB1,R8", Area.DB, 1, 8, None, "real"),
        (" DB65535.DBB65535 ", Area.DB, 65_535, 65_535, None, "byte"),
        ("DB1.DATE_AND_TIME8", Area.DB, 1, 8, None, "date_and_time"),
        ("M10.3", Area.MERKER, 0, 10, 3, "bool"),
        ("MW20", Area.MERKER, 0, 20, None, "word"),
        ("MREAL4", Area.MERKER, 0, 4, None, "real"),
        ("I0.7", Area.INPUT, 0, 0, 7, "bool"),
        ("E0.7", Area.INPUT, 0, 0, 7, "bool"),
        ("QB3", Area.OUTPUT, 0, 3, None, "byte"),
        ("AW3", Area.OUTPUT, 0, 3, None, "word"),
        ("T5", Area.TIMER, 0, 5, None, "timer"),
        ("Z7", Area.COUNTER, 0, 7, None, "counter"),
    ],
)
def test_addresses_as_people_write_them(text, area, db, start, bit, kind):
    found = parse(text)
    assert (found.area, found.db, found.start, found.bit, found.type) == (area, db, start, bit, kind)
    assert parse(str(found)) == found


def test_an_address_without_a_type_is_shown_as_a_byte():
    assert str(Address(Area.MERKER, 0, 4)) == "MB4"
    assert str(Address(Area.DB, 1, 4)) == "DB1.DBB4"


@pytest.mark.parametrize("area", Area)
def test_timers_and_counters_have_two_bytes(area):
    assert area.width == (2 if area in (Area.TIMER, Area.COUNTER) else 1)


@pytest.mark.parametrize(
    ("cpu", "tsaps"), [("logo", (0x0100, 0x0200)), ("s7-200", (0x1000, 0x1000)), ("s7-300", (0x0100, 0x0102))]
)
def test_both_tsaps_follow_from_the_cpu(s7, cpu, tsaps):
    (section,) = s7(f"s7: {{ip: plc, cpu: {cpu}}}\n")
    assert section.tsaps == tsaps


@pytest.mark.parametrize(
    ("keys", "length"),
    [
        ({"address": "DB1.STRING10"}, 254),
        ({"address": "DB1.WSTRING10"}, 254),
        ({"address": "DB1.STRING10.20"}, 20),
        ({"address": "DB1.STRING10.20", "length": 8}, 8),
        ({"address": "DB1.STRING10.254"}, 254),
        ({"address": "DB1.DBB10"}, 0),
    ],
)
def test_a_string_is_as_long_as_point_or_address_say(keys, length):
    point = S7Point(signal="a", **keys)
    assert point.codec(point.located()).length == length


def test_points_carry_what_the_document_says_of_them(s7):
    (section,) = s7(
        "s7:\n  host: plc\n  poll_ms: 200\n  points:\n"
        "  - {signal: a, address: DB1.REAL4, count: 3, poll_ms: 50}\n"
        "  - {signal: b, address: C7, count: 2, direction: read_write, verify: false, settle_ms: 30}\n"
    )
    points = points_of(section)
    assert [(p.signal, p.address, p.period) for p in points] == [
        ("a.0", "DB1.REAL4", 0.05),
        ("a.1", "DB1.REAL8", 0.05),
        ("a.2", "DB1.REAL12", 0.05),
        ("b.0", "C7", 0.2),
        ("b.1", "C8", 0.2),
    ]
    assert [(p.verify, p.settle) for p in points[2:4]] == [(True, 0.0), (False, 0.03)]
    assert [span(p).length for p in points] == [4, 4, 4, 1, 1]


def test_a_string_may_say_its_length():
    assert parse("DB1.STRING10.20").length == 20
    assert parse("DB1,S10.20").length == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DB1.DBX0.8", "from 0 to 7"),
        ("DB1.DBX0", "BYTE.BIT"),
        ("DB1.5", "names no type"),
        ("DB0.DBW0", "numbered 1 to"),
        ("DB1.QUUX4", "is not a valid type"),
        ("DB1.DBW4.2", "only bits and strings take"),
        ("MW70000", "end at 65535"),
        ("TW5", "have a number and nothing else"),
        ("X5", "is not a valid address"),
        ("", "is not a valid address"),
    ],
)
def test_what_is_no_address_says_why(text, said):
    with pytest.raises(AddressError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("{signal: a, address: 4}", "4 has no area"),
        ("{signal: a, address: 4, area: DB, data_type: int}", "area DB and db_number belong together"),
        ("{signal: a, address: 4, area: M}", "data_type is missing"),
        ("{signal: a, address: 4, area: M, data_type: bool}", "bit is missing"),
        ("{signal: a, address: 4, area: M, data_type: int, bit: 1}", "a bit is a bool, not int"),
        ("{signal: a, address: DB1.DBW4, area: DB}", "is a whole address"),
        ("{signal: a, address: DB1.DBW4, data_type: real}", "has 2 bytes, and real has 4"),
        ("{signal: a, address: DB1.DBD65533}", "end at 65535, and this ends at 65536"),
        ("{signal: a, address: DB1.STRING0.300}", "at most 254 characters"),
        ("{signal: a, address: DB1.STRING0, length: 255}", "at most 254 characters, not 255"),
        ("{signal: a, address: I0.0, direction: read_write}", "not written"),
        ("{signal: a, address: DB1.DBX0.0, scale: 2}", "cannot be scaled"),
        ("{signal: a, address: DB1.DATE0, offset: -1}", "cannot be scaled"),
        ("{signal: a, address: -4, area: M, data_type: int}", "'-4' is not a valid address"),
        ("{signal: a, address: '٣', area: M, data_type: int}", "is not a valid address"),
        ("{signal: a, address: T5, data_type: byte}", "has two bytes, and byte has 1"),
        ("{signal: a, address: C5, data_type: dint}", "has two bytes, and dint has 4"),
        ("{signal: a, address: T5, direction: read_write}", "not written"),
        ("{signal: a, address: DB1.INT65535}", "this ends at 65536"),
        ("{signal: a, address: DB1.INT65530, count: 4}", "this ends at 65537"),
        ("{signal: a, address: DB1.DBW2, direction: write, minimum: -1}", "does not fit into word"),
        ("{signal: a, address: 3, area: M, db: 1, data_type: int}", "belong together"),
        ("{signal: a, address: DB1.DBX0.0, count: 2}", "array of bools"),
        ("{signal: a, address: DB1.DBX0.0, bit: 5}", "leave out area, db_number and bit"),
        ("{signal: a, address: DB1.DBW2, length: 9}", "only a string has a length"),
        ("{signal: a, address: DB1.DBW2, direction: write, maximum: 100000}", "does not fit into word"),
    ],
)
def test_a_mistake_in_a_point_has_its_place(problems, point, said):
    (found,) = problems(HEAD + f"  - {point}\n")
    assert said in found
    assert found.startswith("plant.yaml:4:"), found


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("DB1.DBW0", "DB1.DBB1", True),
        ("DB1.DBW0", "DB1.DBX1.7", True),
        ("DB1.DBX1.7", "DB1.DBW0", True),
        ("DB1.DBX0.0", "DB1.DBX0.1", False),
        ("DB1.DBX0.0", "DB1.DBX0.0", True),
        ("DB1.DBW0", "DB1.DBW2", False),
        ("DB1.DBW0", "DB2.DBW0", False),
        ("DB1.DBX0.0", "DB1.DBB0", True),
        ("DB1.DBB0", "DB1.DBX0.5", True),
        ("DB1.DBD0", "DB1.DBW3", True),
        ("DB1.DBD0", "DB1.DBW4", False),
        ("MW0", "QW0", False),
        ("C1", "C2", False),
        ("C1", "C1", True),
    ],
)
def test_overlapping_writes_are_found(problems, first, second, clash):
    found = problems(
        HEAD
        + f"  - {{signal: a, direction: read_write, address: {first}}}\n"
        + f"  - {{signal: b, direction: read_write, address: {second}}}\n"
    )
    assert len(found) == clash, found
    assert all("is written by the point 'a' already" in each and ":5:" in each for each in found)


def test_a_hundred_tags_in_a_row_are_one_request(s7):
    (section,) = s7(
        HEAD
        + "  - {signal: t, address: DB1.REAL0, count: 50}\n  - {signal: w, address: DB1.INT200, count: 50}\n"
    )
    driver = S7Driver(section)
    (request,) = driver.plan(driver.points, SessionLimits(pdu=480))
    assert len(request.points) == 100
    assert len(request.parts) == 1


def test_scattered_tags_share_requests_within_the_pdu(s7):
    lines = "".join(f"  - {{signal: t{i}, address: DB{i + 1}.REAL0}}\n" for i in range(100))
    (section,) = s7(HEAD + lines)
    driver = S7Driver(section)
    for pdu, parts in ((240, 19), (480, 20)):
        requests = driver.plan(driver.points, SessionLimits(pdu=pdu))
        assert max(len(r.parts) for r in requests) == parts
        assert sum(len(r.points) for r in requests) == 100
        assert all(14 + sum(4 + p.length for p in r.parts) <= pdu for r in requests)
        assert all(12 + 12 * len(r.parts) <= pdu for r in requests)


def test_a_host_may_name_its_port(s7):
    (one, other) = s7("s7:\n- {ip: 'plc:1102'}\n- {ip: '::1', port: 1102}\n")
    assert (one.endpoint, other.endpoint) == (("plc", 1102), ("::1", 1102))


def test_a_tsap_of_zero_is_one(s7):
    (section,) = s7("s7: {ip: plc, local_tsap: '00.00', remote_tsap: '00.01'}\n")
    assert section.tsaps == (0, 1)


def test_a_host_with_another_port_is_a_problem(problems):
    assert problems("s7: {ip: 'plc:1102', port: 1102}\n") == []
    assert problems("s7: {ip: 'plc:1102', port: 102}\n") == []
    (found,) = problems("s7: {ip: 'plc:1102', port: 999}\n")
    assert "the host names another port, 1102" in found


@pytest.mark.parametrize(
    ("address", "keys", "deadband"),
    [
        ("DB1.INT4", {}, 0.0),
        ("DB1.INT4", {"scale": 0.1}, 0.1),
        ("DB1.INT4", {"scale": -0.1}, 0.1),
        ("DB1.INT4", {"offset": -40.0}, 1.0),
        ("DB1.REAL4", {"scale": 0.1}, 0.0),
        ("DB1.REAL4", {"minimum": 0.0, "maximum": 1500.0}, 1.5),
        ("DB1.REAL4", {"minimum": 0.0, "maximum": 1500.0, "write_deadband": 0.2}, 0.2),
        ("Q4.7", {}, 0.0),
    ],
)
def test_a_deadband_is_a_step_of_what_the_plc_tells_apart(address, keys, deadband):
    point = S7Point(signal="sp", address=address, direction=Direction.WRITE, **keys)
    assert point.limits.deadband == pytest.approx(deadband)


def test_a_type_that_is_misspelt_has_the_closest_one(problems):
    (problem,) = problems("s7: {host: a, points: [{signal: a, address: M10, data_type: DNIT}]}")
    assert "DNIT is not one of bool, " in problem
    assert "(did you mean 'dint'?)" in problem
