"""A pseudo terminal in which `petra` runs, as a user sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class InTerminal:
    """`petra` in a pseudo terminal of its own."""

    def __init__(
        self,
        *arguments: object,
        columns: int = 80,
        lines: int = 24,
        keys: bool = True,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "petra", *map(str, arguments)],
            stdin=self.slave if keys else subprocess.DEVNULL,
            stdout=self.slave,
            stderr=self.slave,
            env=known | {"TERM": "xterm"} | (environment or {}),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - for Ctrl-C
        )
        self.seen = ""

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self) -> bool:
        """Take what it has written; False when it wrote nothing for a long time."""
        if not select.select([self.master], [], [], 30)[0]:
            return False
        self.seen += os.read(self.master, 65_536).decode("utf-8", "replace")
        return True

    @property
    def frame(self) -> list[str]:
        """The last whole frame."""
        frames = [each for each in self.seen.split("\x1b[H")[1:] if "\x1b[?25l" in each]
        last = frames[-1].partition("\x1b[?25l")[0] if frames else ""
        for erased in ("\x1b[K", "\x1b[J", "\r"):
            last = last.replace(erased, "")
        return _STYLE.sub("", last).split("\n")

    def until(self, condition) -> None:
        limit = time.monotonic() + 30
        while not condition():
            assert self.read(), self.seen
            assert time.monotonic() < limit, "\n".join(self.frame)

    def until_shown(self, *words: str) -> list[str]:
        self.until(lambda: all(any(word in line for line in self.frame) for word in words))
        return self.frame

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def __enter__(self) -> InTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for number in (self.master, self.slave):
            try:
                os.close(number)
            except OSError:  # a test has closed it
                continue

    def end(self) -> int:
        self.until(lambda: "stopped after" in self.seen)
        return self.process.wait(30)
