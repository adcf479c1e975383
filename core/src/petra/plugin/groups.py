"""The groups of offers, each with its hook and its space of names."""

from __future__ import annotations

from enum import Enum


class OfferGroup(Enum):
    """What a plugin can offer; the value is the word used in listings."""

    BLOCK = "block"
    CONDITION = "condition"
    DRIVER = "driver"
    SERVICE = "service"
    CLI_COMMAND = "command"

    @property
    def hook(self) -> str:
        """The hook that lists this group."""
        return f"petra_{self.name.lower()}s"

    @property
    def space(self) -> str:
        """The space within which names of this group must be unique."""
        return _SPACE[self]

    @property
    def owns_section(self) -> bool:
        """Whether a kind of this group owns the configuration section of its name."""
        return self.space == "section"


_SPACE = {
    OfferGroup.BLOCK: "block type",
    OfferGroup.CONDITION: "block type",
    OfferGroup.DRIVER: "section",
    OfferGroup.SERVICE: "section",
    OfferGroup.CLI_COMMAND: "command",
}

CORE_SECTIONS = ("signals", "blocks", "tasks", "alarms", "storage", "engine", "scan_time_ms")
CORE_COMMANDS = (
    "bench",
    "blocks",
    "check",
    "commands",
    "completion",
    "config",
    "demo",
    "doctor",
    "explain",
    "migrate",
    "plan",
    "plugins",
    "replay",
    "run",
    "schema",
    "top",
)

RESERVED = {"section": CORE_SECTIONS, "command": CORE_COMMANDS}
"""Names that core uses, or will use by its published design; no plugin can offer them."""
