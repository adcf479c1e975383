"""Signals: named, typed values with quality and time, and the bus that carries them."""

from petra.signals.bus import (
    Bus,
    InboxFullError,
    NotWritableError,
    Signal,
    UnknownSignalError,
    WrongTypeError,
)
from petra.signals.group import Group
from petra.signals.image import Image
from petra.signals.inbox import Force
from petra.signals.quality import GOOD, Quality, Status
from petra.signals.subscription import Changes, Subscription
from petra.signals.table import Reading
from petra.signals.types import INT_MAX, INT_MIN, SignalType, Value, is_name, literal

__all__ = [
    "GOOD",
    "INT_MAX",
    "INT_MIN",
    "Bus",
    "Changes",
    "Force",
    "Group",
    "Image",
    "InboxFullError",
    "NotWritableError",
    "Quality",
    "Reading",
    "Signal",
    "SignalType",
    "Status",
    "Subscription",
    "UnknownSignalError",
    "Value",
    "WrongTypeError",
    "is_name",
    "literal",
]
