"""Paths into a document, as problems name them: `signals[3].unit`, `blocks[pump_start].inputs.in1`."""

from __future__ import annotations

import re

from attrs import frozen

from petra.config.edit.errors import EditError

_KEY = re.compile(r"[^.\[\]\"']+")
_BRACKET = re.compile(r"\[(?:\"([^\"]*)\"|'([^']*)'|([^\[\]]*))\]")


@frozen
class PathStep:
    """One step: a name, which may be the number of an item if it was in brackets without quotes."""

    name: str
    bracket: bool = False
    quoted: bool = False

    @property
    def index(self) -> int | None:
        """The number of an item, or None for a name."""
        return int(self.name) if self.bracket and not self.quoted and _is_number(self.name) else None

    def __str__(self) -> str:
        if self.quoted:
            return f'["{self.name}"]'
        return f"[{self.name}]" if self.bracket else self.name


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def parse_path(path: str) -> tuple[PathStep, ...]:
    """Return the steps of a path; raise EditError if it is not valid."""
    steps: list[PathStep] = []
    at = 0
    while at < len(path):
        if path[at] == "[" and (found := _BRACKET.match(path, at)) is not None:
            quoted = found[1] if found[1] is not None else found[2]
            steps.append(
                PathStep(found[3] if quoted is None else quoted, bracket=True, quoted=quoted is not None)
            )
        else:
            start = at + (path[at] == "." and bool(steps))
            found = _KEY.match(path, start) if start > at or not steps else None
            if found is None:
                break
            steps.append(PathStep(found[0]))
        at = found.end()
    if at < len(path) or not steps or any(not step.name and not step.quoted for step in steps):
        hint = 'write signals[3].unit, blocks[pump].inputs.in1 or a["key.with.dots"]'
        raise EditError(f"{path!r} is not a valid path at character {at + 1}", hint=hint)
    return tuple(steps)


def path_text(steps: tuple[PathStep, ...]) -> str:
    """Return steps as a path."""
    text = ""
    for step in steps:
        text += str(step) if step.bracket or not text else f".{step}"
    return text
