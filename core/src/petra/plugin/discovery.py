"""Finding and loading plugins: entry points of installed distributions, and single files in a folder.

stevedore loads what `importlib.metadata` finds; `docs/decisions/0001` says why its own list is not used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import cast

from stevedore.extension import ExtensionManager

from petra.plugin.candidate import Candidate, PluginSource
from petra.plugin.faults import PluginFault, Rejected, Stage, one_line
from petra.plugin.hookspecs import ENTRY_POINTS
from petra.plugin.single_file import import_file, module_of

CORE = "petra-core"
"""The distribution whose own plugin goes before all others."""

PLUGINS_DIR_VARIABLE = "PETRA_PLUGINS_DIR"


class PluginEntry(EntryPoint):
    """A plugin that was found: its source, and a `load` that raises `Rejected` whatever the import raises.

    Only KeyboardInterrupt passes through: the operator wants to end the command.
    """

    source: PluginSource
    _import: Callable[[], object]

    def __init__(
        self,
        name: str,
        value: str,
        importing: Callable[[], object],
        source: PluginSource,
        dist: Distribution | None = None,
    ) -> None:
        super().__init__(name, value, ENTRY_POINTS)
        vars(self).update(source=source, dist=dist, _import=importing)  # entry points refuse assignment

    def load(self) -> object:
        """Import the plugin."""
        try:
            return self._import()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an import may even call sys.exit()
            raise Rejected(Stage.IMPORT, f"it cannot be imported: {one_line(error)}") from error


class PluginLoader(ExtensionManager[object]):
    """The plugins that are installed, and those in folders, each of them loaded or a fault."""

    def __init__(self, plugins_dirs: Iterable[Path] = ()) -> None:
        """Find the plugins, and load each of them."""
        self._plugins_dirs = tuple(plugins_dirs)
        self.faults: list[PluginFault] = []
        super().__init__(
            ENTRY_POINTS,
            on_load_failure_callback=lambda _, entry_point, error: self._quarantine(entry_point, error),
        )

    def list_entry_points(self) -> list[EntryPoint]:
        """Return what is installed at this moment: core's own plugin, the others by name, then the files.

        stevedore's own list comes from a cache: it misses a reinstall, and its entries have no distribution.
        """
        return [*installed(), *(entry for folder in self._plugins_dirs for entry in in_folder(folder))]

    @property
    def candidates(self) -> list[Candidate]:
        """The plugins that were loaded, in the order in which they were found."""
        return [
            Candidate(loaded.name, loaded.plugin, cast("PluginEntry", loaded.entry_point).source)
            for loaded in self.extensions
        ]

    def _quarantine(self, entry_point: EntryPoint, error: BaseException) -> None:
        source = cast("PluginEntry", entry_point).source
        self.faults.append(PluginFault.of(entry_point.name, source, cast("Rejected", error)))


def installed() -> list[PluginEntry]:
    """Return the plugins that installed distributions declare: core's own, then by their names."""
    try:
        found = [_from_distribution(entry_point) for entry_point in entry_points(group=ENTRY_POINTS)]
    except Exception:  # noqa: BLE001 - broken metadata of one distribution fails the look-up of all
        found = _one_by_one()
    found.sort(key=lambda entry: (entry.source.distribution != CORE, entry.name, entry.source.distribution))
    return found


def _one_by_one() -> list[PluginEntry]:
    """Read each distribution separately, so that broken metadata is a fault of one plugin."""
    found: list[PluginEntry] = []
    for dist in distributions():
        try:
            found += [_from_distribution(ep) for ep in dist.entry_points if ep.group == ENTRY_POINTS]
        except Exception as error:  # noqa: BLE001 - broken metadata can raise anything
            folder = str(getattr(dist, "_path", "a distribution"))
            importing = partial(_fail, "its metadata is broken", error)
            found.append(PluginEntry(Path(folder).stem, "", importing, PluginSource(folder), dist))
    return found


def _from_distribution(found: EntryPoint) -> PluginEntry:
    return PluginEntry(found.name, found.value, found.load, _source(found.dist), found.dist)


def _fail(message: str, cause: Exception | None = None) -> object:
    raise ImportError(message) from cause


def in_folder(folder: Path) -> Iterator[PluginEntry]:
    """Yield a plugin for each Python file of a folder; names that begin with `_` or `.` are skipped."""
    if not folder.is_dir():
        importing = partial(_fail, f"the folder {folder} does not exist")
        yield PluginEntry(folder.name, "", importing, PluginSource(str(folder)))
    for path in sorted(folder.glob("*.py")):
        if path.name[0] not in "._":
            name = path.stem.replace("_", "-")
            yield PluginEntry(name, module_of(path), partial(import_file, path), PluginSource(str(path)))


def folders(given: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the folders to look into: those of the environment variable, then those given."""
    listed = [name for name in os.environ.get(PLUGINS_DIR_VARIABLE, "").split(os.pathsep) if name]
    return [Path(name) for name in dict.fromkeys([*listed, *(os.fspath(folder) for folder in given)])]


def _source(dist: Distribution | None) -> PluginSource:
    if dist is None:
        return PluginSource("")
    try:
        metadata = dist.metadata.json
        return PluginSource(str(metadata["name"]), str(metadata["version"]), str(metadata.get("summary", "")))
    except Exception:  # noqa: BLE001 - METADATA is missing, or is not text
        return PluginSource(str(getattr(dist, "_path", "")))
