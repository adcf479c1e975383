"""From bytes to values at once: the same as one by one, whatever the order and the gaps."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petra.drivers import Packed, PointError, scaling, unpacker

CODES = ("B", "h", "i", "q", "f", "d")


def decode(code: str) -> Callable[[bytes, int], float]:
    def value(data: bytes, at: int) -> float:
        (found,) = struct.unpack_from(code, data, at)
        if not math.isfinite(found):
            raise PointError("no number")
        return found

    return value


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[Packed], int]:
    """Fields one behind the other with gaps, in any order, of one byte order or of several."""
    fields, at = [], 0
    orders = draw(st.sampled_from([">", "<", "><"]))
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.integers(0, 3))
        code = draw(st.sampled_from(orders)) + draw(st.sampled_from(CODES))
        size = struct.calcsize(code)
        scale = draw(st.sampled_from([None, None, scaling(0.1, 1.0)]))
        plain = decode(code)
        read = plain if scale is None else lambda data, at, plain=plain, scale=scale: scale(plain(data, at))
        fields.append(Packed(at, size, read, draw(st.sampled_from([code] * 5 + [""])), scale))
        at += size
    return draw(st.permutations(fields)), at


@given(layouts(), st.data())
def test_many_at_once_are_what_each_of_them_is(layout, data):
    """Also of random bytes, in which a float may be no number: that one is an error, and it alone."""
    fields, length = layout
    raw = data.draw(st.binary(min_size=length, max_size=length))
    found = unpacker(fields)(raw)
    assert len(found) == len(fields)
    for field, value in zip(fields, found, strict=True):
        try:
            expected = field.decode(raw, field.at)
        except PointError:
            assert isinstance(value, PointError)
        else:
            assert repr(value) == repr(expected)


def test_fields_that_share_bytes_are_read_each():
    """A word and its upper byte: the same bytes twice."""
    fields = [
        Packed(0, 2, decode(">H"), ">H"),
        Packed(0, 1, decode(">B"), ">B"),
        Packed(1, 1, decode(">B"), ">B"),
    ]
    assert list(unpacker(fields)(b"\x01\x02")) == [0x0102, 1, 2]


def test_one_float_that_is_no_number_is_an_error_alone():
    fields = [Packed(at, 4, decode(">f"), ">f") for at in (0, 4, 8)]
    found = unpacker(fields)(struct.pack(">fff", 1.5, math.nan, 2.5))
    assert (found[0], found[2]) == (1.5, 2.5)
    assert isinstance(found[1], PointError)


@pytest.mark.parametrize("size", [1e308, -1e308])
def test_numbers_that_are_huge_together_are_all_good(size):
    fields = [Packed(at, 8, decode(">d"), ">d") for at in (0, 8)]
    assert list(unpacker(fields)(struct.pack(">dd", size, size))) == [size, size]
