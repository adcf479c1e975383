"""The lines of the protocol, on both of its sides."""

from __future__ import annotations

from petra.drivers import GarbledError

LONGEST = 1_000


class SetLines:
    """Cuts what a gauge is sent: `set 7 tank7.limit 4.5`; 7 is the number that its answer has."""

    def take(self, buffer: bytearray) -> tuple[int, bytes] | None:
        """Take one line: its number, and what follows."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > LONGEST:
                raise GarbledError("a line without an end")
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        verb, number, rest = [*line.split(b" ", 2), b"", b""][:3]
        if verb != b"set" or not number.isdigit():
            raise GarbledError("not a line for a gauge")
        return int(number), rest
