"""Settings: what a configuration model says about its fields, and the text that never prints."""

from petra.settings.choice import AnyCase
from petra.settings.model import About, Bounds, Flaw, Named, Setting, SignalUse, Used, about, settings, verify
from petra.settings.secret import REDACTED, Secret, without_credentials

__all__ = [
    "REDACTED",
    "About",
    "AnyCase",
    "Bounds",
    "Flaw",
    "Named",
    "Secret",
    "Setting",
    "SignalUse",
    "Used",
    "about",
    "settings",
    "verify",
    "without_credentials",
]
