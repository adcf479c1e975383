"""Which distribution provides a section that nothing installed owns, or will provide it."""

from __future__ import annotations

PUBLISHED = {
    "s7": "petra-s7",
    "modbus": "petra-modbus",
}
"""Sections of the plugins that the project itself publishes."""

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
"""Sections still to come, each with the distribution that it will come with."""

LATER_BLOCKS = {
    "EMAIL": "petra-mail",
    "TWILIO": "petra-twilio",
}
"""Block types of the original still to come, each with the distribution that it will come with."""


def install_hint(section: str) -> str:
    """Return the command that installs what a section needs, or an empty text for a section nobody knows."""
    return f"pip install {PUBLISHED[section]}" if section in PUBLISHED else ""
