"""The data folder of a plant: what outlives a run, and the lock that only one run holds."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from petra.errors import PetraError
from petra.plant.liveness import lock_patiently
from petra.plant.runtime import RuntimeFolderError, choose_socket, temporary_folder

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

    @property
    def channel(self) -> Path:
        """The socket of the channel, for the plant that is to listen there; others ask the registry.

        It is in the data folder. If its path is too long, or the file system has no sockets, it is in the
        runtime folder of the user, under a name that follows from the path of the data folder.
        """
        return choose_socket(self.path)

    def prepare(self) -> bool:
        """Make the folder, and take in what earlier versions have kept beside the document."""
        if not self._make():
            return False
        self._take_in()
        return True

    def _make(self) -> bool:
        """Make the folder; return whether it can be written to, and say so if not."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError("it is not writable")
        except OSError as error:
            message = (
                "nothing can be kept in %s: %s. The plant runs without retained state, commands and audit; "
                "to keep them, give it a folder that it may write to: engine: {data_dir: ...}"
            )
            log.error(message, self.path, error)  # noqa: TRY400 - no bug of ours
            return False
        return True

    def _take_in(self) -> None:
        stem = self.document.stem
        for old, new in (
            (f"{stem}.retain.json", self.retained),
            (f"{stem}.commands.jsonl", self.commands),
            (f"{stem}.commands.jsonl.1", self.path / "commands.jsonl.1"),
        ):
            _take_over(self.document.with_name(old), new)

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
            usable = self._make()
            self._lock(self.path / "lock", os.O_RDWR | os.O_CREAT)
            self.follow()
            if usable:
                self._claim()
                self._take_in()
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

    def _holds(self, path: Path) -> bool:
        """Return whether a lock is held here already, with the number of this process in it."""
        with suppress(OSError):
            known = path.stat()
            return (known.st_dev, known.st_ino) in self._locked
        return False

    def _lock(self, path: Path, flags: int) -> None:
        """Lock a file until the run ends; a file system that knows no locks has none."""
        if sys.platform == "win32":
            return
        if (descriptor := _opened(path, flags)) is None:
            return
        known = os.fstat(descriptor)
        if (known.st_dev, known.st_ino) in self._locked:  # by another name
            os.close(descriptor)
            return
        self._held.callback(os.close, descriptor)
        try:
            lock_patiently(descriptor)
        except BlockingIOError:
            noted = [path] if self._holds(self.path / "lock") else [path, self.path / "lock"]
            number = next((pid for each in noted if (pid := _process(each))), 0)
            by = f" by process {number}" if number else ""
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
    folder = temporary_folder()
    if not os.access(document.parent, os.W_OK):
        with suppress(RuntimeFolderError):
            folder.make()  # in a folder that others may write to, they could hold the lock
            return folder.path / f"{hashlib.sha256(os.fsencode(document)).hexdigest()[:32]}.lock"
    return document.with_name(f".{document.name}.lock")


def _opened(path: Path, flags: int) -> int | None:
    """Open a lock, only for reading if it may not be written; None if there is none."""
    for each in (flags, os.O_RDONLY):
        with suppress(OSError):
            return os.open(path, each | os.O_CLOEXEC, 0o644)
    return None


def _take_over(old: Path, new: Path) -> None:
    """Move a file of an earlier version into the data folder; from a read-only folder it is copied."""
    if not old.exists():
        return
    if new.exists():
        log.info("%s is not used, because %s is newer; it can be deleted", old, new)
        return
    fresh = new.with_name(f"{new.name}.new")
    try:
        shutil.copyfile(old, fresh)  # the data folder may be on another disk
        fresh.replace(new)
    except OSError as error:
        log.warning("%s cannot be taken over into %s: %s", old, new.parent, error)
        with suppress(OSError):
            fresh.unlink()
        return
    with suppress(OSError):
        old.unlink()


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


def _process(lock: Path) -> int:
    """Return the process that has noted its number in a lock; 0 if none has."""
    with suppress(OSError, ValueError):
        text = lock.read_text(encoding="ascii").strip()[:20]
        return int(text) if text.isdigit() else 0
    return 0
