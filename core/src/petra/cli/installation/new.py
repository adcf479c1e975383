"""Writing a new plugin from the template in `new_plugin/`."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from petra._version import __version__
from petra.errors import PetraError
from petra.plugin.hookspecs import API_VERSION

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUFFIX = ".tmpl"


class NewPluginError(PetraError):
    """The plugin cannot be written; no file was made."""


def write_plugin(name: str, into: Path) -> Path:
    """Write the distribution `name` into a new folder of that name and return the folder."""
    package = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise NewPluginError(
            f"{name!r} is not a valid name for a plugin; use lower-case letters, digits and single dashes"
        )
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package == "petra":
        raise NewPluginError(f"{name!r} would hide the Python module {package!r}; choose another name")
    if find_spec(package) is not None:
        raise NewPluginError(f"a module {package!r} is installed here already; choose another name")
    if name.startswith("petra-"):
        raise NewPluginError(f"names that begin with petra- are the project's own; try {name[6:]!r}")
    folder = into / name
    if folder.exists():
        raise NewPluginError(f"{folder} exists already; nothing was written")
    words = {
        "DISTRIBUTION": name,
        "PACKAGE": package,
        "BLOCK_TYPE": package.upper() + "_SMOOTH",
        "API": str(API_VERSION),
        "CORE": ".".join(__version__.split(".")[:2]),
    }
    _copy(files("petra.cli.installation") / "new_plugin", folder, words)
    return folder


def _copy(source: Traversable, target: Path, words: dict[str, str]) -> None:
    target.mkdir(parents=True)
    for item in source.iterdir():
        if item.is_dir():
            if item.name != "__pycache__":
                _copy(item, target / _filled(item.name, words), words)
        elif item.name.endswith(_SUFFIX):
            path = target / _filled(item.name.removesuffix(_SUFFIX), words)
            path.write_text(_filled(item.read_text("utf-8"), words), "utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = re.sub(rf"\b{word}\b", value, text)
    return text
