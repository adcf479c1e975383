"""What the error codes of S7 mean, and what to do about them."""

from __future__ import annotations

from petra.drivers import PointError

_ITEM_ERRORS = {
    0x01: "the PLC reports a hardware fault",
    0x03: (
        "the PLC denies access: on S7-1200 and 1500, permit PUT/GET in the protection settings of the CPU "
        "and switch off optimised access of the data block"
    ),
    0x05: (
        "the PLC has no such address: it is past the end of the area, or the data block has optimised access"
    ),
    0x06: "the PLC does not support this type here",
    0x07: "the PLC says that type and length do not match",
    0x0A: "the PLC has no such block: it does not exist, or has optimised access",
}
_HEADER_ERRORS = {
    0x8104: (
        "the PLC does not offer this: on S7-1200 and 1500, permit PUT/GET in the protection settings of "
        "the CPU"
    ),
    0x8500: "the PLC says that the request is too long",
    0x8702: "the PLC has no such address",
    0xD241: "the PLC is protected by a password",
    0xD401: "the PLC does not know this request",
}


def item_error(code: int) -> PointError:
    """Return the error that the code of an item means."""
    return PointError(f"{_ITEM_ERRORS.get(code, 'the PLC refuses')} (code 0x{code:02x})")


def header_error(code: int) -> PointError:
    """Return the error that the code in the header of an answer means."""
    return PointError(f"{_HEADER_ERRORS.get(code, 'the PLC refuses')} (error 0x{code:04x})")
