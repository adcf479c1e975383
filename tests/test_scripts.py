"""The scripts leave alone what is the caller's: the active environment, and what is installed in `.venv`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = """\
#!/bin/sh
[ "$1" = --version ] && { echo "uv VERSION (somewhere)"; exit; }
echo "uv $*" >>"${0%/*}/called"
[ "$1" = venv ] || exit 0
for folder; do :; done
mkdir -p "$folder/bin" && : >"$folder/bin/python" && chmod +x "$folder/bin/python"
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the scripts alone, and a uv that only notes what it was called with."""
    for folder in ("scripts", "plugins/petra-one"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "environment.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "constraints.txt", tmp_path)
    version = next(
        line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("uv==")
    )
    tool = tmp_path / ".tools" / "bin" / "uv"
    tool.parent.mkdir(parents=True)
    tool.write_text(UV.replace("VERSION", version.removeprefix("uv==")))
    tool.chmod(0o755)
    return tmp_path


def run(checkout: Path, body: str, **variables: str) -> str:
    script = checkout / "scripts" / "try"
    script.write_text(f'. "$(dirname "$0")/environment.sh"\n{body}\n')
    done = subprocess.run(
        ["sh", str(script)], capture_output=True, text=True, check=True, env=dict(os.environ) | variables
    )
    return done.stdout


@pytest.mark.parametrize(
    ("variable", "kept"),
    [
        ("VIRTUAL_ENV", False),
        ("PYTHONPATH", False),
        ("PYTHONOPTIMIZE", False),
        ("PETRA_PLUGINS_DIR", False),
        ("TOX_SKIP_ENV", False),
        ("PYTEST_ADDOPTS", False),
        ("UV_PROJECT_ENVIRONMENT", False),
        ("UV_CONSTRAINT", False),
        ("UV_PYTHON", False),
        ("PIP_TARGET", False),
        ("PIP_REQUIRE_VIRTUALENV", False),
        ("UV_DEFAULT_INDEX", True),
        ("UV_INDEX_MIRROR_PASSWORD", True),
        ("PIP_INDEX_URL", True),
        ("PETRA_FUZZ_CASES", True),
        ("HYPOTHESIS_STORAGE_DIRECTORY", True),
        ("HOME_OF_MINE", True),
    ],
)
def test_only_what_says_where_packages_come_from_steers_the_scripts(checkout, variable, kept):
    assert (run(checkout, f'printf %s "${{{variable}-}}"', **{variable: "1"}) == "1") is kept


def test_an_environment_is_only_added_to(checkout):
    """It is made once, and after that nothing that is installed there is removed."""
    for _ in range(2):
        run(checkout, "install_project --group dev")
    made, *installed = (checkout / ".tools" / "bin" / "called").read_text().splitlines()
    assert made.startswith("uv venv")
    assert len(installed) == 2
    for call in installed:
        assert call.startswith(
            "uv pip install --quiet --python .venv/bin/python --constraints constraints.txt"
        )
        assert "--editable core" in call
        assert "--editable plugins/petra-one" in call


def test_the_checks_have_an_environment_of_their_own():
    text = (ROOT / "scripts" / "test").read_text()
    assert ".venv/bin" not in text
    assert "[ -e .venv ] || install_project" in text
