"""Replacing a file as a whole, and only if it is still what was read."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from petra.config.source import read_bounded
from petra.errors import PetraError


class FileChangedError(PetraError):
    """Another program has changed a file since it was read."""


def replace_file(path: Path, before: bytes, data: bytes) -> None:
    """Replace a file by a temporary file beside it, which is on the disk before it takes the name.

    Links are followed, and mode and owner stay, as far as this user may set them. Raise FileChangedError if
    the file is not `before` any more.
    """
    path = path.resolve()
    kept = path.stat()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(data)
            new.flush()
            if hasattr(os, "fchown"):
                with suppress(OSError):  # the file of another user: the new one is this user's
                    os.fchown(new.fileno(), kept.st_uid, kept.st_gid)
            made.chmod(stat.S_IMODE(kept.st_mode))  # after the owner: a change of owner clears bits
            os.fsync(new.fileno())
        # As late as can be: no system call replaces a file only if it has a certain content.
        if read_bounded(path, len(before) + 1) != before:
            raise FileChangedError(f"{path} was changed by another program meanwhile: nothing is written")
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Write the new name to the disk, where folders can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
