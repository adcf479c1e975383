"""Settings: the description of the fields of a configuration model, and texts that are never printed."""

from petra.settings.choice import AnyCase
from petra.settings.contracts import Flaw, HasFlaws, Named, NamesDrivers, SignalUse, Used, UsesSignals
from petra.settings.model import About, Bounds, Setting, about, settings, verify
from petra.settings.secret import REDACTED, Secret, without_credentials

__all__ = [
    "REDACTED",
    "About",
    "AnyCase",
    "Bounds",
    "Flaw",
    "HasFlaws",
    "Named",
    "NamesDrivers",
    "Secret",
    "Setting",
    "SignalUse",
    "Used",
    "UsesSignals",
    "about",
    "settings",
    "verify",
    "without_credentials",
]
