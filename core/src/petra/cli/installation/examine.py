"""The checks of `petra doctor`: one finding for each thing that can be wrong with an installation."""

from __future__ import annotations

import codecs
import os
import platform
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from petra._version import __version__
from petra.config.document import Loaded, load
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.plural import plural

if TYPE_CHECKING:
    from petra.plugin import Catalog

_RECENT = 1_767_225_600  # 2026-01-01: an edge box without a clock battery starts in 1970
_FILES_NEEDED = 1024


class FindingState(Enum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@frozen
class InstallationFinding:
    """The result of one check."""

    what: str
    state: FindingState
    said: str


def examine(
    catalog: Catalog, plugins_dirs: Iterable[Path], documents: Iterable[str]
) -> Iterator[InstallationFinding]:
    """Yield the findings about this installation, and about the files of these documents."""
    yield from _interpreter()
    yield from _plugins(catalog)
    yield from _surroundings()
    for folder in filter(Path.is_dir, plugins_dirs):
        yield _only_ours("plugins folder", folder)
    for document in documents:
        yield from _document(load(document, catalog))


def _interpreter() -> Iterator[InstallationFinding]:
    yield InstallationFinding(
        "petra-core", FindingState.GOOD, f"{__version__} in {Path(__file__).parent.parent}"
    )
    said = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    good = sys.version_info >= (3, 11) and sys.maxsize > 2**32
    yield InstallationFinding(
        "python",
        FindingState.GOOD if good else FindingState.BAD,
        said if good else said + "; needs 3.11, 64 bits",
    )
    import yaml

    fast = hasattr(yaml, "CSafeLoader")
    yield InstallationFinding(
        "yaml",
        FindingState.GOOD if fast else FindingState.WARNING,
        f"PyYAML {yaml.__version__} "
        + ("with libyaml" if fast else "without libyaml: large documents load slowly"),
    )


def _plugins(catalog: Catalog) -> Iterator[InstallationFinding]:
    for plugin in catalog.plugins:
        yield InstallationFinding(
            f"plugin {plugin.name}", FindingState.GOOD, f"{plugin.distribution} {plugin.version}".strip()
        )
    for fault in catalog.faults:
        yield InstallationFinding(
            f"plugin {fault.name}", FindingState.BAD, f"{fault.source}: {fault.message} [{fault.stage.value}]"
        )


def _surroundings() -> Iterator[InstallationFinding]:
    encoding = codecs.lookup(sys.stdout.encoding or "ascii").name
    utf8 = encoding == "utf-8"
    yield InstallationFinding(
        "encoding",
        FindingState.GOOD if utf8 else FindingState.WARNING,
        encoding + ("" if utf8 else "; set PYTHONUTF8=1"),
    )
    recent = time.time() > _RECENT
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    yield InstallationFinding(
        "clock",
        FindingState.GOOD if recent else FindingState.BAD,
        now + ("" if recent else "; it is not set"),
    )
    resolution = time.get_clock_info("monotonic").resolution
    yield InstallationFinding(
        "timer",
        FindingState.GOOD if resolution <= 1e-3 else FindingState.WARNING,
        f"steps of {resolution * 1e9:g} ns",
    )
    yield from _limits()
    here = Path.cwd()
    writable = os.access(here, os.W_OK)
    yield InstallationFinding(
        "folder",
        FindingState.GOOD if writable else FindingState.WARNING,
        f"{here}" + ("" if writable else " is read-only"),
    )


def _limits() -> Iterator[InstallationFinding]:
    if sys.platform == "win32":
        return
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft == resource.RLIM_INFINITY or soft >= _FILES_NEEDED
    yield InstallationFinding(
        "open files",
        FindingState.GOOD if enough else FindingState.WARNING,
        f"up to {soft}"
        + ("" if enough else f"; raise it to {_FILES_NEEDED} (LimitNOFILE= of a systemd unit)"),
    )
    root = os.geteuid() == 0
    yield InstallationFinding(
        "user",
        FindingState.WARNING if root else FindingState.GOOD,
        "root: give PETRA a user of its own" if root else f"uid {os.geteuid()}",
    )


def _document(loaded: Loaded) -> Iterator[InstallationFinding]:
    state = (
        FindingState.BAD if loaded.errors else FindingState.WARNING if loaded.serious else FindingState.GOOD
    )
    said = "no problems"
    if loaded.serious:
        said = f"{plural(len(loaded.serious), 'problem')}; petra check {loaded.file}"
    yield InstallationFinding(f"document {loaded.file}", state, said)
    if loaded.unreadable or loaded.root is None:
        return
    if Path(loaded.file).exists():
        yield _only_ours("document", Path(loaded.file))
    for name in _secret_files(loaded.root):
        yield _private(loaded.environment.folder / name)


def _only_ours(what: str, path: Path) -> InstallationFinding:
    """Return whether other users can change what PETRA reads or runs."""
    mode = path.stat().st_mode
    writable = mode & (stat.S_IWOTH | stat.S_IWGRP) if path.is_dir() else mode & stat.S_IWOTH
    said = f"{stat.filemode(mode)} {path}"
    return InstallationFinding(
        f"{what} permissions",
        FindingState.BAD if writable else FindingState.GOOD,
        said + "; others may write" * bool(writable),
    )


def _private(path: Path) -> InstallationFinding:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return InstallationFinding("secret permissions", FindingState.BAD, f"{path}: {error.strerror}")
    exposed = mode & (stat.S_IRWXO | stat.S_IWGRP)
    said = f"{stat.filemode(mode)} {path}"
    return InstallationFinding(
        "secret permissions",
        FindingState.BAD if exposed else FindingState.GOOD,
        said + "; others may read it" * bool(exposed),
    )


def _secret_files(node: Node) -> list[str]:
    """Return the names of the files that a document takes values from, each once."""
    from petra.config.environment import file_references

    pending, seen, found = [node], set[int](), dict[str, None]()
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Scalar):
            found.update(dict.fromkeys(file_references(part.text)))
        elif isinstance(part, Sequence):
            pending.extend(part.items)
        elif isinstance(part, Mapping):
            pending.extend(entry.value for entry in part.entries.values())
    return list(found)
