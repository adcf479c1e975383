"""What is imported when: the library of the protocol only where a driver is built."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import petra_s7

FOLDER = Path(petra_s7.__file__).parent


def loaded(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after some code."""
    code = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import petra_s7.plugin, petra_s7.config, petra_s7.points, petra_s7.memory",
        "from petra_s7 import plugin\nplugin.petra_drivers()\nplugin.petra_cli_commands()[0].load()",
    ],
    ids=["modules", "hooks"],
)
def test_nothing_imports_the_library_before_a_driver_is_built(code):
    assert "snap7" not in loaded(code)


def test_building_a_driver_imports_the_library():
    build = (
        "from petra_s7 import plugin\n(kind,) = plugin.petra_drivers()\nkind.build(kind.config(host='plc'))"
    )
    assert "snap7" in loaded(build)


def imports(path: Path) -> set[str]:
    """Return the names of all modules that a module imports, in a function or for types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found |= {f".{name}" for name in names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_one_module_imports_the_library():
    importers = {
        path.stem
        for path in FOLDER.glob("*.py")
        if any(name.partition(".")[0] in ("snap7", "s7") for name in imports(path))
    }
    assert importers == {"wire"}


def test_no_module_knows_another_that_knows_it():
    """Imports for types count too: what flows one way is read in one direction."""
    known = {path.stem: {n[1:] for n in imports(path) if n[0] == "."} for path in FOLDER.glob("*.py")}
    while known:
        free = {name for name, others in known.items() if not others & known.keys()}
        assert free, f"these import each other: {sorted(known)}"
        known = {name: others for name, others in known.items() if name not in free}
