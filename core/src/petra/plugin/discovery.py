"""Finding plugins: entry points of installed distributions, and single files in a folder.

The standard library's `importlib.metadata` does the finding; `docs/decisions/0001` says why not stevedore.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from petra.plugin.hookspecs import ENTRY_POINTS

if TYPE_CHECKING:
    from types import ModuleType

CORE = "petra-core"
"""The distribution whose own plugin goes before all others."""

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
    """Yield the plugins that installed distributions declare: core's own, then by their names."""
    try:
        found: list[EntryPoint] = list(entry_points(group=ENTRY_POINTS))
    except Exception:  # noqa: BLE001 - one distribution's broken metadata fails the whole look-up
        yield from _one_by_one()
        return
    listed = sorted(map(_candidate, found), key=lambda candidate: (candidate.name, candidate.distribution))
    yield from sorted(listed, key=lambda candidate: candidate.distribution != CORE)


def _one_by_one() -> Iterator[Candidate]:
    """Look at each distribution by itself, so that a broken one is a fault and not the end."""
    found: list[Candidate] = []
    for dist in distributions():
        try:
            found += [_candidate(ep) for ep in dist.entry_points if ep.group == ENTRY_POINTS]
        except Exception as error:  # noqa: BLE001 - whatever is in a folder that calls itself a distribution
            name = str(getattr(dist, "_path", "a distribution"))
            found.append(
                Candidate(Path(name).stem, name, "", partial(_fail, "its metadata is broken", error))
            )
    yield from sorted(found, key=lambda candidate: candidate.name)


def _candidate(entry_point: EntryPoint) -> Candidate:
    name, version, summary = _distribution(entry_point.dist)
    return Candidate(entry_point.name, name, version, entry_point.load, summary)


def _fail(message: str, cause: Exception | None = None) -> object:
    raise ImportError(message) from cause


def in_folder(folder: Path) -> Iterator[Candidate]:
    """Yield a plugin for each Python file of a folder; names that start with `_` or `.` are left alone."""
    if not folder.is_dir():
        yield Candidate(folder.name, str(folder), "", partial(_fail, f"the folder {folder} does not exist"))
    for path in sorted(folder.glob("*.py")):
        if path.name[0] not in "._":
            yield Candidate(path.stem.replace("_", "-"), str(path), "", partial(_import_file, path))


def folders(given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the folders to look into: those of the environment variable, then those given."""
    listed = [name for name in os.environ.get(PLUGINS_DIR_VARIABLE, "").split(os.pathsep) if name]
    return [Path(name) for name in dict.fromkeys([*listed, *(os.fspath(folder) for folder in given)])]


def _distribution(dist: Distribution | None) -> tuple[str, str, str]:
    if dist is None:
        return "", "", ""
    try:
        metadata = dist.metadata.json
        return str(metadata["name"]), str(metadata["version"]), str(metadata.get("summary", ""))
    except Exception:  # noqa: BLE001 - METADATA is missing, or no text
        return str(getattr(dist, "_path", "")), "", ""


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
