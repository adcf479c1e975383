"""The data folder of a plant: what outlives a run, and the lock that only one run holds."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from petra.errors import PetraError

log = logging.getLogger("petra.engine")


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
        beside = self.document.with_name(self.document.stem + ".data")
        self.path = self.document.parent / given if given else beside

    @property
    def retained(self) -> Path:
        """The file of what blocks keep over a restart."""
        return self.path / "retained.json"

    @property
    def commands(self) -> Path:
        """The file of commands that have ended."""
        return self.path / "commands.jsonl"

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
        itself is locked as well, for whoever runs the same file by another name.
        """
        locks = [Path(self.document)]
        if self.prepare():
            locks.append(self.path / "lock")
        held = [descriptor for path in locks if (descriptor := self._lock(path)) is not None]
        try:
            yield
        finally:
            for descriptor in held:
                os.close(descriptor)

    def _lock(self, path: Path) -> int | None:
        """Lock a file, and return what holds the lock; None on a file system that knows no locks."""
        if sys.platform == "win32":
            return None
        fcntl = importlib.import_module("fcntl")  # there is none on Windows
        flags = os.O_RDONLY if path == self.document else os.O_RDWR | os.O_CREAT
        try:
            descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                said = f"{self.document} runs already, and would write to the same devices"
                raise RunsAlreadyError(said) from None
            return None
        return descriptor
