"""Which distribution provides a section that nothing installed owns: the hint of `not-installed`."""

from __future__ import annotations

PROVIDERS = {
    "s7": "petra-s7",
    "modbus": "petra-modbus",
    "mqtt": "petra-mqtt",
    "opcua": "petra-opcua",
    "twilio": "petra-twilio",
    "mail": "petra-mail",
    "security": "petra-security",
    "metrics": "petra-metrics",
    "web": "petra-web",
}
"""Sections of the plugins that the project itself publishes."""

CORE_LATER = ("alarms", "storage")
"""Sections of core that this version does not have yet."""


def install_hint(section: str) -> str:
    """Return the command that installs what a section needs, or an empty text for a section nobody knows."""
    if section in CORE_LATER:
        return "pip install --upgrade petra-core; this version has no such section yet"
    if section in PROVIDERS:
        return f"pip install {PROVIDERS[section]}"
    return ""
