"""A plant with a channel and a service, which the thread of a test runs, disturbs and starts again."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from petra.config import configuration, load_bytes
from petra.engine import Engine
from petra.engine.site import Site
from petra.errors import PetraError
from petra.plant.channel.server import ChannelServer
from petra.plant.runtime import choose_socket
from petra.signals import SignalType
from petra.supervise import ActivityState, Backoff
from petra.testing.plant_line import PlantLine
from petra.testing.rig import QUICK

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from petra.config import Configuration
    from petra.engine.difference import Change
    from petra.engine.services import HostedService
    from petra.plant import Actor, Plant, PlantStatus
    from petra.plant.status import ServiceStatus
    from petra.plugin import Catalog
    from petra.signals import Value

_ROUND = 0.01
_LINES = 2_000


class ServiceRig:
    """A running plant whose signals change all the time, with one service that a test looks at.

        with ServiceRig(catalog, tmp_path, {"signals": [{"name": "level"}], "publisher": {}}) as rig:
            rig.until(lambda: rig.is_serving, "it serves")
            rig.kill()

    The data folder is the one that is given: a second rig with the same folder is the plant started again.
    """

    def __init__(
        self,
        catalog: Catalog,
        folder: Path,
        document: Mapping[str, Any],
        service: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Make the plant of a document; `service` is the name of the one to look at, if it has several."""
        self.catalog = catalog
        self.folder = folder
        self.line = PlantLine()
        """Between the service and the plant."""
        self.log: deque[logging.LogRecord] = deque(maxlen=_LINES)
        """What the plant has logged lately."""
        self._variables = dict(variables or {})
        self.engine = Engine(
            self._read(document), catalog, site=Site(name="rig", data_dir=str(folder.absolute()))
        )
        self.engine.services._backoff = lambda: Backoff(first=0.02, longest=QUICK)  # noqa: SLF001 - the rig sets it up
        self.engine.services._plant = self._plant  # noqa: SLF001 - as above
        self.channel = ChannelServer(
            self._plant, self.engine.guard, self.engine.clock, choose_socket(folder.absolute())
        )
        self._service = service
        self._listening = _Listening(self.log)
        self._level = logging.WARNING
        self._number = 0

    def __enter__(self) -> Self:
        root = logging.getLogger()
        root.addHandler(self._listening)
        self._level = root.level
        root.setLevel(logging.INFO)
        self.channel.start()
        self.engine.services.door = self.channel
        self.engine.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.engine.stop()
        self.channel.stop()
        root = logging.getLogger()
        root.removeHandler(self._listening)
        root.setLevel(self._level)

    @property
    def plant(self) -> PlantStatus:
        """The status of the plant."""
        return self.engine.status()

    @property
    def status(self) -> ServiceStatus:
        """The status of the service."""
        services = self.plant.services
        if self._service not in services and len(services) != 1:
            raise PetraError(f"there is no service {self._service!r} among {sorted(services)}")
        return services[self._service] if self._service in services else next(iter(services.values()))

    @property
    def is_serving(self) -> bool:
        """Whether the service says that it works, and lives if it has a process."""
        status = self.status
        return status.health.state is ActivityState.SERVING and (status.pid != 0) is status.process

    def service_folder(self, name: str = "") -> Path:
        """Return the folder of a service in the data folder."""
        return self.folder / "services" / (name or self.status.health.name)

    def reload(self, document: Mapping[str, Any]) -> list[Change]:
        """Change to another document."""
        return self.engine.reload(self._read(document))

    def stir(self) -> None:
        """Give every signal that nothing else writes another value."""
        self._number += 1
        bus, routes = self.engine.bus, self.engine.host.gate.routes
        for each in bus.signals:
            if not (bus.layout.is_computed(bus.layout.index[each.name]) or each.name in routes):
                bus.write(each.name, _value(each.type, self._number))

    def until(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Stir until a condition holds; AssertionError after so many seconds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {seconds:g} s; {self._said()}"
            self.stir()
            time.sleep(_ROUND)

    def kill(self) -> None:
        """End the run that is under way: its process is killed, and one in the loop is broken off."""
        pid = self.status.pid
        if self.status.process:
            if pid:
                with suppress(ProcessLookupError):  # it has ended by itself
                    os.kill(pid, signal.SIGKILL)
            return
        activity = self._hosted.activity
        if activity is not None:
            self.engine.supervisor.loop.call_soon_threadsafe(
                activity.break_off, PetraError("the test has broken it off")
            )

    def freeze(self) -> None:
        """Stop the process of the service without a word to it."""
        if pid := self.status.pid:  # 0 would be this process and all of its group
            os.kill(pid, signal.SIGSTOP)

    def lose_patience(self, seconds: float) -> None:
        """Count this run as hung after so many seconds without progress."""
        activity = self._hosted.activity
        assert activity is not None
        activity.patience = seconds

    @property
    def _hosted(self) -> HostedService:
        return self.engine.services._running[self.status.health.name]  # noqa: SLF001 - as above

    def _plant(self, actor: Actor) -> Plant:
        return self.line.between(self.engine.plant(actor))

    def _read(self, document: Mapping[str, Any]) -> Configuration:
        text = json.dumps({"scan_time_ms": 10, **document})  # YAML contains JSON
        return configuration(load_bytes(text.encode(), self.catalog, self._variables))

    def _said(self) -> str:
        lines = [each.getMessage() for each in self.log if each.levelno >= logging.WARNING]
        return "; ".join([str(dict(self.plant.services)), *lines[-5:]])


class _Listening(logging.Handler):
    def __init__(self, into: deque[logging.LogRecord]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(record)


def _value(kind: SignalType, number: int) -> Value:
    if kind is SignalType.BOOL:
        return number % 2 == 0
    if kind is SignalType.INT:
        return number
    return float(number) if kind is SignalType.FLOAT else str(number)
