"""Types and orders of bytes: what is written is read, and registers hold what manuals say."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import SignalType
from petra.drivers import Packed, PointError, unpacker
from petra_modbus.codec import NAMES, ORDERS, Codec, type_named

ORDER = st.sampled_from(ORDERS)
WHOLE = {
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "bcd16": (0, 9_999),
    "bcd32": (0, 99_999_999),
}


@pytest.mark.parametrize(
    ("order", "registers"),
    [("ABCD", "40490fdb"), ("CDAB", "0fdb4049"), ("BADC", "4940db0f"), ("DCBA", "db0f4940")],
)
def test_pi_in_every_order(order, registers):
    codec = Codec("float32", order)
    assert codec.decode(bytes.fromhex(registers), 0) == pytest.approx(3.1415927)
    assert codec.encode(struct.unpack(">f", bytes.fromhex("40490fdb"))[0]).hex() == registers


@pytest.mark.parametrize(
    ("order", "registers"),
    [
        ("ABCD", "0102030405060708"),
        ("CDAB", "0708050603040102"),
        ("BADC", "0201040306050807"),
        ("DCBA", "0807060504030201"),
    ],
)
def test_four_registers_in_every_order(order, registers):
    assert Codec("uint64", order).decode(bytes.fromhex(registers), 0) == 0x0102030405060708


@pytest.mark.parametrize("kind", WHOLE)
@given(data=st.data(), order=ORDER)
def test_whole_numbers_come_back(kind, data, order):
    low, high = WHOLE[kind]
    value = data.draw(st.integers(low, min(high, 2**63 - 1)))
    codec = Codec(kind, order)
    registers = codec.encode(value)
    assert len(registers) == codec.size
    assert codec.decode(b"\xaa\xbb" + registers, 2) == value


@pytest.mark.parametrize("kind", WHOLE)
def test_what_does_not_fit_is_refused(kind):
    low, high = WHOLE[kind]
    for value in (low - 1, high + 1):
        with pytest.raises(PointError, match="does not fit"):
            Codec(kind).encode(value)


@given(st.floats(allow_nan=False, allow_infinity=False), ORDER)
def test_doubles_come_back_to_the_bit(value, order):
    codec = Codec("float64", order)
    assert struct.pack(">d", codec.decode(codec.encode(value), 0)) == struct.pack(">d", value)


@pytest.mark.parametrize("raw", ["7fc00000", "7f800000", "ff800000"])
def test_what_is_no_number_is_a_point_that_is_bad(raw):
    with pytest.raises(PointError, match="the device sends"):
        Codec("float32").decode(bytes.fromhex(raw), 0)


@given(st.integers(-(2**15), 2**15 - 1), st.sampled_from([0.1, 0.01, 0.001, 0.5, 2.0, 10.0, 0.125]))
def test_scaling_is_what_a_person_computes(raw, scale):
    codec = Codec("int16", scale=scale)
    value = codec.decode(raw.to_bytes(2, signed=True), 0)
    assert value == round(raw * scale, 9)
    assert codec.encode(value) == raw.to_bytes(2, signed=True)
    assert codec.holds is SignalType.FLOAT


@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=9), ORDER, st.booleans())
def test_texts_come_back_in_both_packings(text, order, one):
    codec = Codec("string", order, length=9, one_per_register=one)
    registers = codec.encode(text)
    assert len(registers) == codec.size == (18 if one else 10)
    assert codec.decode(registers, 0) == text


def test_a_text_lies_as_manuals_show_it():
    assert Codec("string", length=4).encode("ABC") == b"ABC\0"
    assert Codec("string", "BADC", length=4).encode("ABCD") == b"BADC"
    assert Codec("string", length=2, one_per_register=True).encode("AB") == b"\0A\0B"
    assert Codec("string", length=6).decode(b"AB  \0x", 0) == "AB"
    with pytest.raises(PointError, match="does not fit into 4"):
        Codec("string", length=4).encode("ABCDE")
    with pytest.raises(PointError, match="Latin-1"):
        Codec("string", length=4).encode("Ω")


def test_bcd_that_is_none_is_a_point_that_is_bad():
    assert Codec("bcd16").decode(b"\x12\x34", 0) == 1_234
    with pytest.raises(PointError, match="not BCD"):
        Codec("bcd16").decode(b"\x12\x3a", 0)


@pytest.mark.parametrize("bit", range(16))
def test_bits_of_a_register(bit):
    codec = Codec("bool", bit=bit)
    assert codec.decode((1 << bit).to_bytes(2), 0) is True
    assert codec.decode((0xFFFF ^ 1 << bit).to_bytes(2), 0) is False


@pytest.mark.parametrize(
    ("kind", "value"), [("int16", True), ("int16", "5"), ("bool", 1), ("float32", float("nan"))]
)
def test_values_of_another_type_are_refused(kind, value):
    with pytest.raises(PointError):
        Codec(kind).encode(value)


def test_types_are_known_by_the_names_of_both_generations():
    assert type_named("Float32") == "float32"
    assert type_named("REAL") == "float32"
    assert type_named("word") == "uint16"
    assert type_named("nothing") is None
    assert all(type_named(name.upper()) for name in NAMES)


@given(value=st.integers(2**63, 2**64 - 1), order=ORDER)
def test_a_number_that_no_signal_holds_is_an_error_and_not_another_number(value, order):
    registers = value.to_bytes(8)
    arranged = Codec("uint64", order)._arranged(registers)
    with pytest.raises(PointError, match="more than a signal holds"):
        Codec("uint64", order).decode(arranged, 0)
    assert Codec("uint64", order, scale=0.5).decode(arranged, 0) == value / 2
    together = unpacker([Packed(at, 8, Codec("uint64").decode, Codec("uint64").code) for at in (0, 8)])
    seen, five = together(registers + bytes(7) + b"\5")
    assert isinstance(seen, PointError)
    assert five == 5
