"""Plugins of a single file: each becomes a module of a package that exists only in memory."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = "petra_plugins_dir"


def module_of(path: Path) -> str:
    """Return the module that a single file becomes: `mqtt.py` must not hide an installed `mqtt`."""
    return f"{_PACKAGE}.{path.stem}"


def import_file(path: Path) -> ModuleType:
    """Import a single file as its module."""
    name = module_of(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # attrs and pickle look classes up by their module, and pickle of Python 3.11 by the package first
    sys.modules.setdefault(_PACKAGE, ModuleType(_PACKAGE, "The plugins of single files."))
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
