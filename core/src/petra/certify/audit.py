"""Whether the metadata of a plugin's distribution agrees with its files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

from petra.certify.conformance import Finding
from petra.plugin.hookspecs import ENTRY_POINTS

if TYPE_CHECKING:
    from petra.plugin.catalog import Plugin

PUBLIC = (
    "petra",
    "petra.blocks",
    "petra.cli.protocol",
    "petra.clock",
    "petra.config",
    "petra.drivers",
    "petra.plant",
    "petra.services",
    "petra.errors",
    "petra.plugin",
    "petra.settings",
    "petra.signals",
    "petra.supervise",
    "petra.testing",
)
"""The modules whose `__all__` a plugin may use."""

_LIGHT = {"petra-core", "attrs", "click", "pluggy"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(.*)")


def audit_plugin(plugin: Plugin) -> Iterator[Finding]:
    """Yield the findings about the distribution of an installed plugin; a single file has none."""
    try:
        found = distribution(plugin.distribution)
    except (PackageNotFoundError, ValueError):
        return
    files = _sources(found, plugin)
    required = set(_required(found))
    yield Finding(
        "requires petra-core", "" if "petra-core" in required else "petra-core is not among its dependencies"
    )
    yield Finding(
        "is typed", "" if any(f.with_name("py.typed").exists() for f in files) else "it ships no py.typed"
    )
    yield Finding("has a description", "" if found.metadata.json.get("description") else "it has no README")
    yield Finding("declares what it imports", _undeclared(files, required, found))
    yield Finding("uses public names of petra", _private(files))
    yield Finding("is light to import", _heavy(plugin, required))


def _required(found: Distribution) -> Iterator[str]:
    for requirement in found.requires or ():
        if match := _REQUIREMENT.match(requirement):
            yield _normal(match.group(1))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sources(found: Distribution, plugin: Plugin) -> list[Path]:
    """Return the distribution's Python files; of an editable install, those of the plugin's package."""
    listed = [Path(str(found.locate_file(f))) for f in found.files or () if f.suffix == ".py"]
    files = [
        path for path in listed if path.exists() and "site-packages" in path.parts and path.name[0] != "_"
    ]
    if not files and (module_file := getattr(plugin.module, "__file__", None)):
        files = sorted(Path(module_file).parent.rglob("*.py"))
    return files


def _imports(files: list[Path]) -> Iterator[tuple[str, str, str]]:
    """Yield each absolute import: where, the module, and the name taken from it, if any."""
    for path in files:
        try:
            tree = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as error:
            yield f"{path.name}:{getattr(error, 'lineno', 0)}", "", ""
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield f"{path.name}:{node.lineno}", alias.name, ""
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    yield f"{path.name}:{node.lineno}", node.module, alias.name


def _undeclared(files: list[Path], required: set[str], found: Distribution) -> str:
    providers = {"petra": ["petra-core"], **packages_distributions()}
    own = {_normal(str(found.metadata.json["name"]))}
    packages = {path.stem for path in files} | {path.parent.name for path in files}
    plugins = {_normal(d) for names in providers.values() for d in names if _is_plugin(d)}
    for where, module, _ in _imports(files):
        top = module.partition(".")[0]
        # an editable installation lists no packages: such a distribution is known by its name alone
        dists = {_normal(name) for name in providers.get(top, ())} or {_normal(top)} & (own | required)
        if not module:
            return f"{where} is not valid for this version of Python"
        if top in sys.stdlib_module_names or top in packages or dists & (own | required):
            continue
        if dists & plugins:
            return f"{where} imports {top}, another plugin"
        return (
            f"{where} imports {top}, of {', '.join(sorted(dists)) or 'nothing that is installed'}, undeclared"
        )
    return ""


def _is_plugin(name: str) -> bool:
    return any(ep.group == ENTRY_POINTS for ep in distribution(name).entry_points)


def _private(files: list[Path]) -> str:
    for where, module, name in _imports(files):
        if module.partition(".")[0] != "petra":
            continue
        if module not in PUBLIC:
            return f"{where} imports {module}, which is not public"
        if name and name not in import_module(module).__all__ and f"{module}.{name}" not in PUBLIC:
            return f"{where} imports {name} from {module}, which does not export it"
    return ""


_LOAD = """
import contextlib, io, sys
from petra import Catalog
with contextlib.redirect_stdout(io.StringIO()):
    import {module} as module
    Catalog.of(module)
print(*sorted(sys.modules))
"""


def _heavy(plugin: Plugin, required: set[str]) -> str:
    """Import the plugin in a new interpreter and return which heavy libraries are loaded by that."""
    module = getattr(plugin.module, "__name__", "")
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _LOAD.format(module=module)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        said = (run.stderr.strip() or "no reason was given").splitlines()[-1]
        return f"`import {module}` fails in a fresh interpreter: {said}"
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    heavy = {
        dist
        for top, dists in packages_distributions().items()
        for dist in map(_normal, dists)
        if top in loaded and dist in required - _LIGHT
    }
    return f"listing it loads {', '.join(sorted(heavy))}; import that when it is used" if heavy else ""
