"""Orders: what is asked for, by whom, and how it may end. An order never changes."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from petra.drivers.contract.point import Point
    from petra.signals import Value


class Origin(Enum):
    """Where an order comes from."""

    LOGIC = "logic"
    """The configured program: a signal of it has changed."""
    LOCAL = "local"
    """A person or a program on this machine."""
    NETWORK = "network"
    """Everything else: MQTT, OPC UA, the web."""


class Act(Enum):
    """What an order asks for."""

    WRITE = "write"
    FORCE = "force"
    """The signal is held at a value, whatever writes it."""
    UNFORCE = "unforce"


class Outcome(Enum):
    """How far a command has come; `requested` and `sent` are on the way, all others are its end."""

    REQUESTED = "requested"
    SENT = "sent"
    ACCEPTED = "accepted"
    """The bus has taken it for the next scan; no device is concerned, and none has confirmed anything."""
    CONFIRMED = "confirmed"
    """The device holds the value: it was read back."""
    UNVERIFIED = "unverified"
    """The device has taken it, and its point is not to be read back."""
    REJECTED = "rejected"
    """It was not carried out: refused here, or by the device."""
    TIMED_OUT = "timed out"
    """It is not known to have been carried out."""
    SUPERSEDED = "superseded"
    """The program wanted something newer before this was sent."""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self not in (Outcome.REQUESTED, Outcome.SENT)


SURE = (Outcome.CONFIRMED, Outcome.UNVERIFIED)
"""The device has taken it."""
WELL = (*SURE, Outcome.ACCEPTED, Outcome.SUPERSEDED)


@frozen
class Order:
    """One requested write."""

    id: int
    signal: str
    value: Value | None
    """What the signal is to hold; None of one that is released."""
    actor: str
    origin: Origin
    act: Act
    requested_at: int
    point: Point | None = None
    """Where it is written; None where no device is concerned."""
    urgent: bool = False
    """Whether it is a safe value: it waits for no interval, and no wear limit holds it back."""
    last_word: bool = False
    """Whether nothing follows it: the plant stops, or nothing will write the point any more."""
    door: str = ""
    """The door that the actor came through."""
    note: str = ""
    """What the actor gave as the purpose."""
