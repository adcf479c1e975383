"""The workspace keeps its own rules."""

from __future__ import annotations

import os
import re
import runpy
import tomllib
from configparser import ConfigParser
from importlib.metadata import distributions
from pathlib import Path

import pytest

from petra._version import __version__

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
DISTRIBUTIONS = [ROOT / "core", *PLUGINS]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()


def project(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text())


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda folder: folder.name)
def test_every_distribution_has_the_same_shape(folder):
    for name in ("pyproject.toml", "README.md", "src", "tests"):
        assert (folder / name).exists()
    assert list(folder.glob("src/*/py.typed"))
    tools = project(folder).get("tool", {})
    assert not {"ruff", "pytest", "mypy"} & set(tools), "a nearer table shadows the root's"


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_every_plugin_has_core_s_version_and_its_environment(folder):
    described = project(folder)["project"]
    assert described["version"] == __version__
    minor = ".".join(__version__.split(".")[:2])
    assert f"petra-core~={minor}.0" in described["dependencies"]
    tox = ConfigParser()
    tox.read(ROOT / "tox.ini")
    assert folder.name in tox["tox"]["env_list"].replace(" ", "").split(",")


def test_no_plugin_folder_without_a_plugin():
    assert sorted(path for path in (ROOT / "plugins").iterdir() if path.is_dir()) == PLUGINS


def test_the_changelog_knows_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()
    first = re.search(r"^## (.+)$", text, re.MULTILINE)
    assert first is not None
    assert first[1] in ("Unreleased", __version__)


def test_both_licences_are_the_same():
    assert (ROOT / "LICENSE").read_bytes() == (ROOT / "core" / "LICENSE").read_bytes()


def test_the_readme_s_commands_exist():
    text = (ROOT / "README.md").read_text()
    for script in set(re.findall(r"scripts/[a-z]+", text)):
        assert (ROOT / script).exists(), script


def script(name):
    return runpy.run_path(str(ROOT / "scripts" / name))


def test_constraints_hold_versions_and_no_addresses():
    lines = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.!+]+( ; [\w '.<>=!]+)?", line)] == []


def test_constraints_hold_all_that_is_required_anywhere():
    held = set(re.findall(r"^([a-z0-9-]+)==", CONSTRAINTS, re.MULTILINE))
    required = script("requirements.py")
    assert {required["name"](line) for line in required["requirements"]()} - held == set()
    assert "hatchling" in held, "builds are constrained, too"


@pytest.mark.skipif("UV_CONSTRAINT" not in os.environ, reason="only tox installs by constraints.txt alone")
def test_what_is_installed_has_the_versions_of_the_constraints():
    allowed = script("test_newest.py")["constrained"](CONSTRAINTS)
    assert script("test_newest.py")["drift"](allowed) == []
    ours = {folder.name.lower() for folder in DISTRIBUTIONS} | {
        "petra-core",
        "acme-pumps",
        "acme-meter",
        "acme-tank",
        "acme-csv",
    }
    names = {re.sub(r"[-_.]+", "-", each.name).lower() for each in distributions()}
    assert names - ours - set(allowed) == set(), "scripts/update-constraints has to be run"
