"""Packages whose public names load on first use: what lists plugins or reads a model needs none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(package: dict[str, Any], home: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package, given its globals and the module that each name is in.

    No name may also be a module of the package: it would be either, by who was imported first.
    """

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        value: object = getattr(import_module(home[name]), name)
        package[name] = value
        return value

    return load
