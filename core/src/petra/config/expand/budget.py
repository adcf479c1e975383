"""What a document may grow to with its includes and instances written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from petra.config.nodes import Mapping, Node, Sequence
from petra.config.parse import MAX_BYTES, MAX_NODES

if TYPE_CHECKING:
    from petra.config.problems import Problems

MAX_INSTANCES = 20_000
MAX_FILES = 1_000
MAX_NESTING = 64


class ExhaustedError(Exception):
    """A bound is exceeded; the problem is reported already, and nothing more is written out."""


class Budget:
    """The instances, values and characters that may still be written out. One load owns it."""

    def __init__(self, problems: Problems, root: Node) -> None:
        self._problems = problems
        self._instances = MAX_INSTANCES
        self._values = MAX_NODES - weight_of(root)
        self._characters = MAX_BYTES
        self._at = root

    def take_file(self, root: Node) -> None:
        """Count the values of an included file."""
        self._take_values(weight_of(root), root)

    def take_instances(self, number: int, at: Node) -> None:
        """Count instances, before any of them is made."""
        if number > self._instances:
            message = f"{number:,} more instances here: a document has at most {MAX_INSTANCES:,}"
            self._stop(at, "too-many-instances", message)
        self._instances -= number

    def take_body(self, weight: int, at: Node) -> None:
        """Count the values of one instance."""
        self._at = at
        self._take_values(weight, at)

    def take_text(self, characters: int) -> None:
        """Count the characters of a text with its references replaced."""
        self._characters -= characters
        if self._characters < 0:
            message = f"over {MAX_BYTES // 2**20} MiB of text with the parameters replaced"
            self._stop(self._at, "too-large", message)

    def _take_values(self, number: int, at: Node) -> None:
        self._values -= number
        if self._values < 0:
            message = f"over {MAX_NODES:,} values with all files and instances written out"
            self._stop(at, "too-large", message)

    def _stop(self, at: Node, code: str, message: str) -> None:
        self._problems.add(at, code, message)
        raise ExhaustedError


def weight_of(root: Node, known: dict[int, int] | None = None) -> int:
    """Return the number of values in a node, with aliases written out."""
    known = {} if known is None else known
    if (found := known.get(id(root))) is not None:
        return found
    if isinstance(root, Mapping):
        found = 1 + sum(1 + weight_of(entry.value, known) for entry in root.entries.values())
    elif isinstance(root, Sequence):
        found = 1 + sum(weight_of(item, known) for item in root.items)
    else:
        return 1
    known[id(root)] = found
    return found
