"""The closest of the names that could have been meant."""

import pytest

from petra.closest import Names, closest

FEW = ["signals", "blocks", "scan_time_ms", "GT", "LT", "TON"]
MANY = [f"area{i % 20}.tank{i:05d}.level" for i in range(10_000)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("signal", "signals"),
        ("sginals", "signals"),
        ("SIGNALS", "signals"),
        ("singels", "signals"),
        ("scan_time", "scan_time_ms"),
        ("gt", "GT"),
        ("GTT", "GT"),
        ("qqqqqqq", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_among_few(name, meant):
    assert closest(name, FEW) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("area7.tank01007.level", "area7.tank01007.level"),
        ("AREA7.tank01007.Level", "area7.tank01007.level"),
        ("area7.tank01007.leve", "area7.tank01007.level"),
        ("area7.tank01007.levell", "area7.tank01007.level"),
        ("aera7.tank01007.level", "area7.tank01007.level"),
        ("area7.tenk01007.level", "area7.tank01007.level"),
        ("something else", ""),
    ],
)
def test_among_ten_thousand(name, meant):
    assert Names(MANY).closest(name) == meant


def test_a_heap_of_long_names_is_not_indexed():
    names = Names(f"{'x' * 5000}{i}" for i in range(1000))
    assert names.closest("x" * 5000) == ""
    assert "_slips" in vars(names)
    assert len(vars(names)["_slips"]) == 1000
