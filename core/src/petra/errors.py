"""The tree of errors that PETRA raises on purpose; it imports nothing."""

from __future__ import annotations


class PetraError(Exception):
    """The root: whoever catches this catches everything that PETRA raises on purpose."""


class DeclarationError(PetraError, TypeError):
    """A class (a block, a configuration model, a kind) is declared in a way that cannot work."""


class PluginNotFoundError(PetraError, LookupError):
    """No plugin of that name is installed."""
