"""What the process of a companion sees to before anything else."""

from __future__ import annotations

import io
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that has started it ends, where it can do that.

    Elsewhere the end of standard input tells it, as long as the service does not block.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - 5 ms, for this system only

    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def take_standard_output() -> int:
    """Return a descriptor for reports; what is printed goes where standard error goes from now on."""
    reports = os.dup(1)
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a line is seen when it is printed, not when 8 KB are full
        sys.stdout.reconfigure(line_buffering=True)
    return reports


def is_orphan(parent: int) -> bool:
    """Return whether the process that has started this one ended before `die_with_parent` was called."""
    return sys.platform == "linux" and os.getppid() != parent
