"""Problems of a document: a place, a code, a message and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from petra.closest import Names
from petra.config.codes import CODES
from petra.config.nodes import Node, Scalar, paths
from petra.config.origin import Instance, Origin, origin_of
from petra.config.syntax import CURLY, CURLY_HINT

if TYPE_CHECKING:
    from pathlib import Path

MOST_PROBLEMS = 10_000
_COMPARISONS = 10_000  # names compared in full for hints in one check: about one second
_LONGEST_GUESS = 200
_LONGEST = 500  # characters of a message: keys and values may have a million
_NUMBER = re.compile(r"\[\d+\]")
_SHORTEST_HIDDEN = 3  # shorter texts occur in any sentence


class Severity(Enum):
    """An error makes the configuration unusable; a warning is probably a mistake; a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Problem:
    """One problem of a configuration: place, message, and a hint what was probably meant."""

    file: str
    line: int
    column: int
    path: str
    code: str
    severity: Severity
    message: str
    hint: str = ""
    instance: str = ""
    """Of a problem in a template: the instance that has it, and how many others have it too."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        at = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        instance = f", in {self.instance}" if self.instance else ""
        return f"{where}: {self.severity.value}: {at}{self.message}{hint}{instance} [{self.code}]"

    def as_dict(self) -> dict[str, object]:
        """Return the problem as plain data for JSON."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
            **({"instance": self.instance} if self.instance else {}),
        }


@define
class _Noted:
    """A problem as it was reported. Of the instances of a template that all have it, the first is kept."""

    node: Node | None
    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    hint: str
    instance: Instance | None = None
    others: set[int] = field(factory=set)
    """The other instances that have it, by their ids."""

    @property
    def instances(self) -> str:
        """The instance that has it, and how many others."""
        if self.instance is None:
            return ""
        return f"{self.instance}" + (f", and {len(self.others)} more" if self.others else "")


