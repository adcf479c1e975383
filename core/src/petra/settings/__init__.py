"""Settings: what a configuration model says about its fields, and the text that never prints."""

from petra.settings.model import About, Bounds, Setting, SignalUse, about, settings, verify
from petra.settings.secret import REDACTED, Secret, without_credentials

__all__ = [
    "REDACTED",
    "About",
    "Bounds",
    "Secret",
    "Setting",
    "SignalUse",
    "about",
    "settings",
    "verify",
    "without_credentials",
]
