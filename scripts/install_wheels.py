"""Install distributions of this workspace into an environment, from newly built wheels.

    python scripts/install_wheels.py core                   # core alone
    python scripts/install_wheels.py petra-s7               # core and that plugin
    python scripts/install_wheels.py --all                  # everything

tox calls this script in each environment. Tests against wheels find missing files, missing dependencies, and
modules that exist only in the checkout.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THIRD_PARTY = sorted(path.parent for path in ROOT.glob("examples/third-party/*/pyproject.toml"))


def folders(name: str) -> list[Path]:
    """Return the folders of the distributions in an environment."""
    core = ROOT / "core"
    if name == "core":
        return [core]
    if name == "third-party":
        return [core, *THIRD_PARTY]
    plugin = ROOT / "plugins" / re.sub(r"-py\d+$", "", name)
    if not (plugin / "pyproject.toml").exists():
        raise SystemExit(f"there is no distribution {plugin}")
    return [core, plugin]


def every() -> list[Path]:
    """Return the folders of all distributions."""
    return [
        ROOT / "core",
        *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
        *THIRD_PARTY,
    ]


def build(folder: Path, into: Path) -> Path:
    """Build one wheel and return it."""
    before = set(into.iterdir())
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(into), str(folder)], check=True)
    (wheel,) = (path for path in set(into.iterdir()) - before if path.suffix == ".whl")
    return wheel


def main() -> None:
    """Build and install the distributions given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", help="core, third-party, or a folder of plugins/")
    parser.add_argument("--all", action="store_true", help="every distribution")
    options = parser.parse_args()
    if options.all is (options.name is not None):
        parser.error("give a name or --all")
    wanted = every() if options.all else folders(options.name)
    with tempfile.TemporaryDirectory() as temporary:
        wheels = [build(folder, Path(temporary)) for folder in wanted]
        core, others = wheels[0], wheels[1:]
        install = [
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            sys.executable,
            "--reinstall-package",
            "petra-core",
        ]
        for folder in wanted[1:]:
            install += ["--reinstall-package", folder.name]
        subprocess.run([*install, f"{core}[testing]", *map(str, others)], check=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(
            f"{' '.join(map(str, error.cmd[:3]))} failed; building and installing need a package index"
        ) from None
