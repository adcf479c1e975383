"""Packages that import the modules of their public names on first use, so that commands start fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: dict[str, Any], home: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package, given its globals and the module of each name.

    A public name must not also be the name of a module of the package: importing the module sets the same
    attribute, so the order of imports would decide which of the two it is.
    """

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value: object = getattr(import_module(home[name]), name)
        package[name] = value  # the next access does not come here
        return value

    return load
