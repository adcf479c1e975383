"""The data folder of a plant: what outlives a run, and the lock that only one run holds."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from petra.errors import PetraError

log = logging.getLogger("petra.engine")

_MOST_LINKS = 40


class RunsAlreadyError(PetraError):
    """The plant runs: a second run would write to the same devices."""


class DataFolder:
    """The folder beside a document, unless the document or the service manager names another one.

    `pumps.yaml` has `pumps.data`. `engine: {data_dir: …}` comes first, then `$STATE_DIRECTORY`, which systemd
    sets for a service with a state directory.
    """

    def __init__(self, document: str | Path, data_dir: str = "") -> None:
        self.document = Path(document)
        given = data_dir or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
        self._is_beside = not given
        beside = self.document.with_name(self.document.stem + ".data")
        self.path = self.document.parent / given if given else beside
        self._held = ExitStack()
        self._locked: set[tuple[int, int]] = set()
        """Device and number of every file that is locked."""

    @property
    def retained(self) -> Path:
        """The file of what blocks keep over a restart."""
        return self.path / "retained.json"

    @property
    def commands(self) -> Path:
        """The file of commands that have ended."""
        return self.path / "commands.jsonl"

    @property
    def audit(self) -> Path:
        """The file of what actors did, and were refused."""
        return self.path / "audit.jsonl"

    def prepare(self) -> bool:
        """Make the folder, and take in what earlier versions have kept beside the document."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.error("nothing can be kept in %s: %s", self.path, error)  # noqa: TRY400 - no bug of ours
            return False
        stem = self.document.stem
        for old, new in (
            (f"{stem}.retain.json", self.retained),
            (f"{stem}.commands.jsonl", self.commands),
            (f"{stem}.commands.jsonl.1", self.path / "commands.jsonl.1"),
        ):
            if not new.exists():
                with suppress(OSError):
                    self.document.with_name(old).replace(new)
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the plant's lock, or raise RunsAlreadyError.

        The lock belongs to the folder: an editor that replaces the document does not loosen it. The document
        itself is locked as well, in case the same file is run by another name, and so is every name that it
        has: the one that was given, and where that one leads to.
        """
        with ExitStack() as held:
            self._held, self._locked = held, set()
            self._lock(self.document, os.O_RDONLY)
            if self.prepare():
                self._lock(self.path / "lock", os.O_RDWR | os.O_CREAT)
            self.follow()
            self._claim()
            yield

    def follow(self) -> None:
        """Lock all names of the document, also where a link leads to that was changed meanwhile."""
        for name in _names(self.document):
            self._lock(_by_path(name), os.O_RDWR | os.O_CREAT)

    def _claim(self) -> None:
        """Note whose folder it is; what another document retains there is put aside until that one runs."""
        if self._is_beside:  # it goes by the document's name, wherever both are moved
            return
        note, mine = self.path / "document", str(self.document.absolute())
        try:
            before = note.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            before = ""
        if before == mine:
            return
        with suppress(OSError):
            if before and self.retained.exists() and os.path.realpath(before) != os.path.realpath(mine):
                message = (
                    "%s was the data folder of %s: what that one retains is not used, and kept as %s. "
                    "Give each document a data_dir of its own; if it is the same one by another name, "
                    "rename that file to retained.json"
                )
                log.error(message, self.path, before, self._aside(before).name)
                self.retained.replace(self._aside(before))
        with suppress(OSError):
            self._aside(mine).replace(self.retained)
        with suppress(OSError):
            note.write_text(f"{mine}\n", encoding="utf-8")

    def _aside(self, document: str) -> Path:
        return self.path / f"retained.{hashlib.sha256(document.encode()).hexdigest()[:16]}.json"

    def _lock(self, path: Path, flags: int) -> None:
        """Lock a file until the run ends; a file system that knows no locks has none."""
        if sys.platform == "win32":
            return
        fcntl = importlib.import_module("fcntl")  # there is none on Windows
        try:
            descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        known = os.fstat(descriptor)
        if (known.st_dev, known.st_ino) in self._locked:  # by another name
            os.close(descriptor)
            return
        self._held.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            by = f" by process {number}" if (number := _process(self.path / "lock")) else ""
            message = (
                f"{self.document} runs already, and would write to the same devices ({path} is locked{by})"
            )
            raise RunsAlreadyError(message) from None
        except OSError:
            return
        self._locked.add((known.st_dev, known.st_ino))
        if flags & os.O_CREAT:
            _note_process(descriptor, path)
            self._held.callback(_forget_process, descriptor)


def _names(document: Path) -> list[Path]:
    """Return the path of a document as it was given, and those that links lead to from there."""
    names = [document.absolute()]
    while names[-1].is_symlink() and len(names) < _MOST_LINKS:
        names.append(names[-1].parent / names[-1].readlink())
    return list(dict.fromkeys([*names, Path(os.path.realpath(document))]))


def _by_path(document: Path) -> Path:
    """Return the lock of a document: it depends neither on the data folder nor on the file itself."""
    if os.access(document.parent, os.W_OK):
        return document.with_name(f".{document.name}.lock")
    name = hashlib.sha256(str(document).encode()).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"petra-{name}.lock"


def _note_process(descriptor: int, path: Path) -> None:
    """Write the number of the process into a lock: `kill` needs it."""
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError as error:  # a full disk keeps no plant from running
        log.warning("the number of this process cannot be written into %s: %s", path, error)


def _forget_process(descriptor: int) -> None:
    """Leave no number that another process may have by the time that somebody sends it a signal."""
    with suppress(OSError):
        os.truncate(descriptor, 0)


def _process(lock: Path) -> str:
    """Return the number of the process that has a lock, as far as it says so."""
    with suppress(OSError, ValueError):
        number = lock.read_text(encoding="ascii").strip()
        return number if number.isdigit() else ""
    return ""
