"""The tutorial, done as it is written: every file and every command of docs/tutorial/first-plant.md."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "tutorial" / "first-plant.md").read_text("utf-8")
INSTALLS = ("python3 -m venv venv", ". venv/bin/activate")
RELOAD = "kill -HUP $(cat plant.data/lock)"
STAYS = ("petra run", "petra modbus simulate")
PUMP = "petra modbus read 127.0.0.1:1502 coil:2"


def steps() -> Iterator[tuple[str, list[str]]]:
    """Yield the commands of the page with what they print, and its files as `write NAME` with their text."""
    for language, text in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL):
        lines = text.splitlines()
        if language == "yaml":
            yield f"write {lines[0].removeprefix('# ')}", lines
            continue
        assert language == "console"
        starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
        for begin, end in zip_longest(starts, starts[1:], fillvalue=len(lines)):
            yield lines[begin][2:], lines[begin + 1 : end]


class Reader:
    """Somebody who does what the page says, in a folder and with a port of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = str(taken.getsockname()[1])
        self.running: dict[str, subprocess.Popen[str]] = {}

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PETRA_")}
        return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}

    def do(self, command: str, printed: list[str]) -> None:
        command, expected = self._here(command), [self._here(line) for line in printed]
        if command.startswith("write "):
            (self.folder / command.removeprefix("write ")).write_text("\n".join(expected) + "\n")
        elif command.startswith("pip install "):
            for name in command.split()[2:]:
                assert list(ROOT.glob(f"*/**/{name}/pyproject.toml")) or name == "petra-core"
        elif command == RELOAD:
            subprocess.run(command, shell=True, cwd=self.folder, check=True)
            self._hear("reloaded: 1 change")
        elif command.startswith(STAYS):
            self._leave_running(command, expected)
        elif command not in INSTALLS:
            self._until(command, expected)

    def stop(self) -> None:
        """Press Ctrl-C where the plant runs."""
        self.running["petra run plant.yaml"].send_signal(signal.SIGINT)
        self._hear("stopped after")
        assert self.running["petra run plant.yaml"].wait(60) == 0

    def _here(self, text: str) -> str:
        return text.replace("1502", self.port)

    def _leave_running(self, command: str, expected: list[str]) -> None:
        process = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self.environment(), stderr=subprocess.PIPE, text=True
        )
        self.running[command] = process
        assert process.stderr is not None
        for line in expected or ["…started: …"]:
            assert matches(line, process.stderr.readline().rstrip("\n"))

    def _hear(self, said: str) -> None:
        process = self.running["petra run plant.yaml"]
        assert process.stderr is not None
        assert any(said in line for line in process.stderr)

    def _until(self, command: str, expected: list[str]) -> None:
        """Do it until the plant is as far as the page says: a level has to rise, a scan to come."""
        while True:
            done = subprocess.run(
                command,
                shell=True,
                cwd=self.folder,
                env=self.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            lines = (done.stdout + done.stderr).splitlines()
            if matches("\n".join(expected), "\n".join(lines)):
                return
            assert command in (self._here(PUMP), "petra commands plant.yaml"), (command, lines)


def matches(expected: str, printed: str) -> bool:
    """Return whether it begins as the page shows; … stands for anything."""
    pattern = ".*".join(map(re.escape, expected.split("…")))
    return re.fullmatch(pattern + r"(\n.*)?", printed, re.DOTALL) is not None


@pytest.fixture
def reader(tmp_path):
    made = Reader(tmp_path)
    yield made
    for process in made.running.values():
        process.kill()
        process.communicate()


def test_the_tutorial_does_what_it_says(reader):
    """After the last look at a running pump, the reader stops the plant."""
    todo = list(steps())
    assert todo[-1] == (PUMP, ["false"])
    assert todo[-2] == (PUMP, ["true"])
    for command, printed in todo[:-1]:
        reader.do(command, printed)
    reader.stop()
    reader.do(*todo[-1])
    written = subprocess.run(
        [sys.executable, "-m", "petra", "commands", "plant.yaml"],
        cwd=reader.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "safe value" in written.stdout.splitlines()[-2]
