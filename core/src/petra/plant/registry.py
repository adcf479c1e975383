"""Which plants run on this machine: every run enters itself, and whoever looks removes stale entries."""

from __future__ import annotations

import json
import logging
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from petra._version import __version__
from petra.closest import closest
from petra.errors import PetraError
from petra.plant.liveness import is_held, listening, lock, lock_of
from petra.plant.runtime import (
    RuntimeFolder,
    RuntimeFolderError,
    known_folders,
    make_folder,
    owner_of,
    socket_paths,
)

log = logging.getLogger("petra.plant")

_MOST_BYTES = 65_536  # of an entry


class PlantNotRunningError(PetraError, LookupError):
    """No plant runs, or not the one that was asked for."""


class SeveralPlantsError(PetraError, LookupError):
    """More than one plant runs, and it is not clear which one is meant."""


@frozen
class RunningPlant:
    """A plant that runs on this machine."""

    name: str
    """The name of the document without its ending."""
    pid: int
    """The number of its process; 0 if it is not known."""
    document: Path | None
    """The absolute path of the document; None if it is not known."""
    data_folder: Path
    channel: str
    """Where its channel listens: the path of a socket, or what the channel has entered; may be empty."""
    started_at: float = 0.0
    """Seconds since 1970; 0 if it is not known."""
    version: str = ""
    mine: bool = True
    """Whether this user or the system has entered it: what another user says of a plant is not believed."""


@contextmanager
def register(document: str | Path, data_folder: str | Path, channel: str = "") -> Iterator[None]:
    """Enter a plant as running until the block ends. What goes wrong is a warning: the plant runs.

    The entry is locked for as long as the process lives: the kernel releases the lock, also after kill -9.
    """
    absolute = Path(document).absolute()
    plant = RunningPlant(
        name=absolute.stem,
        pid=os.getpid(),
        document=absolute,
        data_folder=Path(data_folder).absolute(),
        channel=channel,
        started_at=time.time(),
        version=__version__,
    )
    entry = None
    try:
        entry = _enter(plant)
    except (OSError, RuntimeFolderError) as error:
        log.warning("petra ps does not list this plant, which runs all the same: %s", error)
    try:
        yield
    finally:
        if entry is not None:
            path, descriptor = entry
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)


def running() -> list[RunningPlant]:
    """Return the plants that run on this machine, as far as this user can see them, the oldest first."""
    found = {}
    for folder in known_folders():
        if not folder.flaw():
            found.update({(plant.pid, plant.document): plant for plant in _entries(folder)})
    return sorted(found.values(), key=lambda plant: (plant.started_at, plant.name))


def find(target: str | Path | None = None, *, data_folder: str | Path | None = None) -> RunningPlant:
    """Return the running plant that is meant, or raise PlantNotRunningError or SeveralPlantsError.

    The target is its document, data folder, channel socket or name; None: the only plant that runs. Who knows
    the data folder of a document says so: a plant that is not entered is found by the lock in that folder.
    """
    plants = running()
    own = [plant for plant in plants if plant.mine]
    if target is None:
        if not own and data_folder is None:
            raise PlantNotRunningError(
                "no plant of this user runs on this machine; start one with `petra run FILE`, "
                "or name the document or the data folder of a plant of another user"
            )
        return _only(own, "several plants run; name one of them")
    matching = _by_path(plants, target) or [plant for plant in own if plant.name == str(target)]
    if matching:
        return _only(matching, f"several plants are called {target}; name the document of one")
    for folder in _possible_folders(Path(target), data_folder):
        if (found := _by_folder(folder, Path(target))) is not None:
            return found
    raise PlantNotRunningError(_not_running(str(target), plants))


def _only(plants: Sequence[RunningPlant], otherwise: str) -> RunningPlant:
    if len(plants) == 1:
        return plants[0]
    listed = "".join(f"\n  {plant.name} (process {plant.pid}): {plant.document}" for plant in plants)
    raise SeveralPlantsError(f"{otherwise}:{listed}")


def _not_running(target: str, plants: Sequence[RunningPlant]) -> str:
    known = {plant.name: plant.name for plant in plants}
    known.update({str(plant.document): str(plant.document) for plant in plants})
    absolute = os.path.abspath(target)  # noqa: PTH100 - a link stays what the user has written
    guess = closest(target, known) or closest(absolute, known)
    if guess:
        return f"no plant {target} runs; did you mean {guess}? `petra ps` lists what runs"
    if Path(target).is_file():
        return f"{target} does not run; start it with `petra run {target}`. `petra ps` lists what runs"
    return f"no plant {target} runs, and there is no such document. `petra ps` lists what runs"