class Problems:
    """The problems of one document. One thread owns it. The list is bounded; the rest is counted."""

    def __init__(self, file: str | Path) -> None:
        self.file = str(file)
        self.left_out = 0
        self._noted: list[_Noted] = []
        self._seen: set[tuple[object, ...]] = set()
        self._in_templates: dict[tuple[str, int, int, str], _Noted] = {}
        self._origin: Origin | None = None
        self._hidden: set[str] = set()
        self._comparisons = _COMPARISONS
        self._errors = 0
        self._repeated: dict[str, tuple[int, int]] = {}
        """For notes reported once for many places: the position of the note and the number of places."""

    @property
    def errors(self) -> int:
        """The number of errors, including those left out of the list."""
        return self._errors

    def add(self, at: Node, code: str, message: str, *, hint: str = "", shift: int = 0) -> None:
        """Report an error at a node; `shift` moves the place by columns into the node."""
        if isinstance(at, Scalar) and at.plain and CURLY.match(at.text):
            hint = CURLY_HINT
        self._note(at, at.line, at.column + shift, code, Severity.ERROR, message, hint)

    def warn(self, at: Node, code: str, message: str, *, hint: str = "") -> None:
        """Report a warning at a node."""
        self._note(at, at.line, at.column, code, Severity.WARNING, message, hint)

    def note(self, at: Node, code: str, message: str, *, hint: str = "", of: str = "") -> None:
        """Report a note at a node; several notes with the same `of` become one, with a count."""
        if of and of in self._repeated:
            number, count = self._repeated[of]
            self._repeated[of] = (number, count + 1)
            return
        before = len(self._noted)
        self._note(at, at.line, at.column, code, Severity.NOTE, message, hint)
        if of and len(self._noted) > before:
            self._repeated[of] = (before, 1)

    def add_at(self, line: int, column: int, code: str, message: str, *, hint: str = "") -> None:
        """Note an error where there is no node: an unreadable file, a mistake in the YAML itself."""
        self._note(None, line, column, code, Severity.ERROR, message, hint)

    @contextmanager
    def inside(self, origin: Origin) -> Iterator[None]:
        """Report problems without a node as those of another file, while it is read."""
        before, self._origin = self._origin, origin
        try:
            yield
        finally:
            self._origin = before

    def warn_file(self, code: str, message: str, *, hint: str = "") -> None:
        """Note something about the document as a whole that stops nothing."""
        self._note(None, 0, 0, code, Severity.WARNING, message, hint)

    def meant(self, name: str, candidates: Names | Iterable[str]) -> str:
        """Return a hint that names the closest candidate, or an empty text.

        Comparing thousands of unknown names would take minutes: beyond a budget, only slips of one character
        are recognized.
        """
        if len(name) > _LONGEST_GUESS or len(self._noted) >= MOST_PROBLEMS:
            return ""
        known = candidates if isinstance(candidates, Names) else Names(candidates)
        self._comparisons -= len(known)
        guess = known.closest(name, in_full=self._comparisons > 0)
        return f"did you mean {guess!r}?" if guess else ""

    def hide(self, text: str) -> None:
        """Hide an external text, such as a secret, in all messages."""
        if len(text) >= _SHORTEST_HIDDEN:
            self._hidden.add(text)

    def finish(self, root: Node | None = None) -> tuple[Problem, ...]:
        """Return the problems in the order of the document, each with its path."""
        wanted = {id(noted.node) for noted in self._noted if noted.node is not None}
        where = paths(root, wanted) if root is not None and wanted else {}
        # The longest first: a secret that contains another one must be replaced as a whole.
        hidden = sorted(self._hidden, key=len, reverse=True)
        often = {number: count for number, count in self._repeated.values() if count > 1}
        problems = [
            Problem(
                noted.file,
                int(noted.line),
                noted.column,
                self._path(noted, where),
                noted.code,
                noted.severity,
                _safe_text(
                    noted.message + (f" ({often[i]} times; this is the first)" if i in often else ""), hidden
                ),
                _safe_text(noted.hint, hidden),
                _safe_text(noted.instances, hidden),
            )
            for i, noted in enumerate(self._noted)
        ]
        return tuple(sorted(problems, key=lambda p: (p.file != self.file, p.file, p.line, p.column)))

    def _path(self, noted: _Noted, where: dict[int, str]) -> str:
        """Return the path of a problem; the numbers of a joined list are not those of the file."""
        path = where.get(id(noted.node), "")
        return path if noted.file == self.file and noted.instance is None else _NUMBER.sub("[]", path)

    def _note(
        self,
        node: Node | None,
        line: int,
        column: int,
        code: str,
        severity: Severity,
        message: str,
        hint: str,
    ) -> None:
        if code not in CODES:
            raise KeyError(f"the problem code {code!r} is not documented in petra.config.codes")
        origin = self._origin if node is None else origin_of(node)
        file = self.file if origin is None else origin.file
        instance = None if origin is None else origin.instance
        # Cut before the comparison: a message may quote a text of a million characters.
        message, hint = message[:_LONGEST], hint[:_LONGEST]
        seen = (file, line, column, code, message, id(instance))
        if seen in self._seen:
            return  # the same part again, through an alias
        if instance is not None:
            first = self._in_templates.get((file, line, column, code))
            if first is not None and first.instance is not instance:
                first.others.add(id(instance))
                return
        self._errors += severity is Severity.ERROR
        if len(self._noted) >= MOST_PROBLEMS:
            self.left_out += 1
            return
        self._seen.add(seen)
        noted = _Noted(node, file, line, column, code, severity, message, hint, instance)
        self._noted.append(noted)
        if instance is not None:
            self._in_templates.setdefault((file, line, column, code), noted)


def _safe_text(text: str, hidden: list[str]) -> str:
    """Return a text without hidden texts, and with control characters escaped for terminals."""
    for secret in hidden:
        text = text.replace(secret, "${...}")
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
