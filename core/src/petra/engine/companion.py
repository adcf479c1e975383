"""A companion: a service in a process of its own, which is started, heard, watched and ended here."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve

from petra.engine.process_figures import ProcessFigures
from petra.errors import PetraError
from petra.services.context import LOGGER
from petra.services.job import CompanionJob, dump
from petra.services.lines import LineBudget, LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from petra.engine.service_plan import ServicePlan
    from petra.plant.status import ServiceStatus
    from petra.supervise import Activity

_CHUNK = 65_536
_FLOODED = 0.05
"""Seconds for which nothing is read after a chunk with too many lines: the pipe holds up the writer."""
_ENDS_WITHIN = 1.0
"""Seconds from the request to end until it is killed. With the two below: less than the supervisor waits."""
_KILLED_WITHIN = 0.4
_LAST_LINES = 0.4
_PASSED_ON = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"}
    | {"LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR", "PYTHONUTF8", "VIRTUAL_ENV"}
)
"""The variables that a companion gets, with those that begin with LC_: secrets may be in others."""


class CompanionError(PetraError):
    """A companion has failed."""


class CompanionDoor(Protocol):
    """The part of a channel that lets companions in."""

    @property
    def path(self) -> Path:
        """Where it listens."""

    def token_for(self, name: str) -> str:
        """Return what lets one process in as the service of this name, until it is revoked."""

    def revoke(self, name: str) -> None:
        """Let nobody in any more with the token of this name."""


class Companion:
    """The process of a service, one after the other. It belongs to the loop; `shown` is for any thread."""

    def __init__(self, plan: ServicePlan, door: CompanionDoor | None, data_dir: str) -> None:
        self._plan = plan
        self._door = door
        self._data_dir = data_dir
        self._figures: ProcessFigures | None = None
        self._detail = ""

    async def run(self, activity: Activity) -> None:
        """Run the service in a process until it fails; CompanionError says why it did."""
        door = self._door
        if door is None:
            raise CompanionError(
                f"the service {self._plan.name!r} runs in a process of its own, and this plant has no "
                "channel for it: set `process: false` for it, or run the plant with a data folder"
            )
        name = self._plan.name
        job = evolve(self._job(), address=str(door.path), token=door.token_for(name), trial=False)
        try:
            await self._life(_Hearing(activity, self._take, self._say, name), job)
        finally:
            door.revoke(name)

    async def rehearse(self) -> None:
        """Build the service in a process and run nothing; CompanionError says why it cannot be built."""
        hearing = _Hearing(None, self._take, self._say, self._plan.name)
        try:
            await self._life(hearing, self._job())
        except CompanionError as error:
            if not hearing.is_built:
                raise PetraError(f"the service {self._plan.name!r} cannot be built: {error}") from None

    def shown(self, status: ServiceStatus) -> ServiceStatus:
        """Return a status with what is known of the process."""
        figures = self._figures
        if figures is None:
            return evolve(status, detail=self._detail)
        return evolve(
            status,
            pid=figures.pid,
            cpu_s=figures.cpu_s,
            cpu_percent=figures.cpu_percent,
            memory_bytes=figures.memory_bytes,
            detail=self._detail,
        )

    async def _life(self, hearing: _Hearing, job: CompanionJob) -> None:
        """Start a process and hear it until it ends; raise CompanionError, also when it ends well."""
        process = await self._start()
        loop = asyncio.get_running_loop()
        self._figures, self._detail = ProcessFigures(process.pid, loop.time()), ""
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        assert stdin and stdout and stderr  # noqa: PT018, S101 - they are pipes
        readers = [
            asyncio.create_task(_read(stdout, hearing.report)),
            asyncio.create_task(_read(stderr, hearing.line)),
        ]
        waits = [asyncio.create_task(process.wait()), asyncio.create_task(hearing.over.wait()), readers[0]]
        try:
            stdin.write(dump(job, self._plan.config))
            with suppress(OSError):  # it has ended already, and the exit code says why
                await stdin.drain()
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _to_its_end(_leave_nothing(process, hearing, readers, waits))
            self._figures = None
        raise CompanionError(hearing.reason or _ending(process.returncode, hearing.last_line))

    async def _start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        # -P: the folder that it is started in is not looked into for modules
        arguments = (sys.executable, "-P", "-m", "petra.companion", self._plan.name)
        return await asyncio.create_subprocess_exec(
            *arguments, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment(), start_new_session=True
        )

    def _job(self) -> CompanionJob:
        module = self._plan.module
        file = getattr(module, "__file__", None) or ""
        return CompanionJob(
            self._plan.name,
            self._plan.kind,
            str(getattr(module, "__name__", "")),
            file,
            tuple(sys.path),
            self._data_dir,
            logging.getLogger().getEffectiveLevel(),
            os.getpid(),
        )

    def _take(self, cpu_s: float, memory_bytes: int) -> None:
        if self._figures is not None:
            now = asyncio.get_running_loop().time()
            self._figures.take(now, cpu_s, memory_bytes)
            self._figures.look(now)

    def _say(self, text: str) -> None:
        self._detail = text


class _Hearing:
    """Hears one process: its reports, its log lines and what it prints."""

    def __init__(
        self,
        activity: Activity | None,
        figures: Callable[[float, int], None],
        say: Callable[[str], None],
        name: str,
    ) -> None:
        self.is_built = False
        self.reason = ""
        """Why it has failed, as the process itself says."""
        self.last_line = ""
        self.over = asyncio.Event()
        """Set when the process has said that it ends."""
        self._activity = activity
        self._figures = figures
        self._say = say
        self._log = logging.getLogger(f"{LOGGER}.{name}")
        self._budget = LineBudget(asyncio.get_running_loop().time)

    def report(self, line: bytes) -> bool:
        """Take a report; return whether it was too much."""
        try:
            told = json.loads(line)
            return self._told(told["is"], told)
        except (ValueError, KeyError, TypeError, AttributeError):  # a library may write to any descriptor
            return self.line(line)

    def line(self, line: bytes) -> bool:
        """Take a line that it has printed; return whether it was too much."""
        text = line.decode("utf-8", "replace").rstrip()
        self.last_line = text or self.last_line
        return bool(text) and self._put(logging.INFO, text)

    def warn(self, text: str) -> None:
        """Log what is wrong with the process."""
        self._log.warning("%s", text)

    def _told(self, what: str, told: dict[str, Any]) -> bool:
        activity = self._activity
        if what == "log":
            return self._put(int(told["level"]), str(told["text"]))
        if what == "built":
            self.is_built = True
            if activity is not None:
                activity.patience = float(told["patience"])
                activity.progress()
        elif what == "serving" and activity is not None:
            activity.serving()
        elif what == "beat":
            self._figures(float(told["cpu_s"]), int(told["memory_bytes"]))
            if activity is not None and told["progress"]:
                activity.progress()
        elif what == "detail":
            self._say(str(told["text"])[:200])
        elif what == "failed":
            self.reason = str(told["text"])[:1_000]
            self.over.set()
        return False

    def _put(self, level: int, text: str) -> bool:
        if not self._budget.take():
            return True
        if count := self._budget.left_out():
            self._log.warning("%d of its lines were left out: too many at once", count)
        self._log.log(level, "%s", text)
        return False


async def _read(stream: asyncio.StreamReader, take: Callable[[bytes], bool]) -> None:
    """Hand on all lines until the end; after too many of them, the writer has to wait."""
    lines = LineSplitter()
    while data := await stream.read(_CHUNK):
        if sum([take(line) for line in lines.feed(data)]):
            await asyncio.sleep(_FLOODED)
    for line in lines.end():
        take(line)


async def _to_its_end(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that takes a bounded time; being cancelled meanwhile counts when it has ended."""
    task = asyncio.ensure_future(coroutine)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


