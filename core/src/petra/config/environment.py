"""External values: `${NAME}`, `${NAME:-default}`, `${file:/run/secrets/x}`.

`$${` is replaced by `${`.
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
class ValueSource:
    """The source of a substituted part: a variable, a file, or the default after `:-`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def secretive(self) -> bool:
        """Whether a value from this source counts as a secret: any file, or by the variable's name."""
        return self.kind == "file" or (self.kind == "env" and bool(_SECRETIVE.search(self.name)))


@frozen
class Substituted:
    """A text with its references replaced, and the source of each."""

    text: str = field(repr=False)
    sources: tuple[ValueSource, ...] = ()
    external: tuple[str, ...] = field(default=(), repr=False)
    """The texts from variables and files; no message may show them."""


class SubstitutionError(Exception):
    """A reference cannot be replaced: the problem code, the reason, and the offset in the text."""

    def __init__(self, code: str, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.offset = offset
        self.hint = hint


@frozen
class Environment:
    """The values for references: variables, and files relative to the folder of the document."""

    variables: Mapping[str, str] = field(factory=lambda: os.environ, repr=False)
    folder: Path = Path()
    _files: dict[str, str] = field(factory=dict, init=False, repr=False, eq=False)

    def substitute(self, text: str) -> Substituted:
        """Return the text with its references replaced."""
        if "${" not in text:
            return Substituted(text)
        sources: list[ValueSource] = []
        parts: list[str] = []
        external: list[str] = []
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
                raise SubstitutionError("too-large", "the text is too long with its references replaced", 0)
            parts.append(value)
            sources.append(source)
            if source.kind != _DEFAULT:
                external.append(value)
        parts.append(text[end:])
        return Substituted("".join(parts), tuple(sources), tuple(external))

    def _look_up(self, reference: re.Match[str]) -> tuple[str, ValueSource]:
        inner, closing = reference.groups()
        if not closing:
            raise SubstitutionError(
                "bad-substitution", "`${` is not closed", reference.start(), "write $${ for a literal ${"
            )
        if inner.startswith("file:"):
            return self._cached_file(inner[5:], reference.start()), ValueSource("file", inner[5:])
        variable = _VARIABLE.fullmatch(inner)
        if variable is None:
            raise SubstitutionError(
                "bad-substitution",
                "`${...}` takes NAME, NAME:-default or file:/path",
                reference.start(),
                "write $${ for a literal ${",
            )
        name, default = variable.groups()
        # as in a shell, `:-` applies the default to an empty variable too
        if value := self.variables.get(name) or "":
            return value, ValueSource("env", name)
        if default is not None:
            return default, ValueSource(_DEFAULT, name)
        if name in self.variables:
            return "", ValueSource("env", name)
        raise SubstitutionError(
            "unset-variable",
            f"the environment variable {name} is not set",
            reference.start(),
            f"set it, or give a default: ${{{name}:-...}}",
        )

    def _cached_file(self, name: str, offset: int) -> str:
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
            raise SubstitutionError("unreadable-secret", f"the file {name} is not a text file", offset)
        # Files of secrets end with a newline that is not part of the secret.
        return text.removesuffix("\n").removesuffix("\r")


def file_references(text: str) -> list[str]:
    """Return the names of the files that a text references."""
    inner = [match.group(1) for match in _REFERENCE.finditer(text) if match.group(1)]
    return [reference.removeprefix("file:") for reference in inner if reference.startswith("file:")]
