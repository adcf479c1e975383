"""Check the types of every distribution with mypy: core, plugins, the example, the scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run mypy over the distributions, the scripts and the generator of the documentation."""
    sources = sorted(ROOT.glob("plugins/*/src")) + sorted(ROOT.glob("examples/third-party/*/src"))
    folders = [ROOT / "core" / "src", *sources, ROOT / "scripts", ROOT / "docs" / "generate.py"]
    done = subprocess.run([sys.executable, "-m", "mypy", *sys.argv[1:], *map(str, folders)], check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
