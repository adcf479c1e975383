"""Signals: named, typed values with quality and time, and the bus that carries them."""

from petra.signals.bus import Bus, InboxFullError, Saved
from petra.signals.group import Group
from petra.signals.image import Image
from petra.signals.inbox import Force, Write
from petra.signals.layout import (
    Layout,
    NotWritableError,
    OnBad,
    OutOfLimitsError,
    Signal,
    UnknownSignalError,
    WrongTypeError,
)
from petra.signals.quality import GOOD, Quality, Status
from petra.signals.subscription import Changes, Subscription
from petra.signals.table import Reading
from petra.signals.types import INT_MAX, INT_MIN, SignalType, Value, is_name, literal, nearest

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
    "Layout",
    "NotWritableError",
    "OnBad",
    "OutOfLimitsError",
    "Quality",
    "Reading",
    "Saved",
    "Signal",
    "SignalType",
    "Status",
    "Subscription",
    "UnknownSignalError",
    "Value",
    "Write",
    "WrongTypeError",
    "is_name",
    "literal",
    "nearest",
]
