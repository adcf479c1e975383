"""The hierarchy of errors that PETRA raises deliberately; this module imports nothing."""

from __future__ import annotations


class PetraError(Exception):
    """The base of all errors that PETRA raises deliberately."""


class DeclarationError(PetraError, TypeError):
    """The declaration of a class is not valid: a block, a configuration model or a kind."""


class PluginNotFoundError(PetraError, LookupError):
    """No plugin of that name is installed."""
