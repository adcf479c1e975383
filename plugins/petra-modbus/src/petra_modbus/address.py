"""Addresses of Modbus: four areas, two conventions, and the meaning of texts and numbers in each."""

from __future__ import annotations

import re
from enum import Enum

from attrs import frozen

HIGHEST = 65_535
MOST_REGISTERS = 125
MOST_BITS = 2_000
MOST_WRITTEN_REGISTERS = 123
"""What one request reads or writes at most (MODBUS Application Protocol V1.1b3, 6.1 to 6.4 and 6.12)."""


class Area(Enum):
    """The four areas; the value is the code of the function that reads it."""

    COIL = 1
    DISCRETE = 2
    HOLDING = 3
    INPUT = 4

    @property
    def bits(self) -> bool:
        """Whether the area holds bits rather than registers."""
        return self in (Area.COIL, Area.DISCRETE)

    @property
    def writable(self) -> bool:
        """Whether the area can be written."""
        return self in (Area.COIL, Area.HOLDING)

    @property
    def noun(self) -> str:
        """The name of the area in a sentence."""
        return _NOUNS[self]


_NOUNS = {
    Area.COIL: "the coils",
    Area.DISCRETE: "the discrete inputs",
    Area.HOLDING: "the holding registers",
    Area.INPUT: "the input registers",
}
NAMES = {
    "coil": Area.COIL,
    "discrete": Area.DISCRETE,
    "holding": Area.HOLDING,
    "input": Area.INPUT,
}
_SHORT = {"co": Area.COIL, "di": Area.DISCRETE, "hr": Area.HOLDING, "ir": Area.INPUT, **NAMES}
# Manuals put the area into the first digit and count from 1, where requests count from 0 (MODBUS Application
# Protocol V1.1b3, 4.4): 40001 is the holding register 0. With six digits there is room for all 65,536.
_DIGIT = {"0": Area.COIL, "1": Area.DISCRETE, "3": Area.INPUT, "4": Area.HOLDING}
_TEXT = re.compile(r"(?:([a-z]+):)?(\d{1,6})(?:\.(\d{1,2}))?", re.ASCII)


class AddressError(ValueError):
    """Raised when a text is not a valid address."""


@frozen
class Address:
    """An area, an offset from 0, and for a bit of a register its number."""

    area: Area
    offset: int
    bit: int | None = None

    def __str__(self) -> str:
        name = next(name for name, area in NAMES.items() if area is self.area)
        return f"{name}:{self.offset}" + ("" if self.bit is None else f".{self.bit}")


def parse(text: str, *, modicon: bool, area: Area | None = None, default: Area = Area.HOLDING) -> Address:
    """Return the address that a text means; AddressError when it is not valid.

    `holding:100` and `hr:100.3` mean the same everywhere. A plain number is an offset from 0, or with
    `modicon` a number as manuals print it: 40001 is the first holding register, 1 the first coil.
    """
    match = _TEXT.fullmatch(text.strip().lower())
    if match is None:
        raise AddressError(f"{text!r} is not a valid address, such as 100, 100.3 or holding:100")
    name, digits, bit = match[1], match[2], match[3]
    if name is not None:
        if name not in _SHORT:
            raise AddressError(f"{name!r} is not a valid area, such as {', '.join(NAMES)}")
        found = Address(_SHORT[name], int(digits))
    elif modicon:
        found = _modicon(digits)
    else:
        found = _zero_based(digits, area, default)
    if area is not None and found.area is not area:
        raise AddressError(f"{text!r} is an address of {found.area.noun}, but `area` says {area.noun}")
    if found.offset > HIGHEST:
        raise AddressError(f"{found.area.noun} end at {HIGHEST}, and {text!r} is offset {found.offset}")
    if bit is None:
        return found
    if found.area.bits or int(bit) > 15:
        raise AddressError(f"{text!r}: only a register has bits, from 0 to 15")
    return Address(found.area, found.offset, int(bit))


def says_bits(text: str, area: str | None) -> bool:
    """Return whether a text, or the area beside it, names coils or discrete inputs."""
    named = _SHORT.get(text.strip().lower().partition(":")[0]) if ":" in text else NAMES.get(area or "")
    return named is not None and named.bits


def _modicon(digits: str) -> Address:
    """Return the address of a number as manuals print it.

    40001 and 400001 are the first holding register; fewer than five digits are coils.
    """
    padded = digits if len(digits) > 5 else digits.zfill(5)
    area, number = _DIGIT.get(padded[0]), int(padded[1:])
    if area is None or number == 0:
        raise AddressError(
            f"{digits} is not a valid modicon address: areas begin at 1, 10001, 30001 and 40001"
        )
    return Address(area, number - 1)


def _zero_based(digits: str, area: Area | None, default: Area) -> Address:
    number = int(digits)
    if area is None and len(digits) >= 5 and digits[0] in "134" and int(digits[1:]) > 0 and number <= 499_999:
        raise AddressError(
            f"{digits} is ambiguous, an offset or a number of a manual: write `area` beside it for the "
            "offset, or `addressing: modicon` on the connection"
        )
    return Address(area or default, number)
