"""A plugin of one file: its service keeps a diary, well or with a defect that its configuration names."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from attrs import field, frozen

from petra import Secret, ServiceKind, SignalUse, about, hookimpl
from petra.errors import PetraError
from petra.services import Service, ServiceContext, ServiceSettings
from petra.settings import Used

PETRA_API = 1


@frozen
class DiaryConfig(ServiceSettings):
    """A diary."""

    signal: str = field(default="level", metadata=about("What it notes"))
    defect: str = field(default="", metadata=about("What is wrong with it"))
    password: Secret = field(default=Secret(""), metadata=about("What nobody may see"))

    def signals_used(self):
        yield Used("signal", self.signal, SignalUse.READS)


class Diary(Service):
    """Notes a signal again and again."""

    def __init__(self, config: DiaryConfig) -> None:
        self.config = config
        if config.defect == "builds a thread":
            threading.Thread(target=threading.Event().wait, daemon=True).start()

    async def run(self, context: ServiceContext) -> None:
        """Serve."""
        defect = self.config.defect
        if defect == "opens a file":
            leaked.append((context.folder / "leak").open("w"))
        if defect == "locks":
            with (context.folder / "lock").open("x"):
                pass
        if defect == "tells its password":
            context.log.info("with %s", self.config.password.reveal())
        if defect != "never serves":
            context.serving()
        if defect == "idles":
            await context.idle()
        try:
            await self._serve(context)
        finally:
            if defect == "ends late" and asyncio.current_task().cancelling():
                await asyncio.sleep(3600)

    async def _serve(self, context: ServiceContext) -> None:
        while True:
            await self._note(context)
            if self.config.defect == "never progresses":
                await asyncio.Event().wait()
            context.progress()
            await asyncio.sleep(0.01)

    async def _note(self, context: ServiceContext) -> None:
        defect = self.config.defect
        if defect == "waits with a smile":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    return await self._write(context)
            return None
        if defect == "gives up quietly":
            try:
                return await self._write(context)
            except PetraError:
                await context.idle()
        if defect == "hides its errors":
            with contextlib.suppress(OSError):
                return await self._write(context)
            return None
        return await self._write(context)

    async def _write(self, context: ServiceContext) -> None:
        found = await context.plant.read(self.config.signal)
        if self.config.defect == "remembers the layout":
            known = vars(self).setdefault("layout", found.layout)
            if known is not found.layout:
                raise PetraError("the signals are others")
        if self.config.defect == "minds what is slow":
            started = asyncio.get_running_loop().time()
            await context.plant.read(self.config.signal)
            if asyncio.get_running_loop().time() - started > 0.09:
                raise PetraError("the plant is slow")
        with (context.folder / "diary").open("a") as file:
            file.write(f"{found[self.config.signal].value}\n")


leaked: list[object] = []


@hookimpl
def petra_services():
    """List the kind."""
    return [ServiceKind("diary", DiaryConfig, Diary)]
