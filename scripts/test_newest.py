"""Test with the newest versions, in the tox environment that contains them; do nothing if none is newer.

python scripts/test_newest.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = [
    ["ruff", "check", str(ROOT)],
    ["mypy", "--config-file", str(ROOT / "pyproject.toml"), str(ROOT / "core" / "src")],
    ["pytest", "--tb=short", *(str(ROOT / name) for name in ("core/tests", "plugins", "examples"))],
]


def constrained(text: str) -> dict[str, set[str]]:
    """Return the versions in the text of constraints.txt, by name."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def drift(allowed: dict[str, set[str]]) -> list[str]:
    """Return a line for each package whose installed version differs from the constraint."""
    lines = []
    for each in distributions():
        name = re.sub(r"[-_.]+", "-", each.name).lower()
        if each.version not in allowed.get(name, {each.version}):
            lines.append(f"{name} {each.version}, constrained to {' or '.join(sorted(allowed[name]))}")
    return sorted(lines)


def main() -> None:
    """Print the newer versions, run all checks with them, and exit with 1 if a check fails."""
    newer = drift(constrained((ROOT / "constraints.txt").read_text()))
    if not newer:
        print("nothing is newer than constraints.txt")
        return
    print("newer than constraints.txt:", *newer, sep="\n  ", flush=True)
    failed = [
        check[0]
        for check in CHECKS
        if subprocess.run([sys.executable, "-m", *check], cwd=ROOT, check=False).returncode
    ]
    if failed:
        raise SystemExit(f"with the newest versions, {', '.join(failed)} failed")


if __name__ == "__main__":
    main()
