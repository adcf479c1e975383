"""The lines that a companion process writes: cut to a length, and no more of them than a log can take."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LONGEST = 16_000
_RATE = 100.0
_BURST = 500.0


class LineSplitter:
    """Splits bytes into lines. What is longer than `LONGEST` bytes is cut there, and its rest is left out."""

    def __init__(self) -> None:
        self._rest = b""
        self._cut = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes, and yield the lines that end in them."""
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._cut:
                yield line[:LONGEST]
            self._cut = False
        self._rest = b"" if self._cut else rest
        if len(self._rest) > LONGEST:
            yield self._rest[:LONGEST]
            self._rest, self._cut = b"", True

    def end(self) -> Iterator[bytes]:
        """Yield the last line, if it has no end."""
        if self._rest:
            yield self._rest
        self._rest = b""


class LineBudget:
    """How many lines are taken: some at once, and then so many in a second; the others are counted."""

    def __init__(self, now: Callable[[], float], rate: float = _RATE, burst: float = _BURST) -> None:
        self._now = now
        self._rate, self._burst = rate, burst
        self._left = burst
        self._at = now()
        self._left_out = 0

    def take(self) -> bool:
        """Return whether a line more is taken."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            self._left_out += 1
            return False
        self._left -= 1.0
        return True

    def left_out(self) -> int:
        """Return how many lines were left out since this was last asked, once lines are taken again."""
        if self._left < 1.0:
            return 0
        count, self._left_out = self._left_out, 0
        return count
