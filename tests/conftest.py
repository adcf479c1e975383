"""Environments made of wheels, for tests that look at the whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"


OFFLINE = ("error sending request", "dns error", "Failed to fetch", "Temporary failure in name resolution")


def call(
    *command: str | Path, cwd: Path | None = None, code: int = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command and expect its exit code."""
    drop = ("PETRA_", "PYTEST_", "TOX_", "VIRTUAL_ENV", "PYTHONPATH")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(drop)} | variables
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=300,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in OFFLINE):
        pytest.fail(
            f"the package index cannot be reached, and this test needs it: {done.stderr}", pytrace=False
        )
    assert done.returncode == code, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def run():
    """Run a command and expect its exit code."""
    return call


@pytest.fixture(scope="session")
def uv() -> str:
    """The uv of this environment."""
    return UV


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    """A folder with the wheels of core and of a third party's plugin."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (ROOT / "core", ROOT / "examples" / "third-party" / "acme-pumps"):
        call(UV, "build", "--quiet", "--wheel", "--out-dir", folder, source)
    return folder


class Environment:
    """A virtual environment of its own, filled from wheels."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.wheels = wheels
        self.bin = folder / "bin"
        call(UV, "venv", "--quiet", "--python", sys.executable, folder)

    def install(self, *what: str | Path) -> None:
        """Install distributions; ours come from the wheels, those of others from the index."""
        call(
            UV,
            "pip",
            "install",
            "--quiet",
            "--python",
            self.bin / "python",
            "--find-links",
            self.wheels,
            *what,
        )

    def petra(self, *arguments: str | Path, code: int = 0, cwd: Path | None = None) -> str:
        """Run the environment's `petra` and return what it printed."""
        done = call(self.bin / "petra", *arguments, code=code, cwd=cwd)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def environment(tmp_path, wheels) -> Environment:
    made = Environment(tmp_path / "env", wheels)
    made.install("petra-core")
    return made
