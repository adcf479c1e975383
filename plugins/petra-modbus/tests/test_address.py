"""Addresses: both conventions, and no silent off-by-one."""

from __future__ import annotations

import pytest

from petra_modbus.address import Address, AddressError, Area, parse


@pytest.mark.parametrize(
    ("text", "area", "offset", "bit"),
    [
        ("0", Area.HOLDING, 0, None),
        ("100", Area.HOLDING, 100, None),
        ("100.3", Area.HOLDING, 100, 3),
        ("holding:100", Area.HOLDING, 100, None),
        ("hr:65535.15", Area.HOLDING, 65_535, 15),
        ("input:7", Area.INPUT, 7, None),
        ("coil:7", Area.COIL, 7, None),
        ("di:7", Area.DISCRETE, 7, None),
        ("co:7", Area.COIL, 7, None),
        ("ir:7", Area.INPUT, 7, None),
        ("hr:5.0", Area.HOLDING, 5, 0),
        ("40000", Area.HOLDING, 40_000, None),
        ("20001", Area.HOLDING, 20_001, None),
    ],
)
def test_offsets_from_zero(text, area, offset, bit):
    assert parse(text, modicon=False) == Address(area, offset, bit)


@pytest.mark.parametrize(
    ("text", "area", "offset"),
    [
        ("1", Area.COIL, 0),
        ("00001", Area.COIL, 0),
        ("9999", Area.COIL, 9_998),
        ("10001", Area.DISCRETE, 0),
        ("30001", Area.INPUT, 0),
        ("40001", Area.HOLDING, 0),
        ("49999", Area.HOLDING, 9_998),
        ("400001", Area.HOLDING, 0),
        ("465536", Area.HOLDING, 65_535),
        ("holding:5", Area.HOLDING, 5),
    ],
)
def test_numbers_as_manuals_print_them(text, area, offset):
    assert parse(text, modicon=True) == Address(area, offset)


@pytest.mark.parametrize(
    ("text", "modicon", "said"),
    [
        ("40001", False, "40001 is ambiguous"),
        ("30001", False, "is ambiguous"),
        ("10001", False, "is ambiguous"),
        ("400001", False, "is ambiguous"),
        ("500000", False, "end at 65535"),
        ("70001", False, "end at 65535"),
        ("65536", False, "end at 65535"),
        ("20001", True, "not a valid modicon address"),
        ("40000", True, "not a valid modicon address"),
        ("0", True, "not a valid modicon address"),
        ("465537", True, "end at 65535"),
        ("-1", False, "is not a valid address"),
        ("x", False, "is not a valid address"),
        ("", False, "is not a valid address"),
        ("tape:3", False, "'tape' is not a valid area"),
        ("coil:3.1", False, "only a register has bits"),
        ("100.16", False, "only a register has bits"),
        ("١٢", False, "is not a valid address"),
    ],
)
def test_what_is_no_address_says_why(text, modicon, said):
    with pytest.raises(AddressError, match=said):
        parse(text, modicon=modicon)


def test_an_area_beside_it_settles_what_a_number_means():
    assert parse("40001", modicon=False, area=Area.HOLDING) == Address(Area.HOLDING, 40_001)
    with pytest.raises(AddressError, match="but `area` says"):
        parse("coil:1", modicon=False, area=Area.HOLDING)


@pytest.mark.parametrize(
    "text", ["holding:5", "holding:5.0", "holding:5.15", "coil:0", "discrete:7", "input:65535"]
)
def test_an_address_prints_as_it_is_written(text):
    assert str(parse(text, modicon=False)) == text
