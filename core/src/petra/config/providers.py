"""The distributions that provide sections, or will provide them, and are not installed."""

from __future__ import annotations

PUBLISHED = {
    "s7": "petra-s7",
    "modbus": "petra-modbus",
}
"""Sections of the plugins that the project publishes."""

LATER = {
    "alarms": "petra-core",
    "storage": "petra-core",
    "mqtt": "petra-mqtt",
    "opcua": "petra-opcua",
    "twilio": "petra-twilio",
    "mail": "petra-mail",
    "security": "petra-security",
    "metrics": "petra-metrics",
    "web": "petra-web",
}
"""Sections of a later version, each with the distribution that will provide it."""

LATER_BLOCKS = {
    "EMAIL": "petra-mail",
    "TWILIO": "petra-twilio",
}
"""Block types of the original of a later version, each with the distribution that will provide it."""


def install_hint(section: str) -> str:
    """Return the command that installs the plugin of a section; empty for an unknown section."""
    return f"pip install {PUBLISHED[section]}" if section in PUBLISHED else ""
