"""What a service works with: its plant, its folder, and how it tells that it is well."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from petra.errors import PetraError

if TYPE_CHECKING:
    from petra.plant import Plant

LOGGER = "petra.service"
"""Before the name of a service: the logger of its lines."""
_BEAT = 1.0


class Watcher(Protocol):
    """Who watches a run of a service."""

    def serving(self) -> None:
        """Take that it works now."""

    def progress(self) -> None:
        """Take that it has made progress."""

    def detail(self, text: str) -> None:
        """Take what it says of itself."""


class ServiceContext:
    """A run of a service, in the loop of the caller."""

    def __init__(self, name: str, plant: Plant, data_dir: str, watcher: Watcher) -> None:
        self.name = name
        """The name of the service, unique in its plant."""
        self.plant = plant
        """The plant as the service sees it; `plant.acting(actor)` for the users that it has identified."""
        self.log = logging.getLogger(f"{LOGGER}.{name}")
        """Lines of the plant's log, wherever the service runs."""
        self._data_dir = data_dir
        self._watcher = watcher

    @property
    def folder(self) -> Path:
        """The folder of this service in the data folder of the plant; it is made when it is asked for."""
        if not self._data_dir:
            raise PetraError(f"the service {self.name!r} has no folder: the plant runs without a data folder")
        folder = Path(self._data_dir, "services", self.name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def serving(self) -> None:
        """Report that it works now."""
        self._watcher.serving()

    def progress(self) -> None:
        """Report progress; without this for `patience` seconds the service counts as hung."""
        self._watcher.progress()

    def detail(self, text: str) -> None:
        """Tell people in a few words what it does, such as where it listens; the status shows it."""
        self._watcher.detail(text)

    async def idle(self) -> NoReturn:
        """Wait until the service is ended, and report progress as long as the loop moves.

        For a service that acts only when others ask it to.
        """
        while True:
            self.progress()
            await asyncio.sleep(_BEAT)
