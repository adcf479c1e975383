"""Bounded reading of a path that may be anything, such as a pipe or a device, without ever waiting."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableError(Exception):
    """The file cannot be used: the problem code, and the reason in one line."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_stdin(limit: int) -> bytes:
    """Return the bytes of standard input, at most `limit`."""
    return _limited(sys.stdin.buffer.read(limit + 1), limit)


def read_bounded(path: str | Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes."""
    try:
        # without O_NONBLOCK, opening a pipe waits until a process opens it for writing
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError("unreadable", f"cannot be read: {reason}") from None
    # fstat of the open descriptor: the path may point to another file between a check and the opening.
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = next((noun for test, noun in _KINDS if test(mode)), "a special file")
        raise UnreadableError("not-a-file", f"is {kind}, not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            return _limited(file.read(limit + 1), limit)
        except OSError as error:
            raise UnreadableError("unreadable", f"cannot be read: {error.strerror}") from None


def _limited(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise UnreadableError("too-large", f"is larger than {_size_text(limit)}")
    return data


def _size_text(limit: int) -> str:
    return f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
