"""The runtime folder: where running plants of a user are entered, and sockets that fit nowhere else."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from petra.errors import PetraError

ONLY = "PETRA_RUNTIME_DIR"
"""The variable that names the only runtime folder, for plants that shall not see each other."""
SYSTEM = Path("/run/petra")
"""The folder of plants that the system runs; only root can make it."""

_MOST_BYTES = 107
"""So long may the path of a Unix socket be on Linux, without the zero byte that ends it."""


class RuntimeFolderError(PetraError):
    """No folder can be used that belongs to this user alone."""


@frozen
class RuntimeFolder:
    """A folder that may hold entries of running plants, and the user whom it must belong to."""

    path: Path
    owner: int | None
    """The number of the user; None: any, because only root can have made the folder."""

    @property
    def is_mine(self) -> bool:
        """Whether entries in it may be written and removed."""
        return sys.platform == "win32" or self.owner == os.geteuid() or owner_of(self.path) == os.geteuid()

    @property
    def is_trusted(self) -> bool:
        """Whether this user or the system writes what is in it."""
        return self.is_mine or self.owner in (None, 0)

    def flaw(self) -> str:
        """Return why what is in the folder cannot be trusted, or an empty text."""
        try:
            found = self.path.lstat()
        except OSError as error:
            return str(error)
        if not stat.S_ISDIR(found.st_mode):
            return f"{self.path} is not a folder"
        if sys.platform == "win32":
            return ""
        if self.owner is not None and found.st_uid != self.owner:
            return f"{self.path} belongs to another user"
        if found.st_mode & 0o022:
            return f"others may write to {self.path}"
        return ""

    def make(self) -> None:
        """Make the folder for this user alone, or raise RuntimeFolderError if it cannot be used."""
        mode = 0o755 if self.path == SYSTEM else 0o700
        try:
            self.path.mkdir(mode=mode)
        except FileExistsError:
            pass
        except OSError as error:
            raise RuntimeFolderError(str(error)) from error
        flaw = self.flaw()
        if not flaw and not (self.is_mine and os.access(self.path, os.W_OK | os.X_OK)):
            flaw = f"{self.path} belongs to another user"
        if flaw:
            raise RuntimeFolderError(flaw)


def own_folders() -> list[RuntimeFolder]:
    """Return where plants of this user may be entered, the best place first."""
    temporary = temporary_folder()
    if only := os.environ.get(ONLY):
        return [RuntimeFolder(Path(only), temporary.owner)]
    if sys.platform == "win32":
        return [temporary]
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    session = [RuntimeFolder(Path(given) / "petra", temporary.owner)] if os.path.isabs(given) else []  # noqa: PTH117
    return [*session, RuntimeFolder(SYSTEM, None), temporary]


def known_folders() -> list[RuntimeFolder]:
    """Return where to look for running plants: the places of this user, for root also those of others."""
    found = own_folders()
    if sys.platform != "win32" and os.geteuid() == 0 and not os.environ.get(ONLY):
        found += _of_others()
    return list({each.path: each for each in reversed(found)}.values())[::-1]


def make_folder() -> Path:
    """Return the first runtime folder that this user can write to, made if need be."""
    flaws = []
    for each in own_folders():
        try:
            each.make()
        except RuntimeFolderError as error:
            flaws.append(str(error))
        else:
            return each.path
    raise RuntimeFolderError("; ".join(flaws))


def socket_paths(data_folder: Path) -> list[Path]:
    """Return where the channel of a plant may listen: in its data folder, else in a runtime folder.

    A path that is too long for a socket is left out. The order is that of preference.
    """
    data_folder = Path(os.path.realpath(data_folder))
    name = hashlib.sha256(os.fsencode(data_folder)).hexdigest()[:16]
    paths = [data_folder / "channel.sock", *(each.path / f"{name}.sock" for each in known_folders())]
    return [path for path in paths if len(os.fsencode(path)) <= _MOST_BYTES]


def temporary_folder() -> RuntimeFolder:
    """Return the folder of this user among temporary files: the same one for a service and by hand."""
    owner = 0 if sys.platform == "win32" else os.geteuid()
    return RuntimeFolder(_temporary() / f"petra-{owner}", owner)


def choose_socket(data_folder: Path) -> Path:
    """Return the first path at which a socket of a plant can be made; its folder is there."""
    paths = socket_paths(data_folder)
    beside = data_folder / "channel.sock"
    if paths and paths[0].name == beside.name and _takes_sockets(data_folder):
        return paths[0]
    try:
        folder = make_folder()
    except RuntimeFolderError:
        return beside
    return next((path for path in paths if path.parent == folder), beside)


def _takes_sockets(folder: Path) -> bool:
    """Return whether a socket can be made in a folder: some shared and FAT file systems have none."""
    if sys.platform == "win32":
        return False
    trial = folder / f".s{os.getpid()}"  # no longer than the name it is tried for
    with socket.socket(socket.AF_UNIX) as tried:
        try:
            tried.bind(str(trial))
            trial.unlink()
        except OSError:
            return False
    return True


def _of_others() -> Iterator[RuntimeFolder]:
    for path in Path("/run/user").glob("*/petra"):
        if path.parent.name.isdigit():
            yield RuntimeFolder(path, int(path.parent.name))
    for path in _temporary().glob("petra-*"):
        if (number := path.name.removeprefix("petra-")).isdigit():
            yield RuntimeFolder(path, int(number))


def _temporary() -> Path:
    if sys.platform == "win32":
        return Path(tempfile.gettempdir())
    # gettempdir() writes a file as a trial, and raises FileNotFoundError when the disk is full
    return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - what is made in it is checked


def owner_of(path: Path) -> int:
    """Return the number of the user whom a file belongs to; -1 if there is none."""
    try:
        return path.lstat().st_uid
    except OSError:
        return -1
