"""How values and types are said in a sentence: what is written, what is wanted, how to put it right."""

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
    """Say a value as it stands in the document: never a secret, never what a reference was replaced by."""
    if not isinstance(node, Scalar) or node.is_null:
        return node.noun
    if optional(kind) is Secret:
        return "what is written here"
    text = without_credentials(node.text)
    text = text if len(text) <= 60 else text[:57] + "..."
    return text if node.plain else f'"{text}"'


def written_as(value: bool | float | str) -> str:  # noqa: FBT001 - any value
    """Return a value as a document has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def named(node: Node) -> str:
    """Say a name as it stands in the document, always in quotes."""
    said = written(node)
    return f"'{said}'" if isinstance(node, Scalar) and node.plain else f"'{said[1:-1]}'"


def noun(kind: Any) -> str:
    """Say what a type is called in a sentence."""
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
    """Say how a value of the wrong type is put right, where that is plain; otherwise nothing."""
    if not isinstance(node, Scalar):
        return ""
    if kind in (str, Path) and node.plain and not node.is_null:
        return f'write "{node.text}" in quotes'
    single = get_args(kind) if is_union(kind) else (kind,)
    if not node.plain and any(
        part in (bool, int, float) and _means(node.text.strip(), part) for part in single
    ):
        return "leave out the quotes"
    numeric = int in single or float in single
    if numeric and (instead := as_number(node.text, unit)):
        return instead
    if kind is bool and read_plain(node.text.lower()) in (0, 1, True, False):
        return "write true or false"
    return ""


def _means(text: str, kind: Any) -> bool:
    """Return whether a text reads as a value of that type."""
    value = read_plain(text)
    return value.__class__ is kind or (kind is float and value.__class__ is int)


def glued(node: Scalar) -> str:
    """Say how a key is written whose colon has no space after it; empty when a text is no such key."""
    found = GLUED.fullmatch(node.text) if node.plain else None
    return glued_hint(found) if found is not None else ""


def as_number(text: str, unit: str) -> str:
    """Say how a number with a comma or with its unit is written as a plain one; empty when it is none."""
    text = text.strip()
    if _COMMA.fullmatch(text):
        return f"write {text.replace(',', '.')}: a point, not a comma"
    if (seconds := duration(text)) is None:
        return ""
    if unit not in _SECONDS:
        return "write the plain number"
    return f"write {seconds / _SECONDS[unit]:.12g}: it is in {unit}"


def duration(text: str) -> float | None:
    """Return the seconds of a time such as T#1m30s or 500ms, or None when a text is none."""
    bare = _TIME.sub("", text).replace("_", "").replace(" ", "")
    parts = _PARTS.findall(bare)
    if not parts or "".join(number + unit for number, unit in parts) != bare or len(bare) > 40:
        return None
    return math.fsum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)


def unit_of(key: str, declared: str = "") -> str:
    """Return the unit of time that a key is in: as its name ends, or as it is declared."""
    ending = key.rpartition("_")[2]
    return {"ms": "ms", "us": "µs", "s": "s", "seconds": "s", "hours": "h", "days": "d"}.get(ending, declared)


def shape(model: type) -> str:
    """Say which keys a mapping has that stands for a model: those that it needs, or the first few."""
    known = settings(model)
    keys = [setting.name for setting in known if setting.required] or [s.name for s in known[:3]]
    more = ", ..." if len(keys) < len(known) else ""
    return f"write its keys: {{{', '.join(f'{key}: ...' for key in keys)}{more}}}"


def need(setting: Setting) -> str:
    """Say what a missing setting is and what it takes."""
    return (
        f"{setting.about.doc.rstrip('.')}: {noun(setting.type)}" if setting.about.doc else noun(setting.type)
    )


def from_text(text: str, kind: Any) -> Plain:
    """Return what a text from outside the document means where that type is wanted; None when nothing."""
    if kind in (str, Path, Secret):
        return text
    value = read_plain(text.strip())
    return value if kind in (bool, int, float) and not isinstance(value, str | Ambiguous) else None


def is_union(kind: Any) -> bool:
    """Say whether a type is a choice of several."""
    return get_origin(kind) in (Union, UnionType)


def said(error: Exception) -> str:
    """Return a validator's own words, in one line."""
    return " ".join(str(error.args[0] if error.args else type(error).__name__).split())
