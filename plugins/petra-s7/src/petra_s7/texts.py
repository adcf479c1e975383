"""Texts of S7: single characters, and strings that carry their declared and their used length. Pure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from petra.drivers import PointError, UnusableValueError

if TYPE_CHECKING:
    from petra.signals import Value

STRINGS = {"string": 254, "wstring": 16_382}
"""Types with a declared length, and the most characters each can have."""
TEXTS = ("char", "wchar", *STRINGS)


def read_char(data: bytes) -> str:
    """Return a character of one byte."""
    return data.decode("latin-1")


def read_wchar(data: bytes) -> str:
    """Return a character of two bytes."""
    return data.decode("utf-16-be", "replace")


def write_char(value: Value) -> bytes:
    """Return the byte of a character; ValueError when it is not exactly one."""
    return _exactly(str(value).encode("latin-1"), 1)


def write_wchar(value: Value) -> bytes:
    """Return the two bytes of a character; ValueError when it is not exactly one."""
    return _exactly(str(value).encode("utf-16-be"), 2)


def _exactly(raw: bytes, size: int) -> bytes:
    if len(raw) != size:
        raise ValueError
    return raw


def read_string(data: bytes) -> str:
    """Return a string: a byte with its declared length, a byte with its used length, the characters."""
    declared, used = data[0], data[1]
    if used > declared or declared > STRINGS["string"]:
        raise UnusableValueError(f"the PLC holds no string here: {used} characters of at most {declared}")
    if used > len(data) - 2:
        raise PointError(_cut(used, len(data) - 2, declared))
    return data[2 : 2 + used].decode("latin-1")


def read_wstring(data: bytes) -> str:
    """Return a wide string: both lengths and each character take two bytes."""
    declared, used = struct.unpack_from(">HH", data)
    if used > declared:
        raise UnusableValueError(f"the PLC holds no wstring here: {used} characters of at most {declared}")
    if used * 2 > len(data) - 4:
        raise PointError(_cut(used, (len(data) - 4) // 2, declared))
    return data[4 : 4 + used * 2].decode("utf-16-be", "replace")


def _cut(used: int, length: int, declared: int) -> str:
    return f"the text has {used} characters, and {length} are read; the PLC declares {declared}"


def write_string(text: str, length: int) -> bytes:
    """Return the bytes of a string of a declared length; PointError when the text is longer."""
    raw = text.encode("latin-1")
    return struct.pack(">BB", length, _fitting(len(raw), length)) + raw.ljust(length, b"\0")


def write_wstring(text: str, length: int) -> bytes:
    """Return the bytes of a wide string of a declared length; PointError when the text is longer."""
    raw = text.encode("utf-16-be")
    return struct.pack(">HH", length, _fitting(len(raw) // 2, length)) + raw.ljust(length * 2, b"\0")


def _fitting(used: int, length: int) -> int:
    if used > length:
        raise PointError(f"a text of {used} characters does not fit into {length}")
    return used
