"""A reload: a change from one deployment to another, whole or undone whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petra.drivers.contract.driver import Driver
    from petra.engine.deployment import Deployment
    from petra.engine.host import DriverHost
    from petra.engine.services import ServiceHost

log = logging.getLogger("petra.engine")


class Reload:
    """One reload. Its steps change the hosts of drivers and services and, by `swap`, what is scanned.

    `idle` returns when the scan thread is between two scans, and raises when a scan hangs; `is_over` is true
    once the engine stops.
    """

    def __init__(
        self,
        host: DriverHost,
        services: ServiceHost,
        before: Deployment,
        after: Deployment,
        *,
        swap: Callable[[Deployment], None],
        idle: Callable[[], None],
        is_over: Callable[[], bool],
    ) -> None:
        self._host = host
        self._services = services
        self._before = before
        self._after = after
        self._swap = swap
        self._idle = idle
        self._is_over = is_over
        self._swapping = False

    def run(self) -> bool:
        """Change to the new deployment. Return False when the engine stops first; then nothing was swapped.

        Whatever is raised on the way is raised again, with everything as it was before.
        """
        host, after = self._host, self._after
        layout = after.built.layout
        leaving = host.leaving(after.drivers, layout)
        host.rehearse(after.drivers, leaving, layout)
        self._services.rehearse(after.services)
        self._idle()  # while a scan hangs, sessions stay: they have safe values to write
        try:
            host.give_up(leaving, after.drivers, layout)
            if self._is_over():
                return False
            host.remove(leaving)
            if self._is_over():  # while the drivers ended: what they read is bad, and the stop does the rest
                return False
            self._swapping = True
            self._swap(after)
            if leaving or host.lacks(after.drivers):
                host.add(after.drivers)
            self._services.change(after.services)
        except BaseException:
            self._undo(leaving)
            raise
        return True

    def _undo(self, leaving: Sequence[Driver]) -> None:
        """Go back to the deployment before, whatever fails on the way."""
        log.critical("the reload has failed: the previous configuration is restored")
        host, before = self._host, self._before

        def remove() -> None:
            host.remove([*leaving, *host.leaving(before.drivers, before.built.layout)])

        def swap() -> None:
            if self._swapping:
                self._swap(before)

        def add() -> None:
            host.add(before.drivers)

        def services() -> None:
            self._services.change(before.services)

        for step in (remove, swap, add, services):
            try:
                step()
            except BaseException:  # the other steps lead further back
                log.exception("a step of the restoration has failed")
