"""References to the parameters of a template: `$(name)` and `$(name:02)`; `$$(` is a literal `$(`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from petra.config.expand.parameters import Parameter, Value
    from petra.config.nodes import Scalar
    from petra.config.problems import Problems

_REFERENCE = re.compile(r"\$\$\(|\$\(([^()]*)(\)?)")
_INNER = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?::(.*))?")
# No locale, no nested fields, and a width of two digits: `$(n:0999999999)` would take a gigabyte.
_FORMAT = re.compile(r"(?:[^{}]?[<>=^])?[-+ ]?#?0?\d{0,2}(?:\.\d{1,2})?[bdoxXeEfFgGs%]?")
_SAMPLES: Mapping[type, int | float | str] = {int: 0, float: 0.0, str: ""}


@frozen
class Reference:
    """A reference to a parameter, with its format; empty for the text as it is written."""

    name: str
    format: str = ""


Parts = tuple[str | Reference, ...]
"""A text, cut at its references."""


def has_reference(text: str) -> bool:
    """Return whether a text may contain a reference or an escaped one."""
    return "$(" in text


def read_parts(node: Scalar, parameters: Mapping[str, Parameter], problems: Problems) -> Parts | None:
    """Return the parts of a text; report references that are not valid, and return None if there is one."""
    parts: list[str | Reference] = []
    valid, end, text = True, 0, node.text
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found.group(1) is None:
            parts.append("$(")
            continue
        made = _read_reference(node, found, parameters, problems)
        valid &= made is not None
        if made is not None:
            parts.append(made)
    parts.append(text[end:])
    return tuple(part for part in parts if part) if valid else None


def _read_reference(
    node: Scalar, found: re.Match[str], parameters: Mapping[str, Parameter], problems: Problems
) -> Reference | None:
    shift = found.start() if node.plain else 0  # inside quotes, escape sequences shift the columns
    inner = _INNER.fullmatch(found.group(1))
    if inner is None or not found.group(2):
        wrong = "`$(` is not closed" if not found.group(2) else f"{found.group()!r} is not a valid reference"
        hint = "write $(NAME) or $(NAME:FORMAT); a literal $( is written $$("
        problems.add(node, "bad-reference", wrong, hint=hint, shift=shift)
        return None
    name, form = inner.group(1), inner.group(2) or ""
    parameter = parameters.get(name)
    if parameter is None:
        hint = problems.meant(name, parameters)
        known = f"there are {', '.join(parameters)}" if parameters else "the template declares no parameters"
        problems.add(
            node, "unknown-parameter", f"there is no parameter {name!r}", hint=hint or known, shift=shift
        )
        return None
    if form and not _fits(form, parameter.python):
        message = f"{form!r} is not a format for {parameter.noun}"
        problems.add(node, "bad-reference", message, hint="such as $(n:03) or $(x:.1f)", shift=shift)
        return None
    return Reference(name, form)


def _fits(form: str, kind: type) -> bool:
    if kind not in _SAMPLES or not _FORMAT.fullmatch(form):
        return False
    try:
        format(_SAMPLES[kind], form)
    except ValueError:
        return False
    return True


def fill(parts: Parts, values: Mapping[str, Value]) -> str:
    """Return the text of parts with the values in the places of the references."""
    return "".join(
        part if isinstance(part, str) else values[part.name].formatted(part.format) for part in parts
    )
