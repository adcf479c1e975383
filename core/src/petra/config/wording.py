"""The wording of values and types in messages: what is written, what is expected, and how to correct it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from petra.config.nodes import Node, Scalar
from petra.config.scalars import Ambiguous, Plain, read_plain
from petra.config.syntax import GLUED, glued_hint
from petra.settings.model import Setting, optional, settings
from petra.settings.secret import Secret, without_credentials
from petra.signals.types import SCALAR_NOUN

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_TIME = re.compile(r"\A[-+]?L?(?:T|TIME)#", re.IGNORECASE)
_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|us|µs|min|d|h|m|s)", re.IGNORECASE)

_NOUNS: dict[Any, str] = {
    **SCALAR_NOUN,
    Secret: "a text",
    Path: "a path",
}


def written(node: Node, kind: Any = None) -> str:
    """Return a value as the document writes it: references stay unreplaced, and secrets are never shown."""
    if not isinstance(node, Scalar) or node.is_null:
        return node.noun
    if optional(kind) is Secret:
        return "the value written here"
    text = without_credentials(node.text)
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if node.plain else f'"{text}"'


def written_as(value: bool | float | str) -> str:  # noqa: FBT001 - any value
    """Return a value in the notation of a document."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def named(node: Node) -> str:
    """Return a name as the document writes it, always in quotes."""
    message = written(node)
    return f"'{message}'" if isinstance(node, Scalar) and node.plain else f"'{message[1:-1]}'"


def noun(kind: Any) -> str:
    """Return the name of a type in a sentence."""
    kind = optional(kind)
    if isinstance(kind, tuple):
        return f"one of {', '.join(kind)}"
    if kind in _NOUNS:
        return _NOUNS[kind]
    if get_origin(kind) in (list, tuple):
        return "a list"
    if is_union(kind):
        return " or ".join(_NOUNS[part] for part in get_args(kind))
    return "a mapping"


def cure(node: Node, kind: Any, unit: str = "") -> str:
    """Return how to correct a value of the wrong type; empty if that is not certain."""
    if not isinstance(node, Scalar):
        return ""
    if kind in (str, Path) and node.plain and not node.is_null:
        return f'write "{node.text}" in quotes'
    single = get_args(kind) if is_union(kind) else (kind,)
    if not node.plain and any(
        part in (bool, int, float) and _reads_as(node.text.strip(), part) for part in single
    ):
        return "leave out the quotes"
    numeric = int in single or float in single
    if numeric and (instead := as_number(node.text, unit)):
        return instead
    if kind is bool and read_plain(node.text.lower()) in (0, 1, True, False):
        return "write true or false"
    return ""


def _reads_as(text: str, kind: Any) -> bool:
    """Return whether a text reads as a value of that type."""
    value = read_plain(text)
    return value.__class__ is kind or (kind is float and value.__class__ is int)


def glued(node: Scalar) -> str:
    """Return the hint for a key without the space after its colon; empty for any other text."""
    found = GLUED.fullmatch(node.text) if node.plain else None
    return glued_hint(found) if found is not None else ""


def as_number(text: str, unit: str) -> str:
    """Return how to write a number that has a comma or a unit; empty for any other text."""
    text = text.strip()
    if _COMMA.fullmatch(text):
        return f"write {text.replace(',', '.')}: a point, not a comma"
    if (seconds := duration(text)) is None:
        return ""
    if unit not in _SECONDS:
        return "write the plain number"
    return f"write {seconds / _SECONDS[unit]:.12g}: it is in {unit}"


def duration(text: str) -> float | None:
    """Return the seconds of a duration such as T#1m30s (IEC 61131-3) or 500ms, or None for any other text."""
    bare = _TIME.sub("", text).replace("_", "").replace(" ", "")
    parts = _PARTS.findall(bare)
    if not parts or "".join(number + unit for number, unit in parts) != bare or len(bare) > 40:
        return None
    return math.fsum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)


def unit_of(key: str, declared: str = "") -> str:
    """Return the unit of time of a key: from the ending of its name, otherwise as declared."""
    ending = key.rpartition("_")[2]
    return {"ms": "ms", "us": "µs", "s": "s", "seconds": "s", "hours": "h", "days": "d"}.get(ending, declared)


def shape(model: type) -> str:
    """Return the hint which keys a model has: the required ones, or the first three."""
    known = settings(model)
    keys = [setting.name for setting in known if setting.required] or [s.name for s in known[:3]]
    more = ", ..." if len(keys) < len(known) else ""
    return f"write its keys: {{{', '.join(f'{key}: ...' for key in keys)}{more}}}"


def need(setting: Setting) -> str:
    """Return the description and the type of a missing setting."""
    return (
        f"{setting.about.doc.rstrip('.')}: {noun(setting.type)}" if setting.about.doc else noun(setting.type)
    )


def from_text(text: str, kind: Any) -> Plain:
    """Return the value of an external text where a type is wanted; None if it is not of that type."""
    if kind in (str, Path, Secret):
        return text
    value = read_plain(text.strip())
    return value if kind in (bool, int, float) and not isinstance(value, str | Ambiguous) else None


def is_union(kind: Any) -> bool:
    """Return whether a type is a union."""
    return get_origin(kind) in (Union, UnionType)


def error_text(error: Exception) -> str:
    """Return the text of an exception in one line."""
    return " ".join(str(error.args[0] if error.args else type(error).__name__).split())
