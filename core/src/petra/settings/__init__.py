"""Settings: what a configuration model says about its fields, and the text that never prints."""

from petra.settings.model import About, Bounds, Flaw, Setting, SignalUse, Used, about, settings, verify
from petra.settings.secret import REDACTED, Secret, without_credentials

__all__ = [
    "REDACTED",
    "About",
    "Bounds",
    "Flaw",
    "Secret",
    "Setting",
    "SignalUse",
    "Used",
    "about",
    "settings",
    "verify",
    "without_credentials",
]
