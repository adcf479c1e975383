"""Types of S7: every value comes back, and bytes are what Step 7 shows."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra import SignalType
from petra.drivers import PointError
from petra_s7.codec import Codec

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


@pytest.mark.parametrize("kind", ["ulint", "lword"])
def test_a_number_that_no_signal_holds_is_an_error_and_not_another_number(kind):
    with pytest.raises(PointError, match="more than a signal holds"):
        Codec(kind).decode(b"\x80" + bytes(7), 0)
    assert Codec(kind, scale=0.5).decode(b"\x80" + bytes(7), 0) == 2.0**62
    assert Codec(kind).code == ""


@pytest.mark.parametrize("kind", ["string", "wstring"])
def test_a_text_that_is_longer_than_what_is_read_is_not_shown_cut(kind):
    """The PLC declares 20 characters, and somebody has configured 8."""
    held = Codec(kind, length=20).encode("twelve chars")
    short = Codec(kind, length=8)
    with pytest.raises(PointError, match="has 12 characters, and 8 are read; the PLC declares 20"):
        short.decode(held, 0)
    assert short.decode(Codec(kind, length=20).encode("eight ch"), 0) == "eight ch"
