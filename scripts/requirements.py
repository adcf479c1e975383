"""Print all external requirements: of distributions, their extras, groups, builds, and tox.ini.

    python scripts/requirements.py

`scripts/update-constraints` resolves these lines into constraints.txt. Our own distributions are left out.
"""

from __future__ import annotations

import re
import tomllib
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["pip", "uv>=0.5"]
"""Packages that scripts/environment.sh installs."""


def projects() -> list[dict[str, Any]]:
    """Return the contents of all pyproject.toml of this checkout, the workspace first."""
    found = [ROOT / "pyproject.toml", ROOT / "core" / "pyproject.toml"]
    for pattern in ("plugins/*/pyproject.toml", "examples/third-party/*/pyproject.toml"):
        found += sorted(ROOT.glob(pattern))
    return [tomllib.loads(path.read_text()) for path in found]


def tox_lines() -> list[str]:
    """Return the packages in tox.ini, without folders, references and factor names."""
    tox = RawConfigParser()
    tox.read(ROOT / "tox.ini")
    values = [tox["tox"]["requires"], *(section.get("deps", "") for section in map(tox.__getitem__, tox))]
    lines = [line.strip() for value in values for line in value.splitlines()]
    return [re.sub(r"^[\w,.-]+: +", "", line) for line in lines if re.match(r"\w", line)]


def name(requirement: str) -> str:
    """Return the normalized name of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def requirements() -> list[str]:
    """Return all requirements without duplicates."""
    found = [*TOOLS, *tox_lines()]
    described = projects()
    for each in described:
        found += each["project"].get("dependencies", [])
        found += each.get("build-system", {}).get("requires", [])
        groups = [*each["project"].get("optional-dependencies", {}).values()]
        groups += each.get("dependency-groups", {}).values()
        found += [line for group in groups for line in group if isinstance(line, str)]
    ours = {name(each["project"]["name"]) for each in described}
    return sorted({line for line in found if name(line) not in ours})


if __name__ == "__main__":
    print("\n".join(requirements()))
