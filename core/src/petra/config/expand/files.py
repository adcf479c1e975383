"""The files of a document: those that it includes, and the tables of its instances."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import TYPE_CHECKING

from petra.config.expand.budget import MAX_FILES, MAX_NESTING, Budget, ExhaustedError
from petra.config.nodes import Mapping, Node, Scalar, Sequence
from petra.config.origin import Line, Origin, origin_of
from petra.config.parse import MAX_BYTES, decode, parse_document
from petra.config.source import UnreadableError, read_bounded
from petra.config.values import Invalid

if TYPE_CHECKING:
    from pathlib import Path

    from petra.config.structure import Structurer

_WILD = frozenset("*?[")


class Files:
    """Reads the files of one document, each of them once, and all together within the bounds."""

    def __init__(
        self,
        structurer: Structurer,
        budget: Budget,
        main: Path | None,
        folder: Path,
        size: int,
        texts: MappingOf[str, bytes],
    ) -> None:
        self._structurer = structurer
        self._problems = structurer.problems
        self._budget = budget
        self._folder = folder
        self._given = texts
        self._folders: dict[str, Path] = {}
        self._room = MAX_BYTES - size
        self._read = 0
        self._known = set() if main is None else {os.path.realpath(main)}
        self._open = [] if main is None else [os.path.realpath(main)]
        self._texts: dict[str, str | None] = {}
        self.names: list[str] = []
        """The files that are included, in the order in which they are read."""
        self.complete = True
        """Whether every included file could be read."""

    def roots(self, root: Mapping) -> Iterator[Mapping]:
        """Yield the root of every file that a document includes, each after those that it includes itself."""
        entry = root.entries.get("include")
        if entry is None:
            return
        for node in self._patterns(entry.value):
            for path in self._matches(node):
                yield from self._include(path, node)

    def table(self, node: Scalar, name: str) -> tuple[str, Origin] | None:
        """Return the text of a table and its origin; report it and return None if it cannot be read."""
        path = self._base(node) / name
        shown = _printable(str(path))
        if shown not in self._texts:
            origin = Origin(shown)
            data = self._bytes(path, node)
            with self._problems.inside(origin):
                self._texts[shown] = None if data is None else decode(data, self._problems)
        text = self._texts[shown]
        return None if text is None else (text, Origin(shown))

    def _patterns(self, node: Node) -> list[Scalar]:
        items = node.items if isinstance(node, Sequence) else [node]
        if not isinstance(node, Sequence) and isinstance(node, Scalar) and node.is_null:
            return []
        return [item for item in items if self._is_pattern(item) and isinstance(item, Scalar)]

    def _is_pattern(self, node: Node) -> bool:
        if isinstance(node, Scalar) and not node.is_null:
            return True
        hint = "include: [pumps/*.yaml, common.yaml]"
        self._problems.add(node, "wrong-type", f"expected the name of a file, not {node.noun}", hint=hint)
        self.complete = False
        return False

    def _matches(self, node: Scalar) -> list[Path]:
        """Return the files that a pattern names, sorted; a name without `*` must exist."""
        try:
            pattern = self._structurer.values.read_scalar(node, str)
        except Invalid:
            self.complete = False
            return []
        base = self._base(node)
        if not _WILD & set(pattern) or os.path.lexists(base / pattern.replace("\0", "")):
            return [base / pattern]
        if "**" in pattern:
            self._problems.add(
                node, "bad-value", "`**` is not supported", hint="name each folder: pumps/*/*.yaml"
            )
            self.complete = False
            return []
        try:
            found = sorted(glob.glob(pattern, root_dir=base))  # noqa: PTH207 - Path.glob follows no root_dir and sorts differently
        except (OSError, ValueError):
            found = []
        paths = [base / name for name in found if not (base / name).is_dir()]
        where = base / _fixed_part(pattern)
        if not paths and not where.is_dir():
            message = f"no file matches {pattern!r}: {where} is not a folder, or not there"
            self._problems.add(node, "include-unreadable", message)
            self.complete = False
        elif not paths:
            self._problems.warn(node, "include-no-match", f"no file matches {pattern!r} in {base}")
        return [path for path in paths if os.path.realpath(path) not in self._open]

    @property
    def _current(self) -> str:
        """The file that is being read: a pattern such as `*.yaml` beside it does not include it."""
        return self._open[-1] if self._open else ""

    def _include(self, path: Path, node: Scalar) -> Iterator[Mapping]:
        try:
            real = os.path.realpath(path)
        except (OSError, ValueError):
            real = str(path)
        if real in self._open:
            self._refuse_cycle(path, node)
            return
        if real in self._known:
            return
        self._known.add(real)
        root = self._read_file(path, node)
        if root is None:
            return
        if len(self._open) >= MAX_NESTING:
            self._problems.add(node, "too-deep", f"over {MAX_NESTING} files that include each other")
            raise ExhaustedError
        self._open.append(real)
        yield from self.roots(root)
        self._open.pop()
        yield root

    def _read_file(self, path: Path, node: Scalar) -> Mapping | None:
        self._read += 1
        if self._read > MAX_FILES:
            self._problems.add(node, "too-large", f"over {MAX_FILES:,} included files")
            raise ExhaustedError
        data = self._bytes(path, node)
        if data is None:
            self.complete = False
            return None
        shown = _printable(str(path))
        self.names.append(shown)
        self._folders[shown] = path.parent
        origin = Origin(shown)
        before = self._problems.errors
        with self._problems.inside(origin):
            text = decode(data, self._problems)
            root = None if text is None else parse_document(text, self._problems)
        if root is not None:
            set_origin(root, origin)
            self._budget.take_file(root)
        if isinstance(root, Mapping):
            return root
        if root is not None and not (isinstance(root, Scalar) and root.is_null):
            self._problems.add(root, "wrong-type", f"a document is a mapping of sections, not {root.noun}")
        self.complete &= self._problems.errors == before
        return None

    def _bytes(self, path: Path, node: Scalar) -> bytes | None:
        try:
            data = self._given.get(_printable(str(path)))
            if data is None:
                data = read_bounded(path, max(self._room, 0))
        except UnreadableError as error:
            code = "too-large" if error.code == "too-large" else "include-unreadable"
            said = "and the other files are too large together" if code == "too-large" else str(error)
            self._problems.add(node, code, f"the file {path} {said}")
            return None
        self._room -= len(data)
        return data

    def _refuse_cycle(self, path: Path, node: Scalar) -> None:
        message = f"{path} includes this file, directly or through other files"
        if os.path.realpath(path) == self._current:
            message = "this is the file itself"
        self._problems.add(node, "include-cycle", message, hint="leave one of the includes out")
        self.complete = False

    def _base(self, node: Node) -> Path:
        """Return the folder of the file that contains a node."""
        origin = origin_of(node)
        return self._folder if origin is None else self._folders.get(origin.file, self._folder)


def _fixed_part(pattern: str) -> str:
    """Return the folders of a pattern that are named without wildcards."""
    parts = pattern.split("/")[:-1]
    wild = next((i for i, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return "/".join(parts[:wild]) or ("/" if pattern.startswith("/") else ".")


def set_origin(root: Node, origin: Origin) -> None:
    """Give the nodes of an included file their origin; the parser has given them plain numbers."""
    lines: dict[int, Line] = {}
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node.line, Line):
            continue  # through an alias
        line = lines.get(node.line)
        if line is None:
            line = lines[node.line] = Line.of(node.line, origin)
        node.line = line
        if isinstance(node, Mapping):
            for entry in node.entries.values():
                pending += (entry.key, entry.value)
        elif isinstance(node, Sequence):
            pending += node.items


def _printable(name: str) -> str:
    """Return a file name for messages: names of files may contain line breaks."""
    return name if name.isprintable() else repr(name)[1:-1]
