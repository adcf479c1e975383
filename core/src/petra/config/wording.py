"""How values and types are said in a sentence: what is written, what is wanted, how to put it right."""

from __future__ import annotations

from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from petra.config.nodes import Node, Scalar
from petra.config.scalars import Ambiguous, Plain, read_plain
from petra.settings.model import Setting, optional
from petra.settings.secret import Secret, without_credentials
from petra.signals.types import SCALAR_NOUN

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


def cure(node: Node, kind: Any) -> str:
    """Say how a value of the wrong type is put right, where that is plain; otherwise nothing."""
    if not isinstance(node, Scalar):
        return ""
    if kind in (str, Path) and node.plain and not node.is_null:
        return f'write "{node.text}" in quotes'
    if kind in (bool, int, float) and not node.plain and from_text(node.text, kind) is not None:
        return "leave out the quotes"
    if kind is bool and read_plain(node.text.lower()) in (0, 1, True, False):
        return "write true or false"
    return ""


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
