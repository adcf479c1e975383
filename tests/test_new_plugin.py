"""`petra plugins new` writes a distribution that builds and passes its own tests and tox."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.slow
def test_a_new_plugin_builds_is_tested_and_used(environment, tmp_path, wheels, run, uv):
    environment.petra("plugins", "new", "my-blocks", cwd=tmp_path)
    folder = tmp_path / "my-blocks"
    run(uv, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", folder)
    (wheel,) = (folder / "dist").glob("my_blocks-*.whl")
    environment.install(f"{wheel}[test]")

    assert "my-blocks" in environment.petra("plugins", "list")
    tested = run(environment.bin / "python", "-m", "pytest", "-q", cwd=folder)
    assert "4 passed" in tested.stdout
    assert "0 failed" in environment.petra("plugins", "certify", "my-blocks")


@pytest.mark.slow
def test_a_new_plugin_passes_its_own_tox(environment, tmp_path, wheels, run, uv):
    environment.petra("plugins", "new", "my-blocks", cwd=tmp_path)
    # petra-core is not on the index yet: both installers find its wheel in a folder
    found = {"PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels)}
    tox = run(sys.executable, "-m", "tox", "run", cwd=tmp_path / "my-blocks", **found)
    assert "congratulations" in tox.stdout
    assert "4 passed" in tox.stdout
