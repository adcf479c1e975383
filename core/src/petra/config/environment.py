"""Values from outside the document: `${NAME}`, `${NAME:-default}`, `${file:/run/secrets/x}`.

`$${` is a plain `${`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from petra.config.source import UnreadableError, read_bounded

MAX_FILE_BYTES = 64 * 2**10
MAX_TEXT = 2**20

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_DEFAULT = "default of"
_SECRETIVE = re.compile(r"pass|secret|token|key|cred|auth|(?:^|_)(?:pw|pwd|pin)(?:$|_|[0-9])", re.IGNORECASE)


@frozen
class Source:
    """Where a substituted part came from: a variable, a file or the default written behind `:-`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def secretive(self) -> bool:
        """Whether what came from here should be taken for a secret wherever it turns up."""
        return self.kind == "file" or (self.kind == "env" and bool(_SECRETIVE.search(self.name)))


@frozen
class Substituted:
    """A text with its references replaced, and where each came from."""

    text: str = field(repr=False)
    sources: tuple[Source, ...] = ()
    foreign: tuple[str, ...] = field(default=(), repr=False)
    """What came from variables and files: no message may show it."""


class SubstitutionError(Exception):
    """A reference cannot be replaced: which problem code, why, and how far into the text."""

    def __init__(self, code: str, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset
        self.hint = hint


@frozen
class Environment:
    """What references are replaced by: variables, and files relative to the document's folder."""

    variables: Mapping[str, str] = field(factory=lambda: os.environ, repr=False)
    folder: Path = Path()
    _files: dict[str, str] = field(factory=dict, init=False, repr=False, eq=False)

    def substitute(self, text: str) -> Substituted:
        """Return the text with its references replaced."""
        if "${" not in text:
            return Substituted(text)
        sources: list[Source] = []
        parts: list[str] = []
        foreign: list[str] = []
        end = length = 0
        for reference in _REFERENCE.finditer(text):
            parts.append(text[end : reference.start()])
            end = reference.end()
            if reference.group(1) is None:
                parts.append("${")
                continue
            value, source = self._look_up(reference)
            length += len(value)
            if length > MAX_TEXT:
                raise SubstitutionError("too-large", "with its references replaced, it is too long", 0)
            parts.append(value)
            sources.append(source)
            if source.kind != _DEFAULT:
                foreign.append(value)
        parts.append(text[end:])
        return Substituted("".join(parts), tuple(sources), tuple(foreign))

    def _look_up(self, reference: re.Match[str]) -> tuple[str, Source]:
        inner, closing = reference.groups()
        if not closing:
            raise SubstitutionError(
                "bad-substitution", "`${` is not closed", reference.start(), "write $${ for a plain ${"
            )
        if inner.startswith("file:"):
            return self._read(inner[5:], reference.start()), Source("file", inner[5:])
        variable = _VARIABLE.fullmatch(inner)
        if variable is None:
            raise SubstitutionError(
                "bad-substitution",
                "`${...}` takes NAME, NAME:-default or file:/path",
                reference.start(),
                "write $${ for a plain ${",
            )
        name, default = variable.groups()
        # an empty variable counts as unset where there is a default, as in every shell
        if value := self.variables.get(name) or "":
            return value, Source("env", name)
        if default is not None:
            return default, Source(_DEFAULT, name)
        if name in self.variables:
            return "", Source("env", name)
        raise SubstitutionError(
            "unset-variable",
            f"the environment variable {name} is not set",
            reference.start(),
            f"set it, or give a default: ${{{name}:-...}}",
        )

    def _read(self, name: str, offset: int) -> str:
        if name not in self._files:
            self._files[name] = self._read_file(name, offset)
        return self._files[name]

    def _read_file(self, name: str, offset: int) -> str:
        try:
            text = read_bounded(self.folder / name, MAX_FILE_BYTES).decode("utf-8")
        except UnreadableError as error:
            raise SubstitutionError("unreadable-secret", f"the file {name} {error}", offset) from None
        except UnicodeDecodeError:
            raise SubstitutionError("unreadable-secret", f"the file {name} is not UTF-8", offset) from None
        if "\0" in text:
            raise SubstitutionError("unreadable-secret", f"the file {name} is not a text", offset)
        return text.removesuffix("\n").removesuffix("\r")


def file_references(text: str) -> list[str]:
    """Return the names of the files that a text refers to."""
    inner = [match.group(1) for match in _REFERENCE.finditer(text) if match.group(1)]
    return [reference.removeprefix("file:") for reference in inner if reference.startswith("file:")]
