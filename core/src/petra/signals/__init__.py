"""Signals: named, typed values with quality and time, and the bus that carries them."""

from petra.signals.bus import Bus, LocalBus, ServedBus
from petra.signals.changes import Changes, ChangeSet
from petra.signals.group import Group
from petra.signals.image import Image
from petra.signals.inbox import Force, InboxFullError, Write
from petra.signals.layout import (
    Layout,
    NotWritableError,
    OnBad,
    OutOfLimitsError,
    Signal,
    UnknownSignalError,
    WrongTypeError,
)
from petra.signals.observation import Observation
from petra.signals.outgoing import Frame
from petra.signals.quality import GOOD, Quality, QualityReason, ReasonCode
from petra.signals.store import Saved, Store
from petra.signals.table import Reading
from petra.signals.types import INT_MAX, INT_MIN, SignalType, Value, is_name, literal, nearest

__all__ = [
    "GOOD",
    "INT_MAX",
    "INT_MIN",
    "Bus",
    "ChangeSet",
    "Changes",
    "Force",
    "Frame",
    "Group",
    "Image",
    "InboxFullError",
    "Layout",
    "LocalBus",
    "NotWritableError",
    "Observation",
    "OnBad",
    "OutOfLimitsError",
    "Quality",
    "QualityReason",
    "Reading",
    "ReasonCode",
    "Saved",
    "ServedBus",
    "Signal",
    "SignalType",
    "Store",
    "UnknownSignalError",
    "Value",
    "Write",
    "WrongTypeError",
    "is_name",
    "literal",
    "nearest",
]
