"""Transport addresses (TSAP) of S7: their text, and those that follow from the kind of PLC. Pure."""

from __future__ import annotations

import re

_TEXT = re.compile(r"(?:0x)?([0-9a-fA-F]{1,2})\.?([0-9a-fA-F]{2})")
LOCAL = 0x0100
"""The address of this side, where the PLC does not prescribe another."""
FIXED = {"logo": (0x0100, 0x0200), "s7-200": (0x1000, 0x1000)}
"""The addresses of both sides, for PLCs without rack and slot."""
CONNECTION_TYPES = {"PG": 1, "OP": 2, "basic": 3}
"""The first byte of the address of a PLC with rack and slot."""
SLOTS = {"s7-300": 2, "s7-400": 3, "s7-1200": 1, "s7-1500": 1}
"""The slot of the CPU, as these PLCs are usually built."""
USUAL_SLOT = 2


def parse_tsap(text: str) -> int | None:
    """Return the number of a TSAP such as 02.00 or 0x0200; None when it is not a valid one."""
    match = _TEXT.fullmatch(text)
    return int(match[1] + match[2], 16) if match else None


def tsap_of_slot(connection_type: str, rack: int, slot: int) -> int:
    """Return the TSAP of a PLC: the kind of connection, three bits of the rack, five of the slot."""
    return CONNECTION_TYPES[connection_type] << 8 | rack << 5 | slot
