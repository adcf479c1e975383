"""Types of S7: every value comes back, and bytes are what Step 7 shows."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import SignalType
from petra.drivers import PointError
from petra_s7.codec import Codec, type_named

WHOLE = {
    "byte": (0, 255),
    "usint": (0, 255),
    "sint": (-128, 127),
    "word": (0, 2**16 - 1),
    "uint": (0, 2**16 - 1),
    "int": (-(2**15), 2**15 - 1),
    "dword": (0, 2**32 - 1),
    "udint": (0, 2**32 - 1),
    "dint": (-(2**31), 2**31 - 1),
    "lword": (0, 2**64 - 1),
    "ulint": (0, 2**64 - 1),
    "lint": (-(2**63), 2**63 - 1),
    "counter": (0, 999),
}


@pytest.mark.parametrize("kind", WHOLE)
@given(data=st.data())
def test_whole_numbers_come_back(kind, data):
    low, high = WHOLE[kind]
    value = data.draw(st.integers(low, min(high, 2**63 - 1)))
    codec = Codec(kind)
    raw = codec.encode(value)
    assert len(raw) == codec.size
    assert codec.decode(b"\xff" + raw, 1) == value
    assert codec.holds is SignalType.INT


@pytest.mark.parametrize("kind", WHOLE)
def test_what_does_not_fit_is_refused(kind):
    for value in (WHOLE[kind][0] - 1, WHOLE[kind][1] + 1):
        with pytest.raises(PointError, match="does not fit"):
            Codec(kind).encode(value)


@pytest.mark.parametrize(
    ("kind", "value", "raw"),
    [
        ("real", 1.0, "3f800000"),
        ("lreal", 1.0, "3ff0000000000000"),
        ("char", "A", "41"),
        ("wchar", "Ω", "03a9"),
        ("date", "1990-01-01", "0000"),
        ("date", "2026-11-21", "34a1"),
        ("time", 1.5, "000005dc"),
        ("time", -1.5, "fffffa24"),
        ("time_of_day", "12:00:00.000", "02932e00"),
        ("date_and_time", "2026-11-21T10:15:30.123", "2611211015301237"),
        ("date_and_time", "1990-01-01T00:00:00.000", "9001010000000002"),
        ("dtl", "2026-11-21T10:15:30.500", "07ea0b15070a0f1e1dcd6500"),
        ("s5time", 0.0, "0000"),
        ("s5time", 9.99, "0999"),
        ("s5time", 10.0, "1100"),
        ("s5time", 9990.0, "3999"),
        ("timer", 45.5, "1455"),
        ("counter", 127, "0127"),
        ("ltime", 1.5, "0000000059682f00"),
    ],
)
def test_bytes_are_what_step_7_shows(kind, value, raw):
    assert Codec(kind).encode(value).hex() == raw
    assert Codec(kind).decode(bytes.fromhex(raw), 0) == value


@pytest.mark.parametrize("kind", ["string", "wstring"])
def test_a_string_may_use_all_of_its_length(kind):
    codec = Codec(kind, length=4)
    assert codec.decode(codec.encode("four"), 0) == "four"
    with pytest.raises(PointError, match="does not fit into 4"):
        codec.encode("fiver")


@pytest.mark.parametrize(
    ("kind", "raw", "shown"),
    [
        ("wchar", "d800", "\ufffd"),
        ("wstring", "00020001d8000000", "\ufffd"),
        ("char", "ff", "ÿ"),
    ],
)
def test_a_character_that_is_none_is_shown_as_replaced(kind, raw, shown):
    assert Codec(kind, length=2).decode(bytes.fromhex(raw), 0) == shown


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("string", "ff0441424344"), ("string", "0305414243"), ("wstring", "00020003000000000000")],
)
def test_lengths_that_no_string_has_are_an_error(kind, raw):
    with pytest.raises(PointError, match=f"holds no {kind} here"):
        Codec(kind, length=4).decode(bytes.fromhex(raw), 0)


def test_bits_beside_the_digits_of_timers_and_counters_are_left_out():
    """The upper bits of a counter and the top two of a timer carry no value."""
    assert Codec("counter").decode(bytes.fromhex("f127"), 0) == 127
    assert Codec("timer").decode(bytes.fromhex("d455"), 0) == 45.5


@pytest.mark.parametrize(
    ("value", "raw"), [(9.99, "0999"), (9.994, "0999"), (99.9, "1999"), (999.0, "2999"), (1_000.0, "3100")]
)
def test_a_duration_has_the_finest_base_that_holds_it(value, raw):
    assert Codec("s5time").encode(value).hex() == raw


def test_the_weekday_is_counted_from_sunday():
    """2026-11-21 is a Saturday, the seventh day; the day after it is the first."""
    assert Codec("date_and_time").encode("2026-11-21T00:00:00").hex()[-1] == "7"
    assert Codec("date_and_time").encode("2026-11-22T00:00:00").hex()[-1] == "1"
    assert Codec("dtl").encode("2026-11-22T00:00:00")[4] == 1


@pytest.mark.parametrize("text", ["1990-01-01T00:00:00.000", "2089-12-31T23:59:59.999"])
def test_years_of_two_digits_end_where_the_next_century_begins(text):
    assert Codec("date_and_time").decode(Codec("date_and_time").encode(text), 0) == text


def test_a_day_has_no_more_than_24_hours():
    assert Codec("time_of_day").decode((86_399_999).to_bytes(4), 0) == "23:59:59.999"
    with pytest.raises(PointError, match="not a valid time of day"):
        Codec("time_of_day").decode((86_400_000).to_bytes(4), 0)


def test_strings_lie_with_their_lengths():
    assert Codec("string", length=6).encode("Grüß").hex() == "06044772fcdf0000"
    assert Codec("wstring", length=3).encode("Ω").hex() == "0003000103a900000000"
    with pytest.raises(PointError, match="does not fit into 3"):
        Codec("string", length=3).encode("four")
    with pytest.raises(PointError, match="no string here"):
        Codec("string", length=6).decode(bytes.fromhex("0207414243440000"), 0)


@given(st.dates(date(1990, 1, 1), date(2089, 12, 31)), st.times())
def test_dates_come_back_to_the_millisecond(day, moment):
    text = datetime.combine(day, moment).isoformat(timespec="milliseconds")
    for kind in ("date_and_time", "dtl"):
        assert Codec(kind).decode(Codec(kind).encode(text), 0) == text
    assert Codec("date").decode(Codec("date").encode(day.isoformat()), 0) == day.isoformat()
    tod = time.fromisoformat(text[11:]).isoformat("milliseconds")
    assert Codec("time_of_day").decode(Codec("time_of_day").encode(tod), 0) == tod


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("real", "7fc00000"),
        ("lreal", "7ff0000000000000"),
        ("s5time", "0a00"),
        ("counter", "00ff"),
        ("time_of_day", "ffffffff"),
        ("date_and_time", "ffffffffffffffff"),
        ("date_and_time", "0000000000000000"),
        ("dtl", "000000000000000000000000"),
    ],
)
def test_bytes_that_mean_nothing_are_a_point_that_is_bad(kind, raw):
    with pytest.raises(PointError, match="the PLC sends"):
        Codec(kind).decode(bytes.fromhex(raw), 0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", True),
        ("int", "5"),
        ("bool", 1),
        ("date", "yesterday"),
        ("date", 5),
        ("char", "ab"),
        ("real", 1e300),
        ("s5time", -1.0),
        ("s5time", 9_991.0),
        ("date_and_time", "2090-01-01T00:00:00"),
        ("date", "1989-12-31"),
        ("date", "2170-01-01"),
        ("ltime", 1e10),
        ("char", ""),
        ("char", "Ω"),
        ("wchar", "ab"),
        ("time", 1e10),
        ("date_and_time", "2100-01-01T00:00:00"),
        ("date_and_time", "2026-11-21T10:00:00+01:00"),
        ("dtl", "2026-11-21T10:00:00Z"),
        ("time_of_day", "10:00:00+01:00"),
    ],
)
def test_values_of_another_kind_are_refused(kind, value):
    with pytest.raises(PointError):
        Codec(kind).encode(value)


@given(st.integers(-(2**15), 2**15 - 1))
def test_scaling_is_what_a_person_computes(raw):
    codec = Codec("int", scale=0.1, offset=-40.0)
    assert codec.encode(codec.decode(raw.to_bytes(2, signed=True), 0)) == raw.to_bytes(2, signed=True)
    assert codec.holds is SignalType.FLOAT


@pytest.mark.parametrize(("offset", "scale"), [(-40.0, 1.0), (40.0, 1.0), (0.0, 2.0), (-1.0, -0.5)])
def test_a_scaled_number_is_written_and_read_alike(offset, scale):
    codec = Codec("int", scale=scale, offset=offset)
    assert codec.holds is SignalType.FLOAT
    for raw in (-32_768, -1, 0, 7, 32_767):
        assert codec.decode(codec.encode(raw * scale + offset), 0) == raw * scale + offset


def test_a_number_between_two_steps_is_written_as_the_closer_one():
    assert Codec("int", scale=0.1).encode(1.26) == b"\0\x0d"
    assert Codec("int").encode(2.7) == b"\0\3"


def test_what_is_no_bool_is_not_written_as_one():
    with pytest.raises(PointError, match="neither true nor false"):
        Codec("bool").as_written(1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("X", "bool"), ("uint8", "usint"), ("int8", "sint"), ("int16", "int"), ("UINT16", "uint"),
        ("int32", "dint"), ("uint32", "udint"), ("int64", "lint"), ("uint64", "ulint"), ("float", "real"),
        ("float32", "real"), ("float64", "lreal"), ("TOD", "time_of_day"), ("dt", "date_and_time"),
        ("Real", "real"), ("quux", None),
    ],
)  # fmt: skip
def test_types_have_the_names_of_other_tools(name, kind):
    assert type_named(name) == kind


@pytest.mark.parametrize("kind", ["ulint", "lword"])
def test_a_number_that_no_signal_holds_is_an_error_and_not_another_number(kind):
    with pytest.raises(PointError, match="more than a signal holds"):
        Codec(kind).decode(b"\x80" + bytes(7), 0)
    assert Codec(kind, scale=0.5).decode(b"\x80" + bytes(7), 0) == 2.0**62
    assert Codec(kind).code == ""
    assert Codec(kind, scale=0.5).code == ">Q"
    assert Codec(kind).decode(b"\x7f" + b"\xff" * 7, 0) == 2**63 - 1


@pytest.mark.parametrize("kind", ["string", "wstring"])
def test_a_text_that_is_longer_than_what_is_read_is_not_shown_cut(kind):
    """The PLC declares 20 characters, and somebody has configured 8."""
    held = Codec(kind, length=20).encode("twelve chars")
    short = Codec(kind, length=8)
    with pytest.raises(PointError, match="has 12 characters, and 8 are read; the PLC declares 20"):
        short.decode(held, 0)
    with pytest.raises(PointError, match="has 9 characters, and 8 are read"):
        short.decode(Codec(kind, length=20).encode("nine char")[: short.size], 0)
    assert short.decode(Codec(kind, length=20).encode("eight ch"), 0) == "eight ch"
