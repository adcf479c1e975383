"""Who acts on a plant, and what there is to be allowed."""

from __future__ import annotations

import getpass
from enum import Enum

from attrs import frozen

from petra.drivers.commands.order import Origin


class Capability(Enum):
    """What an actor may be allowed to do; a policy decides on each of them."""

    VIEW = "view"
    """Read signals, status, history and events."""
    ACKNOWLEDGE = "acknowledge"
    """Acknowledge and shelve alarms."""
    WRITE = "write"
    """Write signals, and by that devices."""
    FORCE = "force"
    """Hold signals at a value, and release them."""
    TUNE = "tune"
    """Change parameters of blocks."""
    CONFIGURE = "configure"
    """Load another configuration."""
    ADMINISTER = "administer"
    """Stop the plant."""


@frozen
class Actor:
    """Who acts: a name, where it comes from, through which door, and the roles that the door vouches for."""

    name: str
    origin: Origin = Origin.LOCAL
    door: str = ""
    """The door that has let it in: `cli`, `channel`, `mqtt`; empty for code in the plant's own process."""
    roles: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.door or self.origin.value})"


def this_user(door: str = "") -> Actor:
    """Return the user of this process as an actor."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container may have no entry for its user
        name = "unknown"
    return Actor(name, Origin.LOCAL, door)
