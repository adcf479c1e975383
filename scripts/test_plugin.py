"""Test one plugin in its tox environment: run its tests, then certify it.

python scripts/test_plugin.py petra-s7-py312 -k address
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the tests and the certification; exit with the first failure."""
    name = re.sub(r"-py\d+$", "", sys.argv[1])
    tests = ROOT / "plugins" / name / "tests"
    for command in (["pytest", str(tests), *sys.argv[2:]], ["petra", "plugins", "certify", name]):
        done = subprocess.run([sys.executable, "-m", *command], check=False)
        if done.returncode:
            raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
