"""Finding plugins: entry points of installed distributions, and single files in a folder.

The standard library's `importlib.metadata` does the finding; `docs/decisions/0001` says why not stevedore.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from petra.plugin.hookspecs import ENTRY_POINTS

if TYPE_CHECKING:
    from types import ModuleType

PLUGINS_DIR_VARIABLE = "PETRA_PLUGINS_DIR"


@frozen
class Candidate:
    """A plugin that was found and not yet imported."""

    name: str
    distribution: str
    version: str
    load: Callable[[], object] = field(repr=False)
    summary: str = ""


def installed() -> Iterator[Candidate]:
    """Yield the plugins that installed distributions declare, in the order of their names."""
    found = entry_points(group=ENTRY_POINTS)
    for entry_point in sorted(found, key=lambda ep: (ep.name, ep.value, _distribution(ep)[0])):
        name, version, summary = _distribution(entry_point)
        yield Candidate(entry_point.name, name, version, entry_point.load, summary)


def in_folder(folder: Path) -> Iterator[Candidate]:
    """Yield a plugin for each Python file of a folder; names that start with `_` or `.` are left alone."""
    for path in sorted(folder.glob("*.py")):
        if path.name[0] not in "._":
            yield Candidate(path.stem.replace("_", "-"), str(path), "", partial(_import_file, path))


def folders(given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the folders to look into: those of the environment variable, then those given."""
    listed = [name for name in os.environ.get(PLUGINS_DIR_VARIABLE, "").split(os.pathsep) if name]
    return [Path(name) for name in dict.fromkeys([*listed, *(os.fspath(folder) for folder in given)])]


def _distribution(entry_point: EntryPoint) -> tuple[str, str, str]:
    if entry_point.dist is None:
        return "", "", ""
    metadata = entry_point.dist.metadata.json
    return str(metadata["name"]), str(metadata["version"]), str(metadata.get("summary", ""))


def _import_file(path: Path) -> ModuleType:
    """Import a single file under a name of its own, so that `mqtt.py` shadows nobody's `mqtt`."""
    name = f"petra_plugins_dir.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # attrs and pickle look classes up by their module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
