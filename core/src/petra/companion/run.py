"""A run of a service in a companion process."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from petra.companion.link import connected
from petra.companion.process import is_orphan
from petra.companion.reports import ReportHandler, Reports
from petra.errors import PetraError
from petra.failures import cause_of, error_text
from petra.plugin import Catalog
from petra.plugin.single_file import import_file, module_of
from petra.services.context import ServiceContext
from petra.services.job import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from petra.services import Service
    from petra.services.job import CompanionJob

log = logging.getLogger("petra.companion")

_BEAT = 0.5
_ENDS_WITHIN = 3.0
"""Seconds that a service has for its end when the engine is gone and nobody can kill it any more."""
_BEATS_IN_PATIENCE = 4


def main(descriptor: int) -> int:
    """Run what standard input says, and return the exit code."""
    reports = Reports(descriptor)
    try:
        job, config = load(sys.stdin.buffer)
        if is_orphan(job.parent):
            return 1
        sys.path[:] = job.path
        _log_to(reports, job)
        service = _built(job, config)
        reports.tell("built", patience=service.patience)
        if not job.trial:
            asyncio.run(_serve(job, service, reports))
    except BaseException as error:  # whatever it is, the engine is told of it
        cause = cause_of(error)
        if not isinstance(cause, PetraError | OSError):
            log.error("the service has failed", exc_info=cause)  # noqa: TRY400 - the cause, without its group
        with suppress(OSError):  # the engine may be gone
            reports.tell("failed", text=error_text(cause))
        return 1
    return 0


async def _serve(job: CompanionJob, service: Service, reports: Reports) -> None:
    """Run a service until it fails, or until this process is told to end."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # a system without signals
        loop.add_signal_handler(signal.SIGTERM, ending.set)
    threading.Thread(target=_watch_engine, args=(loop, ending), daemon=True).start()
    beats = asyncio.create_task(_beat(reports, service.patience))
    async with connected(job) as plant:
        context = ServiceContext(job.name, plant, job.data_dir, reports)
        run, told = asyncio.create_task(service.run(context)), asyncio.create_task(ending.wait())
        await asyncio.wait({run, told}, return_when=asyncio.FIRST_COMPLETED)
        for task in (run, told, beats):
            task.cancel()
        ended = (await asyncio.gather(run, told, beats, return_exceptions=True))[0]
    if not ending.is_set():
        raise ended if isinstance(ended, BaseException) else PetraError(error_text(None))


def _watch_engine(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    """End when standard input ends, also a loop that is blocked: the engine is gone, or wants that."""
    with suppress(OSError, RuntimeError):  # the loop has ended first
        while os.read(0, 1):
            pass
        loop.call_soon_threadsafe(ending.set)
    time.sleep(_ENDS_WITHIN)
    os._exit(1)


async def _beat(reports: Reports, patience: float) -> None:
    while True:
        reports.beat()
        await asyncio.sleep(min(_BEAT, patience / _BEATS_IN_PATIENCE))


def _log_to(reports: Reports, job: CompanionJob) -> None:
    root = logging.getLogger()
    root.setLevel(job.level)
    root.addHandler(ReportHandler(reports, job.name))
    logging.captureWarnings(capture=True)


def _built(job: CompanionJob, config: Callable[[], Any]) -> Service:
    """Make the service of the plugin; its module alone is imported, and no other plugin."""
    catalog = Catalog.of(_imported(job))
    offer = catalog.find("section", job.kind)
    if offer is None:
        said = "; ".join([f"the plugin {job.module} does not offer {job.kind!r}", *map(str, catalog.faults)])
        raise PetraError(said)
    service: Service = offer.service.build(config())
    return service


def _imported(job: CompanionJob) -> object:
    """Return the module of the plugin; one of a single file is found by its file only."""
    file = Path(job.file)
    if job.file and job.module == module_of(file):
        return import_file(file)
    return importlib.import_module(job.module)
