"""`petra top`: a running plant on the whole screen, from another process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import pytest

from .terminals import InTerminal

PLANT = """
signals: [{name: level, type: float, initial: 6.0}, {name: valve, type: bool}]
blocks:
- {name: high, type: GT, inputs: {a: level, b: 5.0}, outputs: {out: valve}}
scan_time_ms: 10
"""


class Machine:
    """Plants of a user who has no others."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.environment = {"PETRA_RUNTIME_DIR": str(base / "run")}
        self.document = base / "tank.yaml"
        self.document.write_text(PLANT)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "petra", "run", str(self.document)],
            env=os.environ | self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stderr:
            if "started: " in line:
                return

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)

    def top(self, *arguments: str, **options: int) -> InTerminal:
        return InTerminal("top", *arguments, environment=self.environment, **options)


@pytest.fixture
def machine():
    made = Machine(Path(tempfile.mkdtemp(prefix="petra-test-")))
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()
    shutil.rmtree(made.base)


def test_it_shows_acts_and_leaves_the_plant_running(machine):
    machine.start()
    with machine.top(columns=100, lines=30) as it:
        it.until_shown("level", "task main 10 ms", "5 log")
        it.type("/level\r")
        it.until_shown("1-1 of 1 signal with 'level'")
        it.type("f4\ry")
        it.until_shown("force level = 4 accepted", "forced 1")
        it.type("\r")
        it.until_shown("forced       4 by ", "read by      block high")
        it.type("q")
        assert it.process.wait(20) == 0
        assert termios.tcgetattr(it.slave) == it.before
        assert "Warning" not in it.seen
        assert machine.process.poll() is None


def test_it_waits_for_a_plant_that_is_started_again(machine):
    machine.start()
    with machine.top(str(machine.document), columns=100, lines=30) as it:
        it.until_shown("level", "not good 0")
        machine.stop(signal.SIGKILL)
        it.until_shown("not connected since")
        machine.start()
        it.until_shown("started again")
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(20) == 0
        assert termios.tcgetattr(it.slave) == it.before


def test_without_a_plant_or_a_terminal_it_says_so(machine):
    with machine.top() as it:
        assert it.process.wait(20) == 2
        it.until(lambda: "start one with `petra run FILE`" in it.seen)
    command = [sys.executable, "-m", "petra", "top"]
    said = subprocess.run(
        command, env=os.environ | machine.environment, capture_output=True, text=True, check=False
    )
    assert said.returncode == 2
    assert "petra top needs a terminal; with --once it prints one page" in said.stderr


def test_one_page_is_printed_for_a_script(machine):
    machine.start()
    command = [sys.executable, "-m", "petra", "top", "--once", "--page", "tasks"]
    said = subprocess.run(
        command, env=os.environ | machine.environment, capture_output=True, text=True, check=True
    )
    assert "\nmain " in said.stdout
    assert "\x1b" not in said.stdout
