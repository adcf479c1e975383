"""Registers to values and back: types, orders of words and bytes, BCD, texts, scaling, packed bits. Pure.

A register is sent with its high byte first (MODBUS Application Protocol V1.1b3, 4.2). How a number of several
registers is arranged is not specified, so devices differ.

Orders are written as the bytes of a 32-bit number appear in two registers: ABCD is the order of Modbus, CDAB
has the words swapped, BADC the bytes within each word, DCBA both. Longer numbers follow the same rule.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from attrs import frozen

from petra import SignalType
from petra.drivers import PointError, UnusableValueError, scaling
from petra.signals import INT_MAX

if TYPE_CHECKING:
    from petra.signals import Value

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
_FORMATS = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
_BCD = {"bcd16": 2, "bcd32": 4}
TYPES = ("bool", *_FORMATS, *_BCD, "string")
_SAME_AS = {
    "int": "int16",
    "uint": "uint16",
    "word": "uint16",
    "dint": "int32",
    "udint": "uint32",
    "dword": "uint32",
    "real": "float32",
    "float": "float32",
    "lreal": "float64",
    "double": "float64",
    "bcd": "bcd16",
}
NAMES = (*TYPES, *_SAME_AS)


def type_named(name: str) -> str | None:
    """Return the type that a name means, in upper or lower case, or None."""
    lower = name.lower()
    lower = _SAME_AS.get(lower, lower)
    return lower if lower in TYPES else None


@frozen(slots=False)
class Codec:
    """How one value is stored in its registers. `bit` is for a bool within a register."""

    type: str
    order: str = "ABCD"
    bit: int | None = None
    length: int = 0
    """The number of characters of a text."""
    one_per_register: bool = False
    scale: float = 1.0
    offset: float = 0.0

    @property
    def size(self) -> int:
        """The number of bytes; always whole registers."""
        if self.type == "string":
            return self.length * 2 if self.one_per_register else (self.length + 1) // 2 * 2
        if self.type == "bool":
            return 2
        return _BCD.get(self.type) or struct.calcsize(_FORMATS[self.type])

    @property
    def scaled(self) -> bool:
        """Whether the value differs from the number in the registers."""
        return self.scale != 1.0 or self.offset != 0.0

    @property
    def holds(self) -> SignalType:
        """The type of a signal that holds the value."""
        if self.type == "bool":
            return SignalType.BOOL
        if self.type == "string":
            return SignalType.STRING
        return SignalType.FLOAT if self.scaled or self.type.startswith("float") else SignalType.INT

    @property
    def code(self) -> str:
        """The code for `struct`, empty where that is not all there is to do."""
        if (
            self.type not in _FORMATS
            or self._swaps_words
            or self.type == ("float64" if self.scaled else "uint64")
        ):
            return ""  # numbers that may be larger than a signal holds are checked one by one
        return ("<" if self._little else ">") + _FORMATS[self.type]

    @cached_property
    def decode(self) -> Callable[[bytes, int], Value]:
        """The function that reads the value at a byte; it raises PointError when the bytes are not valid."""
        if self.type == "bool":
            return self._decode_bit
        if self.type == "string":
            return self._decode_text
        raw = self._decode_bcd if self.type in _BCD else self._unpacker()
        if not self.scaled:
            return raw
        scaled = scaling(self.scale, self.offset)
        return _finite(scaled, raw) if self.type == "float64" else lambda data, at: scaled(raw(data, at))

    def encode(self, value: Value) -> bytes:
        """Return the registers that hold a value; PointError when it does not fit."""
        if self.type == "string":
            return self._encode_text(value)
        if isinstance(value, str) or isinstance(value, bool) is not (self.type == "bool"):
            raise PointError(f"{value!r} is not a valid value for {self.type}")
        if self.type == "bool":
            return struct.pack(">H", int(value) << (self.bit or 0))
        return self._encode_number(value)

    def as_written(self, value: Value) -> Value:
        """Return the value that is read back after one was written."""
        return self.decode(self.encode(value), 0)

    # numbers

    @property
    def _swaps_words(self) -> bool:
        return self.order in ("CDAB", "BADC") and self.size > 2

    @property
    def _little(self) -> bool:
        return self.order in ("DCBA", "BADC")

    def _unpacker(self) -> Callable[[bytes, int], int | float]:
        size = self.size
        unpack = struct.Struct(("<" if self._little else ">") + _FORMATS[self.type]).unpack_from
        swap = self._swaps_words
        is_float = self.type.startswith("float")
        large = self.type == "uint64" and not self.scaled

        def decode(data: bytes, at: int) -> int | float:
            (value,) = unpack(_words_swapped(data[at : at + size])) if swap else unpack(data, at)
            if is_float and not math.isfinite(value):
                raise UnusableValueError(f"the device sends {value!r}")
            if large and value > INT_MAX:
                raise UnusableValueError(f"the device sends {value}, more than a signal holds; scale it")
            return value  # type: ignore[no-any-return]  # struct knows no types

        return decode

    def _encode_number(self, value: float) -> bytes:
        raw = (value - self.offset) / self.scale if self.scaled else value
        if not math.isfinite(raw):
            raise PointError(f"{value!r} does not fit into {self.type}")
        if self.type in _BCD:
            return self._encode_bcd(round(raw))
        number = raw if self.type.startswith("float") else round(raw)
        try:
            packed = struct.pack(("<" if self._little else ">") + _FORMATS[self.type], number)
        except (struct.error, OverflowError):
            raise PointError(f"{value!r} does not fit into {self.type}") from None
        return _words_swapped(packed) if self._swaps_words else packed

    def _decode_bcd(self, data: bytes, at: int) -> int:
        number = int.from_bytes(self._arranged(data[at : at + self.size]))
        digits = f"{number:x}"
        if not digits.isdecimal():
            raise UnusableValueError(f"the device sends {number:#x}, which is not BCD")
        return int(digits)

    def _encode_bcd(self, number: int) -> bytes:
        if not 0 <= number < 10 ** (self.size * 2):
            raise PointError(f"{number} does not fit into {self.type}")
        return self._arranged(int(str(number), 16).to_bytes(self.size))

    def _arranged(self, data: bytes) -> bytes:
        data = data[::-1] if self._little else data
        return _words_swapped(data) if self._swaps_words else data

    # bits and texts

    def _decode_bit(self, data: bytes, at: int) -> bool:
        return bool(int.from_bytes(data[at : at + 2]) >> (self.bit or 0) & 1)

    def _decode_text(self, data: bytes, at: int) -> str:
        raw = data[at : at + self.size]
        if self._little:
            raw = _bytes_swapped(raw)
        if self.one_per_register:
            raw = raw[1::2]
        return raw[: self.length].split(b"\0", 1)[0].decode("latin-1").rstrip(" ")

    def _encode_text(self, value: Value) -> bytes:
        if not isinstance(value, str):
            raise PointError(f"{value!r} is not a text")
        try:
            raw = value.encode("latin-1")
        except UnicodeEncodeError:
            raise PointError(f"{value!r} has characters that are not Latin-1") from None
        if len(raw) > self.length:
            raise PointError(f"a text of {len(raw)} characters does not fit into {self.length}")
        raw = raw.ljust(self.length, b"\0")
        if self.one_per_register:
            raw = b"".join(bytes((0, byte)) for byte in raw)
        raw = raw.ljust(self.size, b"\0")
        return _bytes_swapped(raw) if self._little else raw


# coils and discrete inputs

_BITS_OF = [[bool(byte >> bit & 1) for bit in range(8)] for byte in range(256)]
"""The bits of each byte, the lowest first, as answers have them (MODBUS Application Protocol V1.1b3, 6.1)."""
_SPARSE = 2
"""Bits of each byte below which looking at them one by one costs less than at all of them (measured)."""


def bits_unpacker(offsets: Sequence[int], length: int) -> Callable[[bytes], Sequence[bool]]:
    """Return the function from packed bits, of this length, to those at some offsets."""
    if len(offsets) * 8 < length * _SPARSE:
        places = [(offset // 8, 1 << offset % 8) for offset in offsets]
        return lambda data: [data[at] & mask != 0 for at, mask in places]
    first, last = offsets[0], offsets[-1] + 1
    gapless = list(offsets) == list(range(first, last))
    select = itemgetter(slice(first, last)) if gapless else itemgetter(*offsets)
    return lambda data: select(unpacked_bits(data))


def unpacked_bits(data: bytes) -> list[bool]:
    """Return all bits of some bytes, the lowest of each first."""
    return list(chain.from_iterable(map(_BITS_OF.__getitem__, data)))


def _finite(
    scaled: Callable[[float], float], raw: Callable[[bytes, int], int | float]
) -> Callable[[bytes, int], float]:
    def decode(data: bytes, at: int) -> float:
        value = scaled(raw(data, at))
        if not math.isfinite(value):
            raise UnusableValueError("the device sends more than a signal holds, once it is scaled")
        return value

    return decode


def _words_swapped(data: bytes) -> bytes:
    if len(data) == 4:
        return data[2:] + data[:2]
    return b"".join(data[i : i + 2] for i in range(len(data) - 2, -2, -2))


def _bytes_swapped(data: bytes) -> bytes:
    swapped = bytearray(data)
    swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
    return bytes(swapped)
