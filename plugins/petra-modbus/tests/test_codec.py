"""Types and orders of bytes: what is written is read, and registers hold what manuals say."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import SignalType
from petra.drivers import Packed, PointError, unpacker
from petra_modbus.codec import NAMES, ORDERS, Codec, bits_unpacker, type_named, unpacked_bits

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


@given(data=st.data(), length=st.integers(1, 2_000))
def test_bits_are_found_wherever_they_are(data, length):
    """Few and many of them, with and without gaps, in any order."""
    packed = data.draw(st.binary(min_size=(length + 7) // 8, max_size=(length + 7) // 8))
    first = data.draw(st.integers(0, length - 1))
    step = data.draw(st.sampled_from([1, 2, 7, 100]))
    offsets = list(range(first, length, step))
    if data.draw(st.booleans()):
        offsets = data.draw(st.permutations(offsets[:50]))
    number = int.from_bytes(packed, "little")
    expected = [bool(number >> offset & 1) for offset in offsets]
    assert list(bits_unpacker(offsets, length)(packed)) == expected
    assert unpacked_bits(packed)[:length] == [bool(number >> at & 1) for at in range(length)]


@pytest.mark.parametrize("offsets", [[0], [3], [0, 1, 3], [0, 2, 1, 3], [0, 0, 1]])
def test_bits_of_a_short_part(offsets):
    """One of four, with a gap, in another order, one of them twice."""
    found = bits_unpacker(offsets, 4)(b"\x0a")
    assert list(found) == [(False, True, False, True)[offset] for offset in offsets]
    assert all(value is True or value is False for value in found)


def test_an_offset_alone_scales():
    codec = Codec("int16", offset=-40.0)
    assert codec.holds is SignalType.FLOAT
    assert codec.decode(b"\0\x3c", 0) == 20.0
    assert codec.encode(20.0) == b"\0\x3c"


def test_scale_and_offset_are_undone_in_the_right_order():
    codec = Codec("uint16", scale=0.5, offset=10.0)
    assert codec.decode(b"\0\x64", 0) == 60.0
    assert codec.encode(60.0) == b"\0\x64"


def test_what_becomes_too_large_by_scaling_is_noticed_among_others():
    """Read together by one `struct`, as a part of several points is."""
    codec = Codec("float64", scale=1e300)
    packed = [Packed(at, 8, codec.decode, codec.code) for at in (0, 8)]
    large, small = unpacker(packed)(struct.pack(">dd", 1e300, 1e-3))
    assert isinstance(large, PointError)
    assert small == pytest.approx(1e297)


def test_spaces_before_a_text_belong_to_it():
    assert Codec("string", length=6).decode(b"  AB  ", 0) == "  AB"


def test_a_number_between_two_is_written_as_the_nearer_one():
    assert Codec("int16", scale=0.1).encode(0.96) == b"\0\x0a"
    assert Codec("int16").encode(-2.6) == (-3).to_bytes(2, signed=True)


@pytest.mark.parametrize(
    ("codec", "code"),
    [
        (Codec("int16", "CDAB"), ">h"),  # one register has no words to swap
        (Codec("uint16", "BADC"), "<H"),
        (Codec("float32", "DCBA"), "<f"),
        (Codec("float32", "CDAB"), ""),
        (Codec("uint64"), ""),  # may be more than a signal holds
        (Codec("uint64", scale=0.5), ">Q"),
        (Codec("float64"), ">d"),
        (Codec("bcd16"), ""),
    ],
    ids=lambda each: f"{each.type}-{each.order}" if isinstance(each, Codec) else each,
)
def test_values_that_struct_reads_are_read_together(codec, code):
    assert codec.code == code
