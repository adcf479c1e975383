"""The house rules that an import statement can break."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import petra
from petra.config.codes import CODES

SOURCE = Path(petra.__file__).parent

# Each layer may import from itself and from those above it in this list, never from those below.
LAYERS = (
    ("_lazy", "_version", "errors", "closest", "plural", "clock", "contained", "durations"),
    ("failures",),
    ("supervise",),
    ("signals",),
    ("blocks",),
    ("scan",),
    ("settings",),
    ("drivers",),
    ("why",),
    ("plant",),
    ("services",),
    ("plugin",),
    ("companion",),
    ("library",),
    ("config",),
    ("engine",),
    ("bench",),
    ("certify",),
    ("testing",),
    ("cli",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.parent != SOURCE or path.name[:2] != "__"]


def layer(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            deeper = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "petra" else []
            found += deeper or [node.module]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_dependencies_point_one_way(path: Path):
    """A module imports its own layer and those before it."""
    own = layer("petra." + path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", "."))
    for name in imports(path):
        if name.startswith("petra."):
            assert LEVEL[layer(name)] <= LEVEL[own], f"{own} imports {name}"
        assert not name.startswith("petra_"), f"core imports the plugin {name}"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import petra", ("numpy", "rich", "stevedore", "attrs", "pluggy", "click", "yaml", "cattrs")),
        (
            "from petra import DriverKind, hookimpl, about, Block",
            ("numpy", "rich", "yaml", "cattrs", "click", "stevedore"),
        ),
        ("import petra.companion.run", ("numpy", "rich", "yaml", "cattrs", "click", "stevedore")),
        ("import petra.cli.main", ("numpy", "rich", "yaml", "cattrs", "attrs", "pluggy", "stevedore")),
        ("from petra.plugin import Catalog; Catalog.load()", ("numpy", "rich", "yaml", "cattrs")),
        ("import petra.testing.fixtures", ("attrs", "pluggy", "yaml", "cattrs", "rich")),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(statement: str, absent: tuple[str, ...]):
    # pytest itself brings attrs or rich in some versions: what counts is what petra adds to it
    before = (
        "import pytest, sys; old = set(sys.modules);"
        if "testing" in statement
        else "import sys; old = set();"
    )
    script = f"{before} {statement}; print(*(set(sys.modules) - old))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert {name.partition(".")[0] for name in loaded.split()}.isdisjoint(absent)


def test_every_public_name_is_there():
    for name in petra.__all__:
        assert getattr(petra, name) is not None
    assert set(petra._HOME) | {"__version__"} == set(petra.__all__)


@pytest.mark.parametrize("package", ["petra", "petra.drivers", "petra.services", "petra.testing"])
def test_no_public_name_is_also_a_module(package: str):
    """By who was imported first, it would be the one or the other."""
    module = importlib.import_module(package)
    beside = {path.stem for path in Path(module.__file__).parent.iterdir()}
    assert set(module._HOME) & beside == set()


@pytest.mark.parametrize(
    "package",
    [
        "blocks",
        "certify",
        "config",
        "engine",
        "plugin",
        "scan",
        "settings",
        "signals",
        "testing",
        "drivers",
        "plant",
        "why",
        "services",
    ],
)
def test_every_package_lists_its_public_names(package: str):
    module = importlib.import_module(f"petra.{package}")
    assert sorted(module.__all__) == sorted(set(module.__all__))
    assert all(hasattr(module, name) for name in module.__all__)


def test_every_problem_code_is_documented_and_used():
    """A code in the source has an entry; an entry is used by the source."""
    text = "\n".join(path.read_text("utf-8") for path in modules() if path.name != "codes.py")
    used = set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+|unreadable)"', text)) & set(CODES)
    assert used == set(CODES)
    for code in CODES.values():
        assert code.cause.endswith(".")
        assert code.cure.endswith(".")


def test_an_undocumented_code_cannot_be_used():
    from petra.config.problems import Problems

    with pytest.raises(KeyError, match="not documented"):
        Problems("f").add_at(1, 1, "no-such-code", "x")
