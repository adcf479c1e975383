"""Whether a process lives that holds a lock or listens on a socket: the kernel knows, also after kill -9."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TRIALS = 10
_BETWEEN = 0.005  # seconds
_QUERY_LIMITED_INFORMATION = 0x1000  # the least right to a process that Windows knows


def lock_of(path: Path) -> tuple[bool, int]:
    """Return whether the lock of a data folder is held, and by which process as far as it says so."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False, 0
    try:
        text = os.read(descriptor, 32).strip()
        pid = int(text) if text.isdigit() else 0
        return is_held(descriptor, pid), pid
    except OSError:
        return False, 0
    finally:
        os.close(descriptor)


def listening(path: Path) -> int:
    """Return the number of the process that listens on a socket, -1 if it is not known; 0 if none does."""
    if sys.platform == "win32" or not path.exists():
        return 0
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(0)
        try:
            trial.connect(str(path))
        except BlockingIOError:  # so many clients wait for the plant that no more are taken
            return -1
        except OSError:
            return 0
        if sys.platform != "linux":
            return -1
        with suppress(OSError):
            size = struct.calcsize("3i")
            return int(struct.unpack("3i", trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0])
    return -1


def is_held(descriptor: int, pid: int) -> bool:
    """Return whether a process holds the lock of a file; without locks, whether the process lives."""
    if sys.platform == "win32":
        return _lives(pid)
    try:
        lock(descriptor, exclusive=False)
    except BlockingIOError:
        return True
    except OSError:
        return _lives(pid)
    return False


def lock(descriptor: int, *, exclusive: bool) -> None:
    """Lock an open file at once, or raise OSError: BlockingIOError if another process holds the lock."""
    fcntl = import_module("fcntl")  # there is none on Windows
    fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)


def lock_patiently(descriptor: int) -> None:
    """Lock an open file as its only holder, or raise OSError.

    A process that looks whether a plant runs holds the lock for some microseconds: that is waited for.
    """
    for _ in range(_TRIALS):
        with suppress(BlockingIOError):
            lock(descriptor, exclusive=True)
            return
        time.sleep(_BETWEEN)
    lock(descriptor, exclusive=True)


def _lives(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process
        kernel = import_module("ctypes").windll.kernel32
        handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, 0, pid)
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except OSError as error:
        return pid > 0 and isinstance(error, PermissionError)
    return pid > 0
