"""What a client may ask with: types and bounds, before anything of it reaches the plant.

The plant's own process passes what its types say; over the channel come any bytes. An argument of a wrong
type that the scan meets first would end the scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from petra.plant.channel.wire import ChannelError
from petra.plant.names import is_pattern
from petra.signals.observation import OBSERVED
from petra.why.values import DEEPEST, DEPTH

PATTERNS = 100
"""Patterns that one request may have: each is compared with every signal."""
FOLLOWED = 1_000_000
"""Changes that may wait in the plant for one follow."""

Name = Annotated[str, Meta(max_length=1_000)]
Note = Annotated[str, Meta(max_length=10_000)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]


class _Arguments(Struct, forbid_unknown_fields=True):
    """Of a method without arguments."""


class _Names(_Arguments):
    names: Name | list[Name] = "*"


class _Noted(_Arguments, kw_only=True):
    note: Note = ""


class _Command(_Noted, kw_only=True):
    signal: Name
    value: Any


class _Unforce(_Noted, kw_only=True):
    signal: Name


class _Tune(_Noted, kw_only=True):
    block: Name
    parameter: Name
    value: Any


class _Why(_Arguments, kw_only=True):
    signal: Name
    depth: Annotated[int, Meta(ge=0, le=DEEPEST)] = DEPTH


class _Recent(_Names):
    seconds: Seconds = 600.0


class _Watch(_Names):
    deadband: float | dict[Name, float] = 0.0
    every: Seconds = 0.0


class _Follow(_Names):
    limit: Annotated[int, Meta(ge=1, le=FOLLOWED)] = OBSERVED


class _Events(_Arguments):
    last: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


_OF: Mapping[str, type[_Arguments]] = {
    "signals": _Names,
    "read": _Names,
    "recent": _Recent,
    "command": _Command,
    "force": _Command,
    "unforce": _Unforce,
    "why": _Why,
    "forces": _Arguments,
    "tune": _Tune,
    "reload": _Noted,
    "stop": _Noted,
    "status": _Arguments,
    "watch": _Watch,
    "follow": _Follow,
    "events": _Events,
}


def checked(method: str, arguments: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the arguments of a method or stream; ChannelError when they are not what it takes."""
    expected = _OF.get(method)
    if expected is None:
        raise ChannelError(f"this plant does not know {method[:100]!r}: it is of another version")
    try:
        found = msgspec.structs.asdict(msgspec.convert(arguments, expected))
    except msgspec.ValidationError as error:
        raise ChannelError(f"{method}: {error}") from None
    names = found.get("names", ())
    if not isinstance(names, str) and sum(map(is_pattern, names)) > PATTERNS:
        raise ChannelError(f"{method}: more than {PATTERNS} patterns; ask for fewer, or for names")
    return found
