"""Signals: named, typed values with quality and time."""

from petra.signals.types import INT_MAX, INT_MIN, SignalType, Value, literal

__all__ = ["INT_MAX", "INT_MIN", "SignalType", "Value", "literal"]
