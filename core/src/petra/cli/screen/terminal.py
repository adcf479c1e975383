"""A terminal for a view: a screen of its own, single keys, and everything restored afterwards."""

from __future__ import annotations

import os
import re
import select
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from petra.cli.logs.sink import write_all

if TYPE_CHECKING:
    from collections.abc import Sequence

_DRAWN = "\x1b[?25l"
"""Ends a frame: the cursor stays hidden."""
_ENTER = b"\x1b[?1049h\x1b[?25l\x1b[?7l"  # the other screen, no cursor, no wrapping of long lines
_LEAVE = b"\x1b[?7h\x1b[?25h\x1b[?1049l"
_KEY = re.compile(
    rb"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Za-z]|\x1b(?![\[O])|[\xc2-\xf4][\x80-\xbf]+|[^\x1b]", re.DOTALL
)
_NAMES = {
    b"\x1b": "escape",
    b"\r": "enter",
    b"\n": "enter",
    b"\x7f": "backspace",
    b"\x08": "backspace",
    b"\t": "tab",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\x1b[7~": "home",
    b"\x1b[8~": "end",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
}


def keys_in(data: bytes) -> tuple[list[str], bytes]:
    """Return the keys in what a terminal has sent, and the beginning of one that is not complete."""
    keys, end = [], 0
    for match in _KEY.finditer(data):
        if match.start() != end:
            break
        end = match.end()
        found = match[0]
        if found in _NAMES:
            keys.append(_NAMES[found])
        elif len(found) == 1 and 32 <= found[0] < 127:
            keys.append(found.decode())
        elif len(found) > 1 and found[0] >= 0xC2:
            keys += [each for each in found.decode("utf-8", "ignore") if each.isprintable()]
    rest = data[end:]
    return keys, rest if len(rest) < 16 else b""


class Terminal:
    """Draws frames and reads keys. One thread draws; `restore` may be called by any, and twice.

    Keys are read only where the input is a terminal too, and the process is in its foreground: reading from
    the background would stop the process.
    """

    def __init__(self, output: int, keyboard: int | None) -> None:
        self._output = output
        self._keyboard = keyboard if keyboard is not None and _is_in_foreground(keyboard) else None
        self._before: list[Any] | None = None
        self._begun = b""
        self._shown: tuple[str, ...] = ()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)

    @property
    def has_keys(self) -> bool:
        """Whether keys are read."""
        return self._keyboard is not None

    def take_keys(self) -> None:
        """Switch the terminal to single keys, until `restore`."""
        if self._keyboard is None:
            return
        try:
            before = termios.tcgetattr(self._keyboard)
            termios.tcsetattr(self._keyboard, termios.TCSANOW, _single_keys(before))
            self._before = before
        except termios.error:  # it has gone, or cannot
            self._keyboard = None

    def restore(self) -> None:
        """Let the terminal read lines again, as before."""
        before, self._before = self._before, None
        if before is not None and self._keyboard is not None:
            try:
                termios.tcsetattr(self._keyboard, termios.TCSANOW, before)
            except termios.error:  # it has gone
                return

    def wake(self) -> None:
        """End a `wait`."""
        with suppress(BlockingIOError):  # it is full: enough to end one
            os.write(self._wake_in, b".")

    def wait(self, seconds: float) -> list[str]:
        """Wait for keys, for so long at most, and return them; OSError when the terminal has gone."""
        watched = select.poll()
        watched.register(self._wake_out, select.POLLIN)
        if self._keyboard is not None and _is_in_foreground(self._keyboard):
            watched.register(self._keyboard, select.POLLIN)
        ready = dict(watched.poll(seconds * 1e3))
        if self._wake_out in ready:
            os.read(self._wake_out, 4096)
        if self._keyboard is None or self._keyboard not in ready:
            return []
        data = os.read(self._keyboard, 1024)
        if not data:
            raise OSError("the terminal has gone")
        keys, self._begun = keys_in(self._begun + data)
        return keys

    def size(self) -> tuple[int, int]:
        """Return its columns and lines."""
        return size_of(self._output)

    def open(self) -> None:
        """Change to a screen of its own."""
        write_all(self._output, _ENTER)

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines, and nothing else."""
        frame = tuple(lines) or ("",)
        if frame != self._shown:
            self._shown = frame
            # erased before it is written: after the last column, the cursor is still in it
            *lines, last = (f"\x1b[K{line}" for line in frame)
            text = "\x1b[H" + "".join(f"{line}\r\n" for line in lines) + f"\x1b[J{last}{_DRAWN}"
            write_all(self._output, text.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Change back to the screen from before."""
        write_all(self._output, _LEAVE)


def size_of(output: int) -> tuple[int, int]:
    """Return the columns and lines of a terminal; of anything else those of the environment, or 80 and 24."""
    try:
        columns, lines = os.get_terminal_size(output)
    except OSError:
        columns, lines = 0, 0
    return columns or _from_environment("COLUMNS", 80), lines or _from_environment("LINES", 24)


def _single_keys(before: list[Any]) -> list[Any]:
    """Return settings for single keys without echo, and without Ctrl-Z, which would stop the scan."""
    wanted = [*before[:6], [*before[6]]]
    wanted[3] &= ~(termios.ICANON | termios.ECHO)
    for place, value in ((termios.VMIN, 1), (termios.VTIME, 0), (termios.VSUSP, b"\0")):
        wanted[6][place] = value
    return wanted


def _is_in_foreground(number: int) -> bool:
    try:
        return os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp()
    except OSError:  # a terminal, but not ours to ask: a test's, or one of another session
        return os.isatty(number)


def _from_environment(name: str, otherwise: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and 0 < int(text) < 10_000 else otherwise
