"""The service: it watches its signals, and writes a line a second."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from petra.services import Service, ServiceContext
from petra.signals import Quality

from .files import append, as_line, file_of

if TYPE_CHECKING:
    from petra.plant import Snapshot
    from petra.signals import Value

    from .config import CsvConfig


class CsvService(Service):
    """One CSV writer."""

    def __init__(self, config: CsvConfig) -> None:
        self.config = config
        self.patience = 10.0 + 3 * config.every_s

    async def run(self, context: ServiceContext) -> None:
        """Read the signals again and again, and write each time a line."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        path, day, header = None, "", [""]
        while True:
            found = await context.plant.read(self.config.signals)
            now = datetime.now(UTC)
            if path is None or (day, header) != (f"{now:%Y-%m-%d}", ["time", *found.names]):
                day, header = f"{now:%Y-%m-%d}", ["time", *found.names]
                path = await asyncio.to_thread(file_of, context.folder, day, header)
                context.detail(path.name)
            await asyncio.to_thread(append, path, as_line([_time(now), *_cells(found)]))
            context.serving()
            context.progress()
            # the next whole step: what was late is not made up for by lines in a row
            due += self.config.every_s * (1 + max(0.0, loop.time() - due) // self.config.every_s)
            await asyncio.sleep(due - loop.time())


def _cells(found: Snapshot) -> list[str]:
    return [_cell(found[name].value) if found[name].quality is Quality.GOOD else "" for name in found.names]


def _cell(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
