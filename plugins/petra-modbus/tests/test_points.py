"""From a configured point to those that the driver reads and writes, and the requests that read them."""

from __future__ import annotations

import pytest

from petra import SignalType
from petra.drivers import Direction
from petra_modbus.address import Area
from petra_modbus.config import ModbusConfig, ModbusConnection, ModbusPoint
from petra_modbus.driver import ModbusDriver, drivers
from petra_modbus.transport import Transport


def driver(*points: ModbusPoint, **more: object) -> ModbusDriver:
    connection = ModbusConnection(
        name="device",
        transport=Transport(host="127.0.0.1"),
        points=points,
        **more,  # type: ignore[arg-type]
    )
    (made,) = drivers(ModbusConfig(connections=(connection,), poll_ms=250.0, timeout_ms=400.0))
    return made


def test_a_point_keeps_what_was_configured():
    (point,) = driver(
        ModbusPoint(
            signal="level", address="holding:7", data_type="float32", direction=Direction.BOTH, unit_id=9,
            poll_ms=50.0, minimum=-1.0, maximum=2.0, verify=False, settle_ms=30.0,
        ),
        unit=3,
    ).points  # fmt: skip
    assert (point.signal, point.type, point.direction) == ("level", SignalType.FLOAT, Direction.BOTH)
    assert (point.address, point.station) == ("unit 9 holding:7", "unit 9")
    assert (point.period, point.settle, point.verify) == (0.05, 0.03, False)
    assert (point.limits.minimum, point.limits.maximum) == (-1.0, 2.0)
    assert (point.detail.unit, point.detail.length) == (9, 2)


def test_a_point_without_settings_has_those_of_its_connection():
    (point,) = driver(ModbusPoint(signal="level", address=7), unit=3).points
    assert (point.station, point.period, point.settle, point.verify) == ("unit 3", 0.25, 0.0, True)
    (point,) = driver(ModbusPoint(signal="level", address=7), poll_ms=100.0).points
    assert (point.station, point.period) == ("unit 1", 0.1)


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        ({"address": 10, "data_type": "int16"}, ["holding:10", "holding:11", "holding:12"]),
        ({"address": 10, "data_type": "float64"}, ["holding:10", "holding:14", "holding:18"]),
        ({"address": 10, "data_type": "string", "length": 5}, ["holding:10", "holding:13", "holding:16"]),
        ({"address": "coil:10", "data_type": "bool"}, ["coil:10", "coil:11", "coil:12"]),
        ({"address": "input:10.4", "data_type": "bool"}, ["input:10.4", "input:11.4", "input:12.4"]),
    ],
)
def test_items_of_an_array_follow_each_other(settings, addresses):
    made = driver(ModbusPoint(signal="a", count=3, **settings)).points
    assert [point.signal for point in made] == ["a.0", "a.1", "a.2"]
    assert [str(point.detail.address) for point in made] == addresses


def parts(made: ModbusDriver) -> list[tuple[int, Area, int, int]]:
    found = [part for request in made.plan(made.points) for part in request.parts]
    return [(*part.area, part.start, part.length) for part in found]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("prefix", "gap", "expected"),
    [
        ("holding", 2, [(1, Area.HOLDING, 0, 4)]),
        ("holding", 1, [(1, Area.HOLDING, 0, 1), (1, Area.HOLDING, 3, 1)]),
        ("coil", 0, [(1, Area.COIL, 0, 1), (1, Area.COIL, 3, 1)]),
        ("coil", 1, [(1, Area.COIL, 0, 4)]),  # a register is as many as 16 coils
    ],
)
def test_a_gap_is_counted_in_registers(prefix, gap, expected):
    made = driver(
        ModbusPoint(signal="a", address=f"{prefix}:0"),
        ModbusPoint(signal="b", address=f"{prefix}:3"),
        max_gap=gap,
    )
    assert sorted(parts(made), key=str) == expected


def test_units_and_areas_are_read_apart_and_long_rows_in_pieces():
    made = driver(
        ModbusPoint(signal="a", address=0, count=126),
        ModbusPoint(signal="b", address=0, unit_id=2),
        ModbusPoint(signal="c", address="input:0"),
        ModbusPoint(signal="d", address="discrete:0", data_type="bool", count=2_000),
        ModbusPoint(signal="e", address="discrete:2000", data_type="bool"),
    )
    found = sorted(parts(made), key=str)
    assert found == [
        (1, Area.DISCRETE, 0, 2_000),
        (1, Area.DISCRETE, 2_000, 1),
        (1, Area.HOLDING, 0, 125),
        (1, Area.HOLDING, 125, 1),
        (1, Area.INPUT, 0, 1),
        (2, Area.HOLDING, 0, 1),
    ]


def test_patience_grows_with_the_time_limit():
    assert driver().patience == 30.0
    slow = ModbusConnection(name="slow", transport=Transport(host="a"), timeout_ms=10_000.0)
    assert drivers(ModbusConfig(connections=(slow,)))[0].patience == 100.0