async def _leave_nothing(
    process: asyncio.subprocess.Process,
    hearing: _Hearing,
    readers: list[asyncio.Task[None]],
    waits: list[asyncio.Task[Any]],
) -> None:
    """End a process, hear what it has said last, and close all that is open for it."""
    await _end(process, hearing)
    await asyncio.wait(readers, timeout=_LAST_LINES)
    for task in (*readers, *waits):
        task.cancel()
    await asyncio.gather(*readers, *waits, return_exceptions=True)
    _close(process)


async def _end(process: asyncio.subprocess.Process, hearing: _Hearing) -> None:
    """End a process and all that it has started: it is asked first, and killed then."""
    if process.returncode is None:
        _ask_to_end(process)
        await _ended(process, _ENDS_WITHIN)
        if process.returncode is None:
            hearing.warn(f"it does not end within {_ENDS_WITHIN:g} s when it is asked to: it is killed")
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await _ended(process, _KILLED_WITHIN)


def _close(process: asyncio.subprocess.Process) -> None:
    """Close the pipes: what the process has started may have left its session, and hold their other ends."""
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio offers no other way


async def _ended(process: asyncio.subprocess.Process, within: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await process.wait()


def _ask_to_end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if hasattr(os, "killpg"):  # elsewhere a signal would not ask
        _signal_group(process, signal.SIGTERM)


def _signal_group(process: asyncio.subprocess.Process, number: int) -> None:
    """Send a signal to a process and all of its session; it may be gone, and what it has started not."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _ending(code: int | None, last_line: str) -> str:
    said = f": {last_line[:300]}" if last_line and code else ""
    if code is None:
        return f"its process does not end{said}"
    if code < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process has ended with exit code {code}{said}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
