"""Running `petra` the way a shell does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = '''
from attrs import field, frozen
from petra import Block, CliCommand, In, DriverKind, Out, Param, Secret, about, hookimpl

PETRA_API = 1

class Twice(Block, type="TWICE", aliases=("DOUBLE",)):
    """Twice the input."""
    input = In(float, unit="m", doc="What is doubled", aliases=("in",))
    gain = Param(float, default=2.0, minimum=1, doc="Factor")
    output = Out(float)
    def step(self, dt):
        self.output = self.gain * self.input

@frozen
class ShopConfig:
    """A shop."""
    host: str = field(metadata=about("Where it is"))
    port: int = field(default=80, metadata=about("TCP port"))
    password: Secret = field(default=Secret(""), metadata=about("How to get in"))

@hookimpl
def petra_blocks():
    return [Twice]

@hookimpl
def petra_drivers():
    return [DriverKind("shop", ShopConfig, build=print)]

@hookimpl
def petra_cli_commands():
    def load():
        import click
        @click.command()
        @click.argument("word")
        def echo(word):
            """Say it again."""
            click.echo(word)
        return echo
    def broken():
        import nowhere_to_be_found
    return [CliCommand("echo", "Say it again.", load), CliCommand("broken", "Cannot be loaded.", broken)]
'''


class Ran:
    """What came of one call of `petra`."""

    def __init__(self, run: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = run.returncode, run.stdout, run.stderr
        assert "Traceback" not in self.err, self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def plugins_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "shop.py").write_text(PLUGIN)
    return folder


@pytest.fixture
def petra(tmp_path: Path):
    """Run `petra` in a folder of its own, without a terminal."""

    def run(*arguments: str | Path, code: int | None = 0, stdin: str = "", **variables: str) -> Ran:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PETRA_")} | variables
        done = subprocess.run(
            [sys.executable, "-m", "petra", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            input=stdin,
            env=environment,
            timeout=300,
            check=False,
        )
        ran = Ran(done)
        assert code is None or ran.code == code, f"exit code {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    return run


@pytest.fixture
def write(tmp_path: Path):
    """Write a file into the folder that `petra` runs in."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file
