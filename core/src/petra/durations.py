"""Lengths of time as people write them: 500ms, 10s, 5m, 1h."""

from __future__ import annotations

import re

_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 1e-3, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds_of(text: str) -> float:
    """Return the seconds of a length of time, such as 500ms, 10s, 5m or 1h; ValueError when it is none."""
    match = _LENGTH.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is not a length of time, such as 500ms, 10s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]
