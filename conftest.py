"""What holds for every test here, whoever's: no verdict about time, and no process that is left running."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes is the machine's load, and no fault.
settings.register_profile("petra", deadline=None)
settings.load_profile("petra")


def children() -> dict[int, str]:
    """Return the processes that this one has started and that still run, each with its command line."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # after the name, which may hold anything: state and parent
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                command = status.with_name("cmdline").read_bytes().replace(b"\0", b" ")
                found[int(status.parent.name)] = command.decode(errors="replace").strip()
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left_running() -> Iterator[None]:
    """Fail when a module's tests leave a process behind, and end it."""
    before = children()
    yield
    left = {pid: command for pid, command in children().items() if pid not in before}
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    if left:
        pytest.fail(f"still running: {list(left.values())}", pytrace=False)
