"""Addresses of S7 as people write them: DB100.DBX0.0, DB1.REAL4, DB1,INT4, M10.3, MW20, IB0, T5. Pure."""

from __future__ import annotations

import re
from enum import IntEnum

from attrs import frozen

from .codec import type_named

HIGHEST = 65_535


class Area(IntEnum):
    """The areas of memory; the value is the code of the protocol."""

    COUNTER = 0x1C
    TIMER = 0x1D
    INPUT = 0x81
    OUTPUT = 0x82
    MERKER = 0x83
    DB = 0x84

    @property
    def numbered(self) -> bool:
        """Whether its addresses count timers or counters of two bytes, not bytes."""
        return self in (Area.COUNTER, Area.TIMER)

    @property
    def width(self) -> int:
        """How many bytes an address has."""
        return 2 if self.numbered else 1


NAMES = {
    "DB": Area.DB,
    "I": Area.INPUT,
    "E": Area.INPUT,
    "Q": Area.OUTPUT,
    "A": Area.OUTPUT,
    "M": Area.MERKER,
    "C": Area.COUNTER,
    "Z": Area.COUNTER,
    "T": Area.TIMER,
}
_WIDTHS = {"X": "bool", "B": "byte", "W": "word", "D": "dword", "C": "char", "S": "string", "R": "real"}
_SHORT = {"byte": "B", "word": "W", "dword": "D"}
# nodes7 abbreviates what Step 7 spells out: DB1,I4 is an INT, DB1,DI4 a DINT
_NODES7 = {"I": "int", "DI": "dint", "DW": "dword", "LR": "lreal"}
_TEXT = re.compile(
    r"(?:DB(?P<db>\d{1,5})[.,](?:DB)?(?P<of_db>[A-Z][A-Z_0-9]*?)?|(?P<area>[IEQAMCZT])(?P<of_area>[A-Z][A-Z_]*)?)"
    r"(?P<start>\d{1,5})(?:\.(?P<more>\d{1,5}))?",
    re.ASCII,
)


class AddressError(ValueError):
    """A text or number is not a valid address."""


@frozen
class Address:
    """The area, the first byte (or number), perhaps a bit of it, and the type that the text names."""

    area: Area
    db: int
    start: int
    bit: int | None = None
    type: str = ""
    length: int = 0

    def __str__(self) -> str:
        letter = "" if self.area is Area.DB else _letter(self.area)
        head = f"DB{self.db}." if self.area is Area.DB else letter
        if self.area.numbered:
            return f"{letter}{self.start}"
        if self.bit is not None:
            return f"{head}{'DBX' if self.area is Area.DB else ''}{self.start}.{self.bit}"
        short = _SHORT.get(self.type or "byte")
        if short is None:
            return f"{head}{self.type.upper()}{self.start}"
        return f"{head}{'DB' if self.area is Area.DB else ''}{short}{self.start}"


def parse(text: str) -> Address:
    """Return the address that a text means; AddressError says what is wrong with it."""
    match = _TEXT.fullmatch(text.strip().upper())
    if match is None:
        raise AddressError(f"{text!r} is not a valid address, such as DB100.DBX0.0, DB1.REAL4, MW20 or M10.3")
    in_db = match["db"] is not None
    area = Area.DB if in_db else NAMES[match["area"]]
    word = (match["of_db"] if in_db else match["of_area"]) or ""
    if in_db and not word:
        raise AddressError(f"{text!r} names no type: write DB1.DBX0.0, DB1.DBW0 or DB1.REAL0")
    kind = _kind(text, area, word)
    more = None if match["more"] is None else int(match["more"])
    start = int(match["start"])
    if kind == "bool":
        if more is None or more > 7:
            raise AddressError(f"{text!r}: a bit is written BYTE.BIT, with a bit from 0 to 7")
        return checked(Address(area, int(match["db"] or 0), start, more, kind))
    if more is not None and kind not in ("string", "wstring"):
        raise AddressError(f"{text!r}: only bits and strings take a second number")
    return checked(Address(area, int(match["db"] or 0), start, None, kind, more or 0))


def checked(address: Address) -> Address:
    """Return the address; AddressError when it is beyond what any PLC has."""
    if address.start > HIGHEST:
        raise AddressError(f"addresses end at {HIGHEST}, and this one is {address.start}")
    if address.area is Area.DB and not 0 < address.db <= HIGHEST:
        raise AddressError(f"data blocks are numbered 1 to {HIGHEST}, and this one is {address.db}")
    return address


def _kind(text: str, area: Area, word: str) -> str:
    if area.numbered:
        if word:
            raise AddressError(f"{text!r}: timers and counters have a number and nothing else")
        return "timer" if area is Area.TIMER else "counter"
    if not word:
        return "bool"
    kind = _WIDTHS.get(word) or _NODES7.get(word) or type_named(word)
    if kind is None:
        raise AddressError(f"{text!r}: {word!r} is not a valid type")
    return kind


def _letter(area: Area) -> str:
    return next(letter for letter, found in NAMES.items() if found is area)
