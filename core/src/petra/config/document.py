"""One document from file to configuration: read, parse, structure, check, with every problem collected."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from petra.config import nodes
from petra.config.environment import Environment
from petra.config.expand import expand
from petra.config.models import PlantConfig
from petra.config.parse import MAX_BYTES, decode, parse_document
from petra.config.problems import Problem, Problems, Severity
from petra.config.reader import Configuration, Reader
from petra.config.source import UnreadableError, read_bounded, read_stdin
from petra.config.structure import Structurer
from petra.config.values import Invalid
from petra.errors import PetraError
from petra.plugin.groups import OfferGroup

if TYPE_CHECKING:
    from petra.plugin.catalog import Catalog

M = TypeVar("M")

STDIN = "-"


@frozen
class Loaded:
    """The result of loading a document. The configuration is None if any problem is an error."""

    file: str
    configuration: Configuration | None
    problems: tuple[Problem, ...]
    left_out: int = 0
    files: tuple[str, ...] = ()
    """The files that it includes."""
    root: nodes.Node | None = field(default=None, repr=False)
    environment: Environment = field(factory=Environment, repr=False)

    @property
    def errors(self) -> int:
        """The number of errors, including those left out of the list."""
        return sum(p.severity is Severity.ERROR for p in self.problems) + self.left_out

    @property
    def serious(self) -> tuple[Problem, ...]:
        """The errors and warnings, without the notes, which only `petra check` shows."""
        return tuple(p for p in self.problems if p.severity is not Severity.NOTE)

    @property
    def unreadable(self) -> bool:
        """Whether the file itself could not be read."""
        return any(p.code in ("unreadable", "not-a-file") for p in self.problems)


class ConfigurationError(PetraError):
    """A document has errors; `problems` holds all of them."""

    def __init__(self, loaded: Loaded) -> None:
        self.problems = loaded.problems
        super().__init__("\n".join(str(problem) for problem in loaded.problems))


def load(path: str | Path, catalog: Catalog, variables: Mapping[str, str] | None = None) -> Loaded:
    """Read and check the document of a file (`-` for standard input)."""
    name = "<stdin>" if str(path) == STDIN else str(path)
    problems = Problems(name)
    try:
        data = read_stdin(MAX_BYTES) if str(path) == STDIN else read_bounded(path, MAX_BYTES)
    except UnreadableError as error:
        problems.add_at(0, 0, error.code, f"the file {error}")
        return Loaded(name, None, problems.finish())
    folder = Path() if str(path) == STDIN else Path(path).parent
    return _load_text(data, problems, catalog, variables, folder)


def load_bytes(
    data: bytes,
    catalog: Catalog,
    variables: Mapping[str, str] | None = None,
    *,
    name: str = "<text>",
    folder: Path | None = None,
    texts: Mapping[str, bytes] | None = None,
) -> Loaded:
    """Check a document given as bytes; `texts` count instead of the included files of these names."""
    problems = Problems(name)
    if len(data) > MAX_BYTES:
        problems.add_at(0, 0, "too-large", f"the document is larger than {MAX_BYTES // 2**20} MiB")
        return Loaded(name, None, problems.finish())
    return _load_text(data, problems, catalog, variables, folder or Path(), texts)


def load_model(path: str | Path, model: type[M]) -> tuple[M | None, tuple[Problem, ...]]:
    """Read a document that consists of one model, such as the script of a simulator."""
    problems = Problems(str(path))
    made = None
    try:
        text = decode(read_bounded(path, MAX_BYTES), problems)
    except UnreadableError as error:
        problems.add_at(0, 0, error.code, f"the file {error}")
        return None, problems.finish()
    root = parse_document(text, problems) if text is not None else None
    if root is not None:
        try:
            made = Structurer(problems, Environment(os.environ, Path(path).parent)).structure(root, model)
        except Invalid:
            made = None
    elif not problems.errors:  # an empty document: the defaults hold
        made = model()
    return None if problems.errors else made, problems.finish(root)


def configuration(loaded: Loaded) -> Configuration:
    """Return the configuration, or raise ConfigurationError with all its problems."""
    if loaded.configuration is None:
        raise ConfigurationError(loaded)
    return loaded.configuration


def _load_text(
    data: bytes,
    problems: Problems,
    catalog: Catalog,
    variables: Mapping[str, str] | None,
    folder: Path,
    texts: Mapping[str, bytes] | None = None,
) -> Loaded:
    text = decode(data, problems)
    root = parse_document(text, problems) if text is not None else None
    made = None
    files: tuple[str, ...] = ()
    environment = Environment(os.environ if variables is None else variables, folder)
    if isinstance(root, nodes.Mapping):
        structurer = Structurer(problems, environment)
        expanded = expand(
            root,
            structurer,
            main=_existing(problems.file),
            folder=folder,
            size=len(data),
            is_driver=lambda name: _is_driver(catalog, name),
            unread=frozenset(PlantConfig.NOT_READ),
            texts=texts,
        )
        files = expanded.files
        root = expanded.root
        made = Reader(problems, catalog, structurer, complete=expanded.complete).read(root)
    elif root is not None and not (isinstance(root, nodes.Scalar) and root.is_null):
        problems.add(root, "wrong-type", f"a document is a mapping of sections, not {root.noun}")
    elif not problems.errors:
        problems.add_at(1, 1, "empty-document", "the document is empty")
    # Every check reports them: a document may fail only because a plugin is in quarantine.
    for fault in catalog.faults:
        problems.warn_file("plugin-quarantined", str(fault), hint="petra doctor")
    return Loaded(
        problems.file,
        None if problems.errors else made,
        problems.finish(root),
        problems.left_out,
        files,
        root,
        environment,
    )


def _existing(name: str) -> Path | None:
    """Return the file of a document; None for one that is not in a file."""
    try:
        return Path(name) if Path(name).is_file() else None
    except (OSError, ValueError):
        return None


def _is_driver(catalog: Catalog, name: str) -> bool:
    found = catalog.find("section", name)
    return found is not None and found.group is OfferGroup.DRIVER