def _by_path(plants: Sequence[RunningPlant], target: str | Path) -> list[RunningPlant]:
    real = os.path.realpath(target)
    return [
        plant
        for plant in plants
        if any(
            path and os.path.realpath(path) == real
            for path in (plant.document, plant.data_folder, plant.channel)
        )
    ]


def _enter(plant: RunningPlant) -> tuple[Path, int]:
    """Write the entry of a plant; it is locked before another process can see it."""
    folder = make_folder()
    name = f"{plant.pid}-{secrets.token_hex(4)}"
    hidden, path = folder / f".{name}", folder / f"{name}.json"
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        if sys.platform != "win32":
            with suppress(OSError):  # a file system without locks: the number of the process decides
                lock(descriptor, exclusive=True)
        text = json.dumps(_to_json(plant)).encode()
        if os.write(descriptor, text) < len(text):
            raise OSError(f"no room for {path}")
        hidden.rename(path)
    except OSError:
        os.close(descriptor)
        with suppress(OSError):
            hidden.unlink()
        raise
    return path, descriptor


def _to_json(plant: RunningPlant) -> dict[str, Any]:
    return {
        "name": plant.name,
        "pid": plant.pid,
        "document": str(plant.document),
        "data_folder": str(plant.data_folder),
        "channel": plant.channel,
        "started_at": plant.started_at,
        "version": plant.version,
    }


def _entries(folder: RuntimeFolder) -> Iterator[RunningPlant]:
    """Yield the plants that are entered in a folder and run; remove entries of those that have ended."""
    try:
        paths = [path for path in folder.path.iterdir() if path.suffix == ".json"]
    except OSError:
        return
    for path in paths:
        plant, runs = _entry(path)
        if plant is not None and runs:
            if folder.is_trusted:
                yield plant
            elif (theirs := _of_another(plant, folder.owner)) is not None:
                yield theirs
        elif not runs and folder.is_mine:
            with suppress(OSError):
                path.unlink()


def _of_another(plant: RunningPlant, owner: int | None) -> RunningPlant | None:
    """Return a plant that another user has entered: only what belongs to that user can be said of it."""
    if owner is None or owner_of(plant.data_folder) != owner:
        return None
    document = plant.document if plant.document and owner_of(plant.document) == owner else None
    return evolve(plant, document=document, mine=False)


def _entry(path: Path) -> tuple[RunningPlant | None, bool]:
    """Return the plant of an entry, if it can be read, and whether the entry is locked."""
    try:
        # a named pipe in the folder must not block, nor a link lead elsewhere
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None, True
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None, True
        plant = _plant(os.read(descriptor, _MOST_BYTES))
        return plant, is_held(descriptor, plant.pid if plant else 0)
    except OSError:
        return None, True
    finally:
        os.close(descriptor)


def _plant(text: bytes) -> RunningPlant | None:
    try:
        raw = json.loads(text)
        return RunningPlant(
            name=str(raw["name"]),
            pid=int(raw["pid"]),
            document=Path(raw["document"]),
            data_folder=Path(raw["data_folder"]),
            channel=str(raw["channel"]),
            started_at=float(raw["started_at"]),
            version=str(raw["version"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _possible_folders(target: Path, data_folder: str | Path | None) -> list[Path]:
    """Return the data folders in which the plant may run that is not entered."""
    if target.is_dir():
        return [target]
    named = [] if data_folder is None else [Path(data_folder)]
    if target.is_socket():
        return [*named, target.parent]
    return [*named, target.with_name(target.stem + ".data")] if target.exists() else named


def _by_folder(folder: Path, target: Path) -> RunningPlant | None:
    """Return the plant that runs in a data folder: its lock is held, or its channel answers."""
    channel, pid = next(((path, pid) for path in socket_paths(folder) if (pid := listening(path))), ("", 0))
    held, noted = lock_of(folder / "lock")
    if not (held or channel):
        return None
    document = target.absolute() if target.is_file() else None
    name = document.stem if document else folder.absolute().name.removesuffix(".data")
    return RunningPlant(name, noted or max(pid, 0), document, folder.absolute(), str(channel))
